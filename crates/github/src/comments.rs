//! Comments on issues and pull requests. Permission: issues, or pull_requests where the issue is one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};
use crate::repos::RepoName;

/// A comment on an issue or pull request, not one on a line of a diff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comment {
    /// Its id, unique in GitHub.
    pub id: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// Its text as written, in Markdown.
    #[serde(deserialize_with = "null_is_empty")]
    pub body: String,
    /// Who wrote it.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its page.
    pub html_url: String,
    /// Where the API has the issue or pull request that it stands under.
    pub issue_url: String,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

impl Comment {
    /// The number of the issue or pull request that it stands under, where GitHub says so.
    #[must_use]
    pub fn issue_number(&self) -> Option<u64> {
        self.issue_url.rsplit_once("/issues/")?.1.parse().ok()
    }
}

const COMMENTS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const COMMENT: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

impl Api {
    /// All comments on an issue or pull request, the oldest first.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn list_comments(&self, repo: &RepoName, number: u64) -> Result<Vec<Comment>, ApiError> {
        self.list(Call::get(COMMENTS, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// One comment.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such comment.
    pub async fn get_comment(&self, repo: &RepoName, id: u64) -> Result<Comment, ApiError> {
        self.get(Call::get(COMMENT, &[&repo.org, &repo.repo, &id.to_string()])?).await
    }

    /// Writes a comment and returns it as GitHub has it. Made twice, there are two.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue, [`crate::ApiErrorKind::Forbidden`] also where the
    /// conversation is locked, [`crate::ApiErrorKind::Unprocessable`] where `body` is empty or over 65,536 characters.
    pub async fn create_comment(&self, repo: &RepoName, number: u64, body: &str) -> Result<Comment, ApiError> {
        let call = Call::post(COMMENTS, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send_for(call.with_body(&json!({ "body": body })), "comment").await
    }

    /// Replaces the text of a comment.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such comment.
    pub async fn edit_comment(&self, repo: &RepoName, id: u64, body: &str) -> Result<Comment, ApiError> {
        let call = Call::patch(COMMENT, &[&repo.org, &repo.repo, &id.to_string()])?;
        self.send_for(call.with_body(&json!({ "body": body })), "edit a comment").await
    }

    /// Deletes a comment; success if there is none.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where it is another's and the token may not.
    pub async fn delete_comment(&self, repo: &RepoName, id: u64) -> Result<(), ApiError> {
        let call = Call::delete(COMMENT, &[&repo.org, &repo.repo, &id.to_string()])?;
        match self.send(call, "delete a comment").await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result,
        }
    }
}
