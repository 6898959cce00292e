//! Pull requests. Permission: pull_requests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::Label;
use crate::lenient::{User, null_is_empty};
use crate::milestones::Milestone;
use crate::repos::{Repo, RepoName};

/// A pull request, as one asks for it by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequest {
    /// Its number in its repository.
    pub number: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// `open` or `closed`.
    pub state: String,
    /// Its title.
    pub title: String,
    /// Its description, empty if none was written.
    #[serde(deserialize_with = "null_is_empty")]
    pub body: String,
    /// Who opened it.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its labels.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: Vec<Label>,
    /// Who it is assigned to.
    #[serde(deserialize_with = "null_is_empty")]
    pub assignees: Vec<User>,
    /// Who was asked to review it.
    #[serde(deserialize_with = "null_is_empty")]
    pub requested_reviewers: Vec<User>,
    /// Which teams were asked to review it.
    #[serde(deserialize_with = "null_is_empty")]
    pub requested_teams: Vec<RequestedTeam>,
    /// What it is planned for.
    pub milestone: Option<Milestone>,
    /// What would be merged.
    pub head: Branch,
    /// Where it would be merged to.
    pub base: Branch,
    /// Whether it is a draft.
    #[serde(deserialize_with = "null_is_empty")]
    pub draft: bool,
    /// Whether it was merged.
    #[serde(deserialize_with = "null_is_empty")]
    pub merged: bool,
    /// Whether it can be merged; `None` while GitHub is working it out.
    pub mergeable: Option<bool>,
    /// The merge commit once merged; a trial merge until then.
    pub merge_commit_sha: Option<String>,
    /// How many commits it has.
    pub commits: u64,
    /// Lines added.
    pub additions: u64,
    /// Lines deleted.
    pub deletions: u64,
    /// Files changed.
    pub changed_files: u64,
    /// Its author's standing: `MEMBER`, `CONTRIBUTOR`, `NONE`, …
    #[serde(deserialize_with = "null_is_empty")]
    pub author_association: String,
    /// Its page.
    pub html_url: String,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// A team that was asked for a review.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestedTeam {
    /// Its name in URLs, without the organisation.
    pub slug: String,
}

/// One end of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Branch {
    /// The branch's name, without `refs/heads/`.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit it points to.
    pub sha: String,
    /// Whose it is; empty where the account is gone.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its repository; `None` where a fork was deleted.
    pub repo: Option<Repo>,
}

/// A file that a pull request changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChangedFile {
    /// Its path, after the change.
    pub filename: String,
    /// Its path before, where it was renamed.
    pub previous_filename: Option<String>,
    /// `added`, `removed`, `modified`, `renamed`, `copied`, `changed` or `unchanged`.
    pub status: String,
    /// The blob after the change.
    #[serde(deserialize_with = "null_is_empty")]
    pub sha: String,
    /// Lines added.
    pub additions: u64,
    /// Lines deleted.
    pub deletions: u64,
    /// Lines added and deleted.
    pub changes: u64,
    /// The unified diff; `None` for a binary or a very large file.
    pub patch: Option<String>,
}

pub(crate) const PULLS: &str = "/repos/{owner}/{repo}/pulls";
pub(crate) const PULL: &str = "/repos/{owner}/{repo}/pulls/{pull_number}";
const FILES: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/files";

impl Api {
    /// One pull request, its mergeability included.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn get_pull_request(&self, repo: &RepoName, number: u64) -> Result<PullRequest, ApiError> {
        self.get(Call::get(PULL, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// The files that a pull request changes against its merge base; GitHub lists at most 3,000.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn list_changed_files(&self, repo: &RepoName, number: u64) -> Result<Vec<ChangedFile>, ApiError> {
        self.list(Call::get(FILES, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }
}
