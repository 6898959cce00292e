//! What happened to an issue or pull request. Permission: issues, or pull_requests where the issue is one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::Label;
use crate::lenient::{User, null_is_empty};
use crate::repos::RepoName;

/// One line of the history of an issue or pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// As GitHub names it: `labeled`, `unlabeled`, `closed`, …
    #[serde(deserialize_with = "null_is_empty")]
    pub event: String,
    /// Who did it; `None` where the account is gone.
    pub actor: Option<User>,
    /// For `labeled` and `unlabeled`.
    pub label: Option<Label>,
    /// When it was done.
    pub created_at: Option<Timestamp>,
}

const EVENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/events";

impl Api {
    /// All that happened to an issue or pull request, the oldest first.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn list_history(&self, repo: &RepoName, number: u64) -> Result<Vec<HistoryEntry>, ApiError> {
        self.list(Call::get(EVENTS, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }
}
