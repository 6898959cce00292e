//! Opening, editing, closing and reopening issues. Permission: issues.

use serde::Serialize;
use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::{ISSUE, Issue};
use crate::repos::RepoName;

/// What an edit changes; what is absent is left as it is.
#[derive(Serialize)]
pub(crate) struct Edit<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<&'a str>,
}

const ISSUES: &str = "/repos/{owner}/{repo}/issues";

impl Api {
    /// Opens an issue. Made twice, there are two: [`Self::find_issue`] tells whether it was made.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where the title is empty, [`crate::ApiErrorKind::NotFound`] also where the
    /// repository has no issues.
    pub async fn create_issue(
        &self,
        repo: &RepoName,
        title: &str,
        body: &str,
        labels: &[String],
    ) -> Result<Issue, ApiError> {
        let call = Call::post(ISSUES, &[&repo.org, &repo.repo])?;
        let new = json!({ "title": title, "body": body, "labels": labels });
        self.send_for(call.with_body(&new), "open an issue").await
    }

    /// The newest issue of the client's own whose text holds `marker`, among its last hundred in the repository.
    ///
    /// Behaviour: a list and not a search, whose index is behind by seconds to minutes.
    ///
    /// # Errors
    /// As [`crate::Client::bot`], and [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn find_issue(&self, repo: &RepoName, marker: &str) -> Result<Option<Issue>, ApiError> {
        let creator = self.client().bot().await?.login;
        let call = Call::get(ISSUES, &[&repo.org, &repo.repo])?
            .with_query("state", "all")
            .with_query("creator", &creator)
            .with_query("sort", "created")
            .with_query("direction", "desc")
            .with_query("per_page", "100");
        let newest: Vec<Issue> = self.get(call).await?;
        Ok(newest.into_iter().find(|issue| !issue.is_pull_request && issue.body.contains(marker)))
    }

    /// Sets title or text of an issue; both absent make no call. Set twice, the same holds.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue, [`crate::ApiErrorKind::Unprocessable`] where the
    /// title is empty.
    pub async fn edit_issue(
        &self,
        repo: &RepoName,
        number: u64,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), ApiError> {
        if title.is_none() && body.is_none() {
            return Ok(());
        }
        let call = Call::patch(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&Edit { title, body }), "edit an issue").await
    }

    /// Closes an issue, as completed or as not planned. Closed twice, it is closed.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn close_issue(&self, repo: &RepoName, number: u64, not_planned: bool) -> Result<(), ApiError> {
        let call = Call::patch(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        let reason = if not_planned { "not_planned" } else { "completed" };
        let body = json!({ "state": "closed", "state_reason": reason });
        self.send(call.with_body(&body), "close an issue").await
    }

    /// Opens an issue again; success if it is open.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn reopen_issue(&self, repo: &RepoName, number: u64) -> Result<(), ApiError> {
        let call = Call::patch(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&json!({ "state": "open" })), "reopen an issue").await
    }
}
