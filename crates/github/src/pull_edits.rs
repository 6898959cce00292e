//! Opening, editing, closing and reopening pull requests. Permission: pull_requests.

use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issue_edits::Edit;
use crate::pulls::{PULL, PULLS, PullRequest};
use crate::repos::RepoName;

impl Api {
    /// Opens a pull request from `head`, a branch of `repo` or `owner:branch` of a fork, to the branch `base`. GitHub
    /// takes no second one while it is open: [`Self::find_pull_request`] finds the first.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where a branch is not there, has nothing new, or has one open already.
    pub async fn create_pull_request(
        &self,
        repo: &RepoName,
        title: &str,
        body: &str,
        head: &str,
        base: &str,
    ) -> Result<PullRequest, ApiError> {
        let call = Call::post(PULLS, &[&repo.org, &repo.repo])?;
        let new = json!({ "title": title, "body": body, "head": head, "base": base });
        self.send_for(call.with_body(&new), "open a pull request").await
    }

    /// The open pull request from `head`, as [`Self::create_pull_request`] takes it, to `base`.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn find_pull_request(
        &self,
        repo: &RepoName,
        head: &str,
        base: &str,
    ) -> Result<Option<PullRequest>, ApiError> {
        let head = if head.contains(':') { head.to_owned() } else { format!("{}:{head}", repo.org) };
        let call = Call::get(PULLS, &[&repo.org, &repo.repo])?
            .with_query("state", "open")
            .with_query("head", &head)
            .with_query("base", base);
        let found: Vec<PullRequest> = self.list(call).await?;
        // GitHub passes over a `head` that it does not understand, and then lists all.
        let branch = head.split_once(':').map_or(head.as_str(), |(_, branch)| branch);
        Ok(found.into_iter().find(|pull| pull.head.name == branch && pull.base.name == base))
    }

    /// Sets title or text of a pull request; both absent make no call. Set twice, the same holds.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue, [`crate::ApiErrorKind::Unprocessable`] where the
    /// title is empty.
    pub async fn edit_pull_request(
        &self,
        repo: &RepoName,
        number: u64,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), ApiError> {
        if title.is_none() && body.is_none() {
            return Ok(());
        }
        let call = Call::patch(PULL, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&Edit { title, body }), "edit a pull request").await
    }

    /// Closes a pull request without merging it; success if it is closed.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn close_pull_request(&self, repo: &RepoName, number: u64) -> Result<(), ApiError> {
        let call = Call::patch(PULL, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&json!({ "state": "closed" })), "close a pull request").await
    }

    /// Opens a pull request again; success if it is open.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] with GitHub's reason where it was merged or its branch is gone.
    pub async fn reopen_pull_request(&self, repo: &RepoName, number: u64) -> Result<(), ApiError> {
        let call = Call::patch(PULL, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&json!({ "state": "open" })), "reopen a pull request").await
    }
}
