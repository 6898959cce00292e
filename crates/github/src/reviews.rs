//! Reviews of pull requests and their comments on lines. Permission: pull_requests.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};
use crate::repos::RepoName;

/// A review, as it was submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Review {
    /// Its id, unique in GitHub.
    pub id: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// Who wrote it.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its text; may be empty.
    #[serde(deserialize_with = "null_is_empty")]
    pub body: String,
    /// `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED` or `PENDING`.
    pub state: String,
    /// The commit that was reviewed.
    #[serde(deserialize_with = "null_is_empty")]
    pub commit_id: String,
    /// Its place on the page.
    pub html_url: String,
    /// When it was submitted; `None` while it is pending.
    pub submitted_at: Option<Timestamp>,
}

/// A comment on a line of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReviewComment {
    /// Its id, unique in GitHub.
    pub id: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// Who wrote it.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its text.
    #[serde(deserialize_with = "null_is_empty")]
    pub body: String,
    /// The file.
    pub path: String,
    /// The line's place in the patch, from 1; `None` once the line is gone.
    pub position: Option<u32>,
    /// Its place on the page.
    pub html_url: String,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// What a review concludes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Good to merge.
    Approve,
    /// Not yet good to merge.
    RequestChanges,
    /// Neither.
    Comment,
}

/// A comment on a line, to be part of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineComment {
    /// The file.
    pub path: String,
    /// The line's place in the patch, from 1.
    pub position: u32,
    /// Its text.
    pub body: String,
}

#[derive(Serialize)]
struct NewReview<'a> {
    event: Verdict,
    body: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    comments: &'a [LineComment],
}

const REVIEWS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews";
const COMMENTS: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/comments";

impl Api {
    /// All reviews of a pull request, in the order of their submission.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn list_reviews(&self, repo: &RepoName, number: u64) -> Result<Vec<Review>, ApiError> {
        self.list(Call::get(REVIEWS, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// The comments of all reviews of a pull request.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where `number` is an issue.
    pub async fn list_review_comments(&self, repo: &RepoName, number: u64) -> Result<Vec<ReviewComment>, ApiError> {
        self.list(Call::get(COMMENTS, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// Submits a review of the present head. Made twice, there are two: [`Self::find_review`] tells whether it was made.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where `body` is empty and `verdict` needs one, a comment is on no line of
    /// the patch, or the client's own pull request is to be approved.
    pub async fn create_review(
        &self,
        repo: &RepoName,
        number: u64,
        verdict: Verdict,
        body: &str,
        comments: &[LineComment],
    ) -> Result<Review, ApiError> {
        let call = Call::post(REVIEWS, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send_for(call.with_body(&NewReview { event: verdict, body, comments }), "review").await
    }

    /// The client's own review of a pull request whose text holds `marker`.
    ///
    /// # Errors
    /// As [`crate::Client::bot`] and [`Self::list_reviews`].
    pub async fn find_review(&self, repo: &RepoName, number: u64, marker: &str) -> Result<Option<Review>, ApiError> {
        let bot = self.client().bot().await?;
        let reviews = self.list_reviews(repo, number).await?;
        Ok(reviews.into_iter().find(|review| bot.is(&review.user.login) && review.body.contains(marker)))
    }
}
