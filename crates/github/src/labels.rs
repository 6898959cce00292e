//! The labels that a repository has. Permission: issues, or pull_requests.

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::Label;
use crate::repos::RepoName;

const LABELS: &str = "/repos/{owner}/{repo}/labels";

impl Api {
    /// The labels that a repository has.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn list_repository_labels(&self, repo: &RepoName) -> Result<Vec<Label>, ApiError> {
        self.list(Call::get(LABELS, &[&repo.org, &repo.repo])?).await
    }
}
