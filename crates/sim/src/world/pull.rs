//! What makes an issue a pull request, and its reviews.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The half of a pull request that an issue has not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pull {
    /// The pull request's id, which differs from the issue's.
    pub id: u64,
    /// Lower-case `owner/name` that the change comes from; gone with its fork.
    pub head_repo: String,
    /// The owner of the head repository as it is spelled.
    pub head_owner: String,
    /// The branch that the change comes from.
    pub head_ref: String,
    /// The head commit, 40 hex digits.
    pub head_sha: String,
    /// The branch that the change goes to.
    pub base_ref: String,
    /// The tip of the base branch when the head was last seen to move.
    pub base_sha: String,
    /// Not yet ready for review.
    pub draft: bool,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Who merged it.
    pub merged_by: Option<String>,
    /// The commit that the merge made.
    pub merge_commit_sha: Option<String>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Comments on lines, oldest first.
    #[serde(default)]
    pub review_comments: Vec<ReviewComment>,
    /// Logins of those who are asked for a review, as they are spelled.
    #[serde(default)]
    pub requested_reviewers: Vec<String>,
    /// Slugs of the teams that are asked for a review.
    #[serde(default)]
    pub requested_teams: Vec<String>,
}

/// A review of a pull request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Review {
    /// The review's id.
    pub id: u64,
    /// The author's login as it is spelled.
    pub author: String,
    /// Markdown; may be empty.
    pub body: String,
    /// The verdict.
    pub state: ReviewState,
    /// The head that was reviewed.
    pub commit_id: String,
    /// When it was handed in.
    pub submitted_at: Timestamp,
}

/// A review's verdict, spelled as the REST API spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewState {
    /// Good to merge.
    Approved,
    /// Not yet good to merge.
    ChangesRequested,
    /// Neither.
    Commented,
}

/// A comment on a line of the change, which belongs to a review.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReviewComment {
    /// The comment's id.
    pub id: u64,
    /// The review that it was handed in with.
    pub review: u64,
    /// The author's login as it is spelled.
    pub author: String,
    /// Markdown.
    pub body: String,
    /// The file.
    pub path: String,
    /// The line's place in the patch, from 1.
    pub position: u64,
    /// The part of the patch up to the line.
    pub diff_hunk: String,
    /// The head that was reviewed.
    pub commit_id: String,
    /// When it was handed in.
    pub created_at: Timestamp,
}
