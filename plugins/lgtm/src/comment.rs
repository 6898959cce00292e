//! What a comment leads to. Behaviour: Prow pkg/plugins/lgtm/lgtm.go, `handleGenericComment`.
//!
//! Decided otherwise than there: our own comments are passed over. What they quote or list (the commands of jobs, say) was
//! written by others, and would otherwise be a review by whoever wrote it.

use kit::prow::settings::LgtmSettings;
use kit::{CommentAction, CommentEvent, CommentId, IssueState};

use crate::commands;
use crate::decide::Request;
use crate::known::{Known, Question};
use crate::messages;
use crate::plan::{Effect, Plan};

/// A comment.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What was said.
    pub comment: &'a CommentEvent,
    /// GitHub's name of the event; numbers of comments mean something else in each.
    pub event: &'a str,
    /// For this repository.
    pub settings: &'a LgtmSettings,
}

/// Decides; an error is the question that the decision still hangs on.
pub fn decide<'a>(said: &Said<'a>, known: &'a Known) -> Result<Plan, Question> {
    let comment = said.comment;
    if let Some(id) = edited_record(said) {
        return void(id, &comment.author.login, known);
    }
    if comment.action != CommentAction::Created || !comment.is_pr || comment.issue_state != IssueState::Open {
        return Ok(Plan::nothing("not a new comment on an open pull request"));
    }
    let Some(ask) = commands::parse(&comment.body) else {
        return Ok(Plan::nothing("no /lgtm or /lgtm cancel"));
    };
    if comment.author.login == known.bot_login()? {
        return Ok(Plan::nothing("our own comment"));
    }
    let request = Request {
        ask,
        by: &comment.author.login,
        author: &comment.issue_author.login,
        assignees: &comment.assignees,
        body: &comment.body,
        html_url: &comment.html_url,
        pull_request: None,
        settings: said.settings,
    };
    request.decide(known)
}

/// A comment in the form of a record, written anew. Prow sees by a comment's dates that it was edited; a listing does
/// not tell us, so it is made worthless when it happens.
fn edited_record(said: &Said<'_>) -> Option<CommentId> {
    let comment = said.comment;
    let is_edit = said.event == "issue_comment" && comment.action == CommentAction::Edited && comment.is_pr;
    comment.comment_id.filter(|_| is_edit && messages::recorded(&comment.body).is_some())
}

fn void(id: CommentId, author: &str, known: &Known) -> Result<Plan, Question> {
    if author != known.bot_login()? {
        return Ok(Plan::nothing("not our record"));
    }
    Ok(Plan::of(Effect::Void(id), "a record was edited, and counts no more"))
}
