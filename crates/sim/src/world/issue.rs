//! Issues and what is said on them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HistoryEvent, Pull, Reaction};

/// Whether an issue or pull request is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Under discussion.
    Open,
    /// Done with; a merged pull request is closed too.
    Closed,
}

/// Why an issue was closed, or opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// It was done.
    Completed,
    /// It will not be done.
    NotPlanned,
    /// Another one says the same.
    Duplicate,
    /// It was open, closed, and is open again.
    Reopened,
}

/// An issue, or the half of a pull request that is one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issue {
    /// The issue's id.
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: Option<String>,
    /// The author's login as it is spelled.
    pub author: String,
    /// Open or closed.
    pub state: IssueState,
    /// Ids of the repository's labels, in the order in which they were put on.
    pub labels: Vec<u64>,
    /// Logins as they are spelled.
    pub assignees: Vec<String>,
    /// The conversation, oldest first.
    pub comments: Vec<Comment>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// When it was closed last, if it is closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// Why an issue is in its state; pull requests have none.
    #[serde(default)]
    pub state_reason: Option<StateReason>,
    /// The number of the milestone that it is planned for.
    #[serde(default)]
    pub milestone: Option<u64>,
    /// What stands under its text.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// What happened to it, oldest first.
    #[serde(default)]
    pub history: Vec<HistoryEvent>,
    /// What makes it a pull request.
    pub pull: Option<Pull>,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comment {
    /// The comment's id.
    pub id: u64,
    /// The author's login as it is spelled.
    pub author: String,
    /// Markdown.
    pub body: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was edited last.
    pub updated_at: Timestamp,
    /// What stands under it.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}
