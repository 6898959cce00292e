//! Milestones. Permission: issues, or pull_requests.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::ISSUE;
use crate::repos::RepoName;

/// A milestone of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Milestone {
    /// Its number in its repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
}

const MILESTONES: &str = "/repos/{owner}/{repo}/milestones";

impl Api {
    /// The open milestones of a repository.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn list_milestones(&self, repo: &RepoName) -> Result<Vec<Milestone>, ApiError> {
        self.list(Call::get(MILESTONES, &[&repo.org, &repo.repo])?).await
    }

    /// Plans an issue or pull request for a milestone, by its number; `None` takes it off. Set twice, the same holds.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where there is no such milestone.
    pub async fn set_milestone(&self, repo: &RepoName, number: u64, milestone: Option<u64>) -> Result<(), ApiError> {
        let call = Call::patch(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&json!({ "milestone": milestone })), "set a milestone").await
    }
}
