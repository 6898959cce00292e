//! The generic comment event: one shape for every text that a person can write a command into.

use crate::actor::Actor;
use crate::event::{Event, EventBody};
use crate::issue::{Issue, IssueState};
use crate::pull_request::PullRequest;
use crate::repository::Repo;

/// What happened to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommentAction {
    /// Written: `created`, `opened`, `submitted`.
    Created,
    /// Written anew: `edited`.
    Edited,
    /// Gone: `deleted`, `dismissed`.
    Deleted,
}

/// A text on an issue or pull request, wherever it was written.
///
/// Behaviour: Prow pkg/hook/events.go. `author` wrote the text and need not be the event's sender. Labels, draft and
/// branches are not carried; who needs them fetches the pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct GenericComment {
    /// What happened.
    pub action: CommentAction,
    /// GitHub's id of the issue or pull request; 0 for reviews and their comments, as Prow has it.
    pub id: u64,
    /// GraphQL's id: of the issue or pull request, but of the review or review comment where one was written.
    pub node_id: String,
    /// The comment's id; `None` for descriptions and for the summaries of reviews.
    pub comment_id: Option<u64>,
    /// On a pull request.
    pub is_pr: bool,
    /// The text; empty where there is none.
    pub body: String,
    /// Where to read it.
    pub html_url: String,
    /// The number of the issue or pull request.
    pub number: u64,
    /// Where it belongs.
    pub repo: Repo,
    /// Who wrote the text.
    pub author: Actor,
    /// Who opened the issue or pull request.
    pub issue_author: Actor,
    /// Who is assigned to it.
    pub assignees: Vec<Actor>,
    /// Open or closed; merged is closed.
    pub issue_state: IssueState,
    /// Its title.
    pub issue_title: String,
    /// Its description.
    pub issue_body: String,
    /// Its page.
    pub issue_html_url: String,
}

impl Event {
    /// The event as a comment, or `None` where its family has no text or its action is none of Prow's three.
    pub fn generic_comment(&self) -> Option<GenericComment> {
        let repo = self.repo.as_ref()?;
        let written = match &self.body {
            EventBody::Issues(event) => Written::description(Thread::of_issue(&event.issue)),
            EventBody::IssueComment(event) => Written {
                comment_id: Some(event.comment.id),
                body: &event.comment.body,
                html_url: &event.comment.html_url,
                author: &event.comment.author,
                ..Written::description(Thread::of_issue(&event.issue))
            },
            EventBody::PullRequest(event) => Written::description(Thread::of_pr(&event.pull_request)),
            EventBody::Review(event) => Written {
                id: 0,
                node_id: &event.review.node_id,
                body: &event.review.body,
                html_url: &event.review.html_url,
                author: &event.review.author,
                ..Written::description(Thread::of_pr(&event.pull_request))
            },
            EventBody::ReviewComment(event) => Written {
                id: 0,
                node_id: &event.comment.node_id,
                comment_id: Some(event.comment.id),
                body: &event.comment.body,
                html_url: &event.comment.html_url,
                author: &event.comment.author,
                ..Written::description(Thread::of_pr(&event.pull_request))
            },
            EventBody::Push(_)
            | EventBody::Status(_)
            | EventBody::CheckRun(_)
            | EventBody::CheckSuite(_)
            | EventBody::WorkflowRun(_)
            | EventBody::Other { .. } => return None,
        };
        let action = generalise(self.action.as_deref()?)?;
        Some(written.on(repo.clone(), action))
    }
}

/// Prow's table of actions; any other action makes no generic comment.
fn generalise(action: &str) -> Option<CommentAction> {
    match action {
        "created" | "opened" | "submitted" => Some(CommentAction::Created),
        "edited" => Some(CommentAction::Edited),
        "deleted" | "dismissed" => Some(CommentAction::Deleted),
        _ => None,
    }
}

/// What issues and pull requests have in common.
struct Thread<'a> {
    id: u64,
    node_id: &'a str,
    is_pr: bool,
    number: u64,
    author: &'a Actor,
    assignees: &'a [Actor],
    state: IssueState,
    title: &'a str,
    body: &'a str,
    html_url: &'a str,
}

impl<'a> Thread<'a> {
    fn of_issue(issue: &'a Issue) -> Self {
        Self {
            id: issue.id,
            node_id: &issue.node_id,
            is_pr: issue.is_pr,
            number: issue.number,
            author: &issue.author,
            assignees: &issue.assignees,
            state: issue.state,
            title: &issue.title,
            body: &issue.body,
            html_url: &issue.html_url,
        }
    }

    fn of_pr(pr: &'a PullRequest) -> Self {
        Self {
            id: pr.id,
            node_id: &pr.node_id,
            is_pr: true,
            number: pr.number,
            author: &pr.author,
            assignees: &pr.assignees,
            state: pr.state,
            title: &pr.title,
            body: &pr.body,
            html_url: &pr.html_url,
        }
    }
}

/// A text within its thread.
struct Written<'a> {
    thread: Thread<'a>,
    id: u64,
    node_id: &'a str,
    comment_id: Option<u64>,
    body: &'a str,
    html_url: &'a str,
    author: &'a Actor,
}

impl<'a> Written<'a> {
    fn description(thread: Thread<'a>) -> Self {
        Self {
            id: thread.id,
            node_id: thread.node_id,
            comment_id: None,
            body: thread.body,
            html_url: thread.html_url,
            author: thread.author,
            thread,
        }
    }

    fn on(self, repo: Repo, action: CommentAction) -> GenericComment {
        GenericComment {
            action,
            id: self.id,
            node_id: self.node_id.to_owned(),
            comment_id: self.comment_id,
            is_pr: self.thread.is_pr,
            body: self.body.to_owned(),
            html_url: self.html_url.to_owned(),
            number: self.thread.number,
            repo,
            author: self.author.clone(),
            issue_author: self.thread.author.clone(),
            assignees: self.thread.assignees.to_vec(),
            issue_state: self.thread.state,
            issue_title: self.thread.title.to_owned(),
            issue_body: self.thread.body.to_owned(),
            issue_html_url: self.thread.html_url.to_owned(),
        }
    }
}
