//! What a comment leads to. Behaviour: Prow pkg/plugins/lgtm/lgtm.go, `handleGenericComment`.
//!
//! Nobody's comments are passed over, not even our own: an account that serves as the bot may also be a reviewer's.

use kit::prow::settings::LgtmSettings;
use kit::{CommentAction, CommentEvent, IssueState};

use crate::commands;
use crate::decide::Request;
use crate::known::{Known, Question};
use crate::plan::Plan;

/// A comment.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// What was said.
    pub comment: &'a CommentEvent,
    /// For this repository.
    pub settings: &'a LgtmSettings,
}

/// Decides; an error is the question that the decision still hangs on.
pub fn decide<'a>(said: &Said<'a>, known: &'a Known) -> Result<Plan, Question> {
    let comment = said.comment;
    if comment.action != CommentAction::Created || !comment.is_pr || comment.issue_state != IssueState::Open {
        return Ok(Plan::nothing("not a new comment on an open pull request"));
    }
    let Some(ask) = commands::parse(&comment.body) else {
        return Ok(Plan::nothing("no /lgtm or /lgtm cancel"));
    };
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
