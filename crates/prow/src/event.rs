//! One webhook payload, typed where we type it.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::actor::Actor;
use crate::check::{CheckRunEvent, CheckSuiteEvent, WorkflowRunEvent};
use crate::commit_status::StatusEvent;
use crate::issue::{IssueCommentEvent, IssueEvent};
use crate::pull_request::PullRequestEvent;
use crate::push::PushEvent;
use crate::repository::Repo;
use crate::review::{ReviewCommentEvent, ReviewEvent};

/// A payload that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The delivery's `X-GitHub-Event`, for example `pull_request`.
    pub name: String,
    /// GitHub's action; `None` for push, status and others that have none.
    pub action: Option<String>,
    /// The repository that the event belongs to; `None` for organisation-level events.
    pub repo: Option<Repo>,
    /// `organization.login`, else the repository's owner.
    pub org: Option<String>,
    /// Who caused the event.
    pub sender: Option<Actor>,
    /// What happened.
    pub body: EventBody,
}

/// What happened, one case for each event that we read.
#[derive(Debug, Clone, PartialEq)]
pub enum EventBody {
    /// `issues`
    Issues(IssueEvent),
    /// `issue_comment`
    IssueComment(IssueCommentEvent),
    /// `pull_request`
    PullRequest(PullRequestEvent),
    /// `pull_request_review`
    Review(ReviewEvent),
    /// `pull_request_review_comment`
    ReviewComment(ReviewCommentEvent),
    /// `push`
    Push(PushEvent),
    /// `status`
    Status(StatusEvent),
    /// `check_run`
    CheckRun(CheckRunEvent),
    /// `check_suite`
    CheckSuite(CheckSuiteEvent),
    /// `workflow_run`
    WorkflowRun(WorkflowRunEvent),
    /// Any other event, and one of those above whose payload does not have the shape that we read.
    Other {
        /// The number of the payload's `pull_request` or `issue`, if it has one.
        number: Option<u64>,
        /// Why a payload of a name that we type was not read; `None` for a name that we do not type.
        unread: Option<String>,
    },
}

/// What events must not overtake one another: those of one key go in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderingKey {
    /// The number of an issue or pull request.
    Number(u64),
    /// A push's full ref.
    Ref(String),
    /// A status's commit.
    Sha(String),
}

/// Writes `#7`, `refs/heads/main` or the commit.
impl fmt::Display for OrderingKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(out, "#{number}"),
            Self::Ref(name) => out.write_str(name),
            Self::Sha(sha) => out.write_str(sha),
        }
    }
}

/// Why a payload cannot be read at all.
#[derive(Debug)]
pub enum ParseError {
    /// The bytes are not JSON.
    NotJson(serde_json::Error),
    /// They are, but not an object.
    NotAnObject,
}

impl fmt::Display for ParseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(error) => write!(out, "the payload is not JSON: {error}"),
            Self::NotAnObject => out.write_str("the payload is not a JSON object"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads `payload`, the bytes as GitHub sent them, as the event that the delivery's header names.
///
/// Lenient: only what is used is read, and a payload of a known name that lacks it becomes [`EventBody::Other`].
///
/// # Errors
/// Only where the payload is not a JSON object (400 to the sender).
pub fn parse(name: &str, payload: &[u8]) -> Result<Event, ParseError> {
    let value: Value = serde_json::from_slice(payload).map_err(ParseError::NotJson)?;
    if !value.is_object() {
        return Err(ParseError::NotAnObject);
    }
    // What cannot be read of the envelope is left out: the body alone decides whether the event is typed.
    let repo: Option<Repo> = part(&value["repository"]);
    let org = value.pointer("/organization/login").and_then(Value::as_str).map(str::to_owned);
    Ok(Event {
        name: name.to_owned(),
        action: value["action"].as_str().map(str::to_owned),
        org: org.or_else(|| repo.as_ref().map(|repo| repo.org.clone())),
        sender: part(&value["sender"]),
        body: body(name, &value, repo.is_some()),
        repo,
    })
}

impl Event {
    /// The key by which events are kept in order: the issue's or pull request's number, the push's ref, the status's
    /// commit. `None`: the repository is the key, else the delivery.
    pub fn key(&self) -> Option<OrderingKey> {
        match &self.body {
            EventBody::Issues(event) => Some(OrderingKey::Number(event.issue.number)),
            EventBody::IssueComment(event) => Some(OrderingKey::Number(event.issue.number)),
            EventBody::PullRequest(event) => Some(OrderingKey::Number(event.pull_request.number)),
            EventBody::Review(event) => Some(OrderingKey::Number(event.pull_request.number)),
            EventBody::ReviewComment(event) => Some(OrderingKey::Number(event.pull_request.number)),
            EventBody::Push(event) => Some(OrderingKey::Ref(event.git_ref.clone())),
            EventBody::Status(event) => Some(OrderingKey::Sha(event.sha.clone())),
            EventBody::CheckRun(_) | EventBody::CheckSuite(_) | EventBody::WorkflowRun(_) => None,
            EventBody::Other { number, .. } => number.map(OrderingKey::Number),
        }
    }
}

fn part<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn body(name: &str, value: &Value, has_repo: bool) -> EventBody {
    let read = match name {
        "issues" => IssueEvent::deserialize(value).map(EventBody::Issues),
        "issue_comment" => IssueCommentEvent::deserialize(value).map(EventBody::IssueComment),
        "pull_request" => PullRequestEvent::deserialize(value).map(EventBody::PullRequest),
        "pull_request_review" => ReviewEvent::deserialize(value).map(EventBody::Review),
        "pull_request_review_comment" => ReviewCommentEvent::deserialize(value).map(EventBody::ReviewComment),
        "push" => PushEvent::deserialize(value).map(EventBody::Push),
        "status" => StatusEvent::deserialize(value).map(EventBody::Status),
        "check_run" => CheckRunEvent::deserialize(value).map(EventBody::CheckRun),
        "check_suite" => CheckSuiteEvent::deserialize(value).map(EventBody::CheckSuite),
        "workflow_run" => WorkflowRunEvent::deserialize(value).map(EventBody::WorkflowRun),
        _ => return other(value, None),
    };
    match read {
        Ok(body) if has_repo => body,
        Ok(_) => other(value, Some("it has no readable `repository`".to_owned())),
        Err(error) => other(value, Some(error.to_string())),
    }
}

fn other(value: &Value, unread: Option<String>) -> EventBody {
    let number = ["/pull_request/number", "/issue/number"].into_iter().find_map(|at| value.pointer(at)?.as_u64());
    EventBody::Other { number, unread }
}
