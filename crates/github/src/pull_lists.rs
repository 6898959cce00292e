//! Lists of pull requests, and of the files in one. Permission: pull_requests.

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::pulls::{PULLS, PullRequest};
use crate::repos::RepoName;

const OF_COMMIT: &str = "/repos/{owner}/{repo}/commits/{commit_sha}/pulls";

impl Api {
    /// The open pull requests, to the branch `base` if one is given. What only a look at one tells (whether it can be
    /// merged, counts) is empty.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn list_open(&self, repo: &RepoName, base: Option<&str>) -> Result<Vec<PullRequest>, ApiError> {
        let call = Call::get(PULLS, &[&repo.org, &repo.repo])?.with_query("state", "open");
        self.list(base.map_or(call.clone(), |base| call.with_query("base", base))).await
    }

    /// The pull requests that a commit belongs to, closed ones included.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such commit.
    pub async fn list_for_commit(&self, repo: &RepoName, sha: &str) -> Result<Vec<PullRequest>, ApiError> {
        self.list(Call::get(OF_COMMIT, &[&repo.org, &repo.repo, sha])?).await
    }
}
