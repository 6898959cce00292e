//! Commit statuses. Permission: statuses.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

/// What a status says of its commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// Nothing is known yet.
    #[default]
    Pending,
    /// It passed.
    Success,
    /// It failed.
    Failure,
    /// It could not be told.
    Error,
    /// A word that this client does not know; it cannot be sent.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// One status of a commit, as GitHub has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Which check speaks: the newest status of a context is the one that counts.
    #[serde(deserialize_with = "null_is_empty")]
    pub context: String,
    /// What it says.
    pub state: StatusState,
    /// One line for people.
    #[serde(deserialize_with = "null_is_empty")]
    pub description: String,
    /// Where the details are.
    #[serde(deserialize_with = "null_is_empty")]
    pub target_url: String,
    /// When it was set.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// The newest status of each context of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CombinedStatus {
    /// The commit.
    pub sha: String,
    /// What they say together.
    pub state: StatusState,
    /// One for each context.
    #[serde(deserialize_with = "null_is_empty")]
    pub statuses: Vec<Status>,
}

/// A status to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewStatus {
    /// What it says.
    pub state: StatusState,
    /// Which check speaks.
    pub context: String,
    /// One line for people, at most 140 characters.
    pub description: String,
    /// Where the details are; left out where empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_url: String,
}

const COMBINED: &str = "/repos/{owner}/{repo}/commits/{ref}/status";
const STATUSES: &str = "/repos/{owner}/{repo}/commits/{ref}/statuses";
const NEW_STATUS: &str = "/repos/{owner}/{repo}/statuses/{sha}";

impl Api {
    /// The newest status of each context of a commit; `commit` is a SHA, a branch or a tag.
    ///
    /// Behaviour: all pages' statuses in one list, and the last page's word for the whole.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such commit.
    pub async fn combined_status(&self, repo: &RepoName, commit: &str) -> Result<CombinedStatus, ApiError> {
        let pages: Vec<CombinedStatus> = self.pages(Call::get(COMBINED, &[&repo.org, &repo.repo, commit])?).await?;
        let mut statuses = Vec::new();
        let mut combined = CombinedStatus::default();
        for mut page in pages {
            statuses.append(&mut page.statuses);
            combined = page;
        }
        Ok(CombinedStatus { statuses, ..combined })
    }

    /// Every status ever set on a commit, the newest first; `commit` is a SHA, a branch or a tag.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such commit.
    pub async fn list_statuses(&self, repo: &RepoName, commit: &str) -> Result<Vec<Status>, ApiError> {
        self.list(Call::get(STATUSES, &[&repo.org, &repo.repo, commit])?).await
    }

    /// Sets a status. Set twice, the same holds.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where there is no such commit, or it has 1,000 statuses of this context.
    pub async fn create_status(&self, repo: &RepoName, sha: &str, status: &NewStatus) -> Result<Status, ApiError> {
        let call = Call::post(NEW_STATUS, &[&repo.org, &repo.repo, sha])?;
        self.send_for(call.with_body(status), "set a status").await
    }
}
