//! Reviews of a pull request.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::pulls::found;
use crate::api::review_comments::{Draft, placed};
use crate::call::Call;
use crate::event::Event;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;
use crate::world::{Review, ReviewComment, ReviewState, World, now};

#[derive(Deserialize)]
struct NewReview {
    body: Option<String>,
    event: Option<Verdict>,
    commit_id: Option<String>,
    #[serde(default)]
    comments: Vec<Draft>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Verdict {
    Approve,
    RequestChanges,
    Comment,
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, pull) = found(world, call)?;
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        Ok(page_of(call, hub.base(), pull.reviews.iter().collect(), |review| view.review(repo, issue, review)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewReview = call.json()?;
    let body = new.body.unwrap_or_default();
    let verdict = new
        .event
        .ok_or_else(|| Refusal::custom("PullRequestReview", "event is needed: pending reviews are not kept here"))?;
    let (state, word) = match verdict {
        Verdict::Approve => (ReviewState::Approved, "approved"),
        Verdict::RequestChanges => (ReviewState::ChangesRequested, "changes_requested"),
        Verdict::Comment => (ReviewState::Commented, "commented"),
    };
    // Comments on lines say enough by themselves.
    if body.trim().is_empty() && state != ReviewState::Approved && new.comments.is_empty() {
        return Err(Refusal::custom("PullRequestReview", "Body cannot be blank"));
    }
    let (repo, number) = (call.repo_key(), call.number("pull_number")?);
    let facts = hub.facts_of(&repo, number)?;
    let comments = new.comments.into_iter().map(|draft| placed(draft, facts.as_deref()));
    let comments = comments.collect::<Result<Vec<ReviewComment>, _>>()?;
    hub.change(|world| {
        let author = call.login(world)?;
        let (issue, pull) = found(world, call)?;
        if state != ReviewState::Commented && issue.author.eq_ignore_ascii_case(&author) {
            let what = if state == ReviewState::Approved { "approve" } else { "request changes on" };
            return Err(Refusal::unprocessable(&format!("Can not {what} your own pull request")));
        }
        let commit_id = new.commit_id.unwrap_or_else(|| pull.head_sha.clone());
        let review =
            Review { id: world.next_id(), author: author.clone(), body, state, commit_id, submitted_at: now() };
        let comments = signed(world, comments, &review);
        let pull = world.issue_mut(&repo, number).and_then(|issue| issue.pull.as_mut());
        let pull = pull.ok_or_else(Refusal::not_found)?;
        pull.reviews.push(review.clone());
        pull.review_comments.extend(comments.iter().cloned());
        // Who has reviewed is asked no longer.
        pull.requested_reviewers.retain(|login| !login.eq_ignore_ascii_case(&author));
        let view = View { world, base: hub.base() };
        let (issue, pull) = found(world, call)?;
        let found_repo = call.repo(world)?;
        let shown = view.review(found_repo, issue, &review);
        // The event spells the verdict in small letters, the API in capitals.
        let mut told = shown.clone();
        told["state"] = json!(word);
        let payload = json!({
            "action": "submitted", "review": told, "pull_request": view.pull(found_repo, issue, pull),
        });
        hub.emit(world, Event { name: "pull_request_review", repo: Some(&repo), org: None, sender: &author, payload });
        for comment in &comments {
            let comment = view.review_comment(found_repo, issue, comment);
            let pull = view.pull(found_repo, issue, pull);
            let payload = json!({ "action": "created", "comment": comment, "pull_request": pull });
            let name = "pull_request_review_comment";
            hub.emit(world, Event { name, repo: Some(&repo), org: None, sender: &author, payload });
        }
        Ok(Answer::ok(&shown))
    })
}

/// The comments with ids, as part of the review.
fn signed(world: &mut World, comments: Vec<ReviewComment>, review: &Review) -> Vec<ReviewComment> {
    let sign = |comment| ReviewComment {
        id: world.next_id(),
        review: review.id,
        author: review.author.clone(),
        commit_id: review.commit_id.clone(),
        ..comment
    };
    comments.into_iter().map(sign).collect()
}
