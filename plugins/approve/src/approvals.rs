//! Who has approved, by what they wrote and what their reviews say. Behaviour: Prow pkg/plugins/approve/approve.go,
//! `addApprovers`.
//!
//! Decided otherwise than there: what automations write does not count. Prow leaves out only those that have also left
//! a review.

use std::collections::BTreeMap;

use kit::github_pull_requests_read::Review;
use kit::prow::settings::ApproveSettings;
use kit::{PullRequest, ReviewState, Text};

use crate::commands::{ApproveCommand, commands};
use crate::gate::is_automation;

/// How somebody approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// With `/approve` or an approving review.
    Approve,
    /// With `/lgtm`.
    Lgtm,
    /// By being the author.
    Author,
}

/// The approval of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// As GitHub spells it.
    pub login: String,
    /// Where it was said.
    pub reference: String,
    /// How.
    pub means: Means,
    /// Also without the issue that the repository requires.
    pub no_issue: bool,
}

/// What was said on a pull request, each list in GitHub's order.
#[derive(Debug, Clone, Default)]
pub struct Thread {
    /// Below the description.
    pub comments: Vec<Text>,
    /// On lines of the change.
    pub review_comments: Vec<Text>,
    /// Reviews with their summaries.
    pub reviews: Vec<Review>,
}

/// Approvals by login in lower case, for logins have no case.
pub type Approvals = BTreeMap<String, Approval>;

/// Everybody whose last word is an approval, whether or not anybody listens to them. `bot` is who we are.
pub fn approvals(thread: &Thread, pr: &PullRequest, bot: &str, settings: &ApproveSettings) -> Approvals {
    let mut approvals = Approvals::new();
    if !settings.require_self_approval {
        add(&mut approvals, &pr.author.login, &format!("{}#", pr.html_url), Means::Author, false);
    }
    for (text, state) in said(thread) {
        let login = &text.author.login;
        if login == bot || is_automation(&text.author) {
            continue;
        }
        match state {
            Some(ReviewState::Approved) if !settings.ignore_review_state => {
                add(&mut approvals, login, &text.html_url, Means::Approve, false);
            }
            Some(ReviewState::ChangesRequested) if !settings.ignore_review_state => remove(&mut approvals, login),
            _ => {}
        }
        // After the review that they stand in: a command is the more deliberate word.
        for command in commands(&text.body, settings.lgtm_acts_as_approve) {
            match command {
                ApproveCommand::Cancel => remove(&mut approvals, login),
                ApproveCommand::Approve { lgtm, no_issue } => {
                    let means = if lgtm { Means::Lgtm } else { Means::Approve };
                    add(&mut approvals, login, &text.html_url, means, no_issue);
                }
            }
        }
    }
    approvals
}

/// All texts in the order of their times; of one moment, comments on lines come first and reviews last.
fn said(thread: &Thread) -> Vec<(&Text, Option<ReviewState>)> {
    let comments = thread.review_comments.iter().chain(&thread.comments).map(|text| (text, None));
    let reviews = thread.reviews.iter().map(|review| (&review.text, Some(review.state)));
    let mut said: Vec<_> = comments.chain(reviews).collect();
    said.sort_by_key(|(text, _)| text.created_at);
    said
}

/// The latest approval is the one that is shown; but who has once waived the issue does not take that back by approving
/// again.
fn add(approvals: &mut Approvals, login: &str, reference: &str, means: Means, no_issue: bool) {
    let key = login.to_lowercase();
    if approvals.get(&key).is_some_and(|earlier| earlier.no_issue && !no_issue) {
        return;
    }
    let approval = Approval { login: login.to_owned(), reference: reference.to_owned(), means, no_issue };
    approvals.insert(key, approval);
}

fn remove(approvals: &mut Approvals, login: &str) {
    approvals.remove(&login.to_lowercase());
}
