//! Commits, and what two have in common. Permission: contents; pull_requests for those of a pull request.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};
use crate::repos::RepoName;

/// A commit as the API shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// What git knows of it.
    pub commit: GitCommit,
    /// The account that GitHub finds behind the author's address.
    #[serde(deserialize_with = "null_is_empty")]
    pub author: Option<User>,
    /// What it follows; several for a merge.
    pub parents: Vec<Sha>,
    /// Its page.
    pub html_url: String,
}

/// What git knows of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitCommit {
    /// Title and text.
    #[serde(deserialize_with = "null_is_empty")]
    pub message: String,
    /// The tree that it holds.
    pub tree: Sha,
    /// Who wrote it.
    #[serde(deserialize_with = "null_is_empty")]
    pub author: Signature,
}

/// A hash alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sha {
    /// The hash.
    pub sha: String,
}

/// Name and address, as git has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signature {
    /// The name.
    #[serde(deserialize_with = "null_is_empty")]
    pub name: String,
    /// The address.
    #[serde(deserialize_with = "null_is_empty")]
    pub email: String,
}

#[derive(Deserialize)]
struct Comparison {
    merge_base_commit: Sha,
}

const COMMIT: &str = "/repos/{owner}/{repo}/commits/{ref}";
const COMPARE: &str = "/repos/{owner}/{repo}/compare/{basehead}";
const OF_PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/commits";

impl Api {
    /// One commit; `commit` is a SHA, a branch or a tag.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where there is no such commit.
    pub async fn get_commit(&self, repo: &RepoName, commit: &str) -> Result<Commit, ApiError> {
        // A commit of many files is paged by its files, of which none is read.
        self.get(Call::get(COMMIT, &[&repo.org, &repo.repo, commit])?.with_query("per_page", "1")).await
    }

    /// The SHA of the newest commit that two have in common, each given by SHA, branch or tag.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where one of them is not there, and where they have nothing in common.
    pub async fn merge_base(&self, repo: &RepoName, base: &str, head: &str) -> Result<String, ApiError> {
        let call = Call::get(COMPARE, &[&repo.org, &repo.repo, &format!("{base}...{head}")])?;
        let found: Comparison = self.get(call.with_query("per_page", "1")).await?;
        Ok(found.merge_base_commit.sha)
    }

    /// The commits of a pull request, the oldest first; GitHub lists at most 250.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn list_commits(&self, repo: &RepoName, number: u64) -> Result<Vec<Commit>, ApiError> {
        self.list(Call::get(OF_PULL, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }
}
