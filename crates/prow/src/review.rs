//! The `pull_request_review` and `pull_request_review_comment` events.

use serde::Deserialize;

use crate::issue::Text;
use crate::lenient::or_default;
use crate::pull_request::PullRequest;

/// What a reviewer said of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReviewState {
    /// Fine as it is.
    Approved,
    /// Not before something changed.
    ChangesRequested,
    /// Remarks only.
    Commented,
    /// Taken back, by the reviewer or a maintainer.
    Dismissed,
    /// Not yet submitted.
    Pending,
    /// A state that GitHub may add, or none said.
    #[default]
    Other,
}

/// What a `pull_request_review` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireReview")]
pub struct ReviewEvent {
    /// The pull request, in its shortened form.
    pub pull_request: PullRequest,
    /// The review's text.
    pub review: Text,
    /// The review's verdict.
    pub state: ReviewState,
}

/// What a `pull_request_review_comment` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WireReviewComment")]
pub struct ReviewCommentEvent {
    /// The pull request, in its shortened form.
    pub pull_request: PullRequest,
    /// The comment.
    pub comment: Text,
    /// The file that it stands beside, relative to the repository's root.
    pub path: String,
}

#[derive(Deserialize)]
struct WireReview {
    pull_request: PullRequest,
    review: WireText,
}

#[derive(Deserialize)]
struct WireReviewComment {
    pull_request: PullRequest,
    comment: WireText,
}

#[derive(Deserialize)]
struct WireText {
    #[serde(flatten)]
    text: Text,
    #[serde(default, deserialize_with = "or_default")]
    state: String,
    #[serde(default, deserialize_with = "or_default")]
    path: String,
}

impl From<WireReview> for ReviewEvent {
    fn from(wire: WireReview) -> Self {
        // The webhook spells states in lower case, the REST API in upper case.
        let state = match wire.review.state.to_ascii_lowercase().as_str() {
            "approved" => ReviewState::Approved,
            "changes_requested" => ReviewState::ChangesRequested,
            "commented" => ReviewState::Commented,
            "dismissed" => ReviewState::Dismissed,
            "pending" => ReviewState::Pending,
            _ => ReviewState::Other,
        };
        Self { pull_request: wire.pull_request, review: wire.review.text, state }
    }
}

impl From<WireReviewComment> for ReviewCommentEvent {
    fn from(wire: WireReviewComment) -> Self {
        Self { pull_request: wire.pull_request, comment: wire.comment.text, path: wire.comment.path }
    }
}
