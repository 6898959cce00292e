//! What other systems run for a commit, and which of it a branch demands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a check run or a workflow run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Not yet begun.
    Queued,
    /// Begun.
    InProgress,
    /// Over; it has a conclusion.
    Completed,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// It held.
    Success,
    /// It did not.
    Failure,
    /// It says nothing.
    Neutral,
    /// Someone ended it.
    Cancelled,
    /// It had nothing to do.
    Skipped,
    /// It took too long.
    TimedOut,
    /// A person must do something first: of a workflow run, let it start.
    ActionRequired,
}

/// A check run, which an app makes for a commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CheckRun {
    /// The run's id.
    pub id: u64,
    /// What is checked.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// The app that made it.
    pub app_id: u64,
    /// The suite that holds the app's runs for the commit.
    pub suite_id: u64,
    /// How far it is.
    pub status: RunStatus,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// What the app knows it by.
    pub external_id: Option<String>,
    /// Where to read more.
    pub details_url: Option<String>,
    /// One line.
    pub title: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// A run of a GitHub Actions workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorkflowRun {
    /// The run's id, the same for all attempts.
    pub id: u64,
    /// The workflow's id; runs of one name in a repository share it.
    pub workflow_id: u64,
    /// The workflow's name.
    pub name: String,
    /// Counts the workflow's runs, from 1.
    pub number: u64,
    /// What started it: `pull_request` and so on.
    pub event: String,
    /// The branch it runs for.
    pub head_branch: String,
    /// Lower-case `owner/name` of that branch's repository.
    pub head_repo: String,
    /// The commit it runs for.
    pub head_sha: String,
    /// How far it is. A run that waits for approval is completed, with [`Conclusion::ActionRequired`].
    pub status: RunStatus,
    /// How it ended.
    pub conclusion: Option<Conclusion>,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    /// The login of who caused it.
    pub actor: String,
    /// When the first attempt came to be.
    pub created_at: Timestamp,
    /// When this attempt came to be.
    pub started_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
}

impl WorkflowRun {
    /// Whether a maintainer must let it start.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        self.conclusion == Some(Conclusion::ActionRequired)
    }
}
