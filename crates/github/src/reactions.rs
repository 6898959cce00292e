//! Emoji under texts. Permission: issues, or pull_requests where the issue is one.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::repos::RepoName;

/// What can be put under a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reaction {
    /// 👍
    #[serde(rename = "+1")]
    PlusOne,
    /// 👎
    #[serde(rename = "-1")]
    MinusOne,
    /// 😄
    Laugh,
    /// 😕
    Confused,
    /// ❤️
    Heart,
    /// 🎉
    Hooray,
    /// 🚀
    Rocket,
    /// 👀
    Eyes,
}

#[derive(Serialize)]
struct NewReaction {
    content: Reaction,
}

const OF_ISSUE: &str = "/repos/{owner}/{repo}/issues/{issue_number}/reactions";
const OF_COMMENT: &str = "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions";

impl Api {
    /// Puts a reaction under the text of an issue or pull request; success if it is there.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn react(&self, repo: &RepoName, number: u64, reaction: Reaction) -> Result<(), ApiError> {
        let call = Call::post(OF_ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&NewReaction { content: reaction }), "react").await
    }

    /// Puts a reaction under a comment; success if it is there.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such comment.
    pub async fn react_to_comment(&self, repo: &RepoName, comment: u64, reaction: Reaction) -> Result<(), ApiError> {
        let call = Call::post(OF_COMMENT, &[&repo.org, &repo.repo, &comment.to_string()])?;
        self.send(call.with_body(&NewReaction { content: reaction }), "react to a comment").await
    }
}
