//! What a review leads to. Behaviour: Prow pkg/plugins/lgtm/lgtm.go, `handlePullRequestReview`.

use kit::prow::settings::LgtmSettings;
use kit::{ActorKind, ReviewEvent, ReviewState};

use crate::commands::{self, Ask};
use crate::decide::Request;
use crate::known::{Known, Question};
use crate::plan::Plan;

/// A review.
#[derive(Debug, Clone, Copy)]
pub struct Reviewed<'a> {
    /// GitHub's action.
    pub action: &'a str,
    /// What the review says.
    pub event: &'a ReviewEvent,
    /// For this repository.
    pub settings: &'a LgtmSettings,
}

/// Decides; an error is the question that the decision still hangs on. A review that was dismissed leaves the label.
pub fn decide<'a>(reviewed: &Reviewed<'a>, known: &'a Known) -> Result<Plan, Question> {
    let Reviewed { action, event, settings } = *reviewed;
    if !settings.review_acts_as_lgtm {
        return Ok(Plan::nothing("reviews are not lgtm here"));
    }
    if action != "submitted" {
        return Ok(Plan::nothing("not a new review"));
    }
    let Some(ask) = asks(event.state) else {
        return Ok(Plan::nothing("a review that neither approves nor requests changes"));
    };
    if is_automation(event.review.author.kind) {
        return Ok(Plan::nothing("an app or a bot is no reviewer"));
    }
    // It comes as a comment, too.
    if commands::parse(&event.review.body).is_some() {
        return Ok(Plan::nothing("the review's text has a command"));
    }
    if event.review.author.login == known.bot_login()? {
        return Ok(Plan::nothing("our own review"));
    }
    let request = Request {
        ask,
        by: &event.review.author.login,
        author: &event.pull_request.author.login,
        assignees: &event.pull_request.assignees,
        body: &event.review.body,
        html_url: &event.review.html_url,
        pull_request: Some(&event.pull_request),
        settings,
    };
    request.decide(known)
}

fn asks(state: ReviewState) -> Option<Ask> {
    match state {
        ReviewState::Approved => Some(Ask::Add),
        ReviewState::ChangesRequested => Some(Ask::Remove),
        ReviewState::Commented | ReviewState::Dismissed | ReviewState::Pending | ReviewState::Other => None,
    }
}

/// By what the account is, and not by what it is called: anyone may end a name in `bot`. GitHub's type `Bot` is two
/// kinds here.
fn is_automation(kind: ActorKind) -> bool {
    match kind {
        ActorKind::App | ActorKind::Bot => true,
        ActorKind::User | ActorKind::Organization | ActorKind::Other => false,
    }
}
