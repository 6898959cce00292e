//! What happened to an issue or pull request, as its page tells it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StateReason;

/// One line of the history.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistoryEvent {
    /// The event's id.
    pub id: u64,
    /// The login of who did it.
    pub actor: String,
    /// What was done.
    pub what: Happening,
    /// When it was done.
    pub created_at: Timestamp,
}

/// What can be done to an issue or pull request; GitHub's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "GitHub's names say it")]
pub enum Happening {
    Labeled {
        name: String,
        color: String,
    },
    Unlabeled {
        name: String,
        color: String,
    },
    Assigned {
        assignee: String,
    },
    Unassigned {
        assignee: String,
    },
    Milestoned {
        title: String,
    },
    Demilestoned {
        title: String,
    },
    Renamed {
        from: String,
        to: String,
    },
    Closed {
        commit: Option<String>,
        reason: Option<StateReason>,
    },
    Reopened,
    Merged {
        commit: String,
    },
    /// A login, or a team's slug.
    ReviewRequested {
        login: Option<String>,
        team: Option<String>,
    },
    ReviewRequestRemoved {
        login: Option<String>,
        team: Option<String>,
    },
    Pinned,
    Unpinned,
    Transferred,
    ConvertToDraft,
    ReadyForReview,
}
