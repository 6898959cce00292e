//! What issues are planned for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::IssueState;

/// A milestone of a repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Milestone {
    /// The milestone's id.
    pub id: u64,
    /// Its number in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: Option<String>,
    /// Open or closed.
    pub state: IssueState,
    /// The login of who made it.
    pub creator: String,
    /// When it is due.
    pub due_on: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}
