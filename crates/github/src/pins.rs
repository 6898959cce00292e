//! Issues at the top of a repository's list. Permission: issues. REST has no call for it.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind};
use crate::graphql::{Operation, operation};
use crate::repos::RepoName;

const PIN: Operation = operation!(
    PinIssue,
    true,
    "mutation PinIssue($issue: ID!) {
  pinIssue(input: {issueId: $issue}) { issue { isPinned } }
}"
);

const UNPIN: Operation = operation!(
    UnpinIssue,
    true,
    "mutation UnpinIssue($issue: ID!) {
  unpinIssue(input: {issueId: $issue}) { issue { isPinned } }
}"
);

const IS_PINNED: Operation = operation!(
    IssueIsPinned,
    false,
    "query IssueIsPinned($issue: ID!) {
  node(id: $issue) { __typename ... on Issue { isPinned } }
}"
);

#[derive(Serialize)]
struct Variables<'a> {
    issue: &'a str,
}

#[derive(Deserialize)]
struct Looked {
    node: Pinned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pinned {
    #[serde(default)]
    is_pinned: bool,
}

impl Api {
    /// Pins an issue to the top of its repository's list; success if it is pinned.
    ///
    /// # Errors
    /// [`ApiErrorKind::Unprocessable`] where three are pinned already, [`ApiErrorKind::NotFound`] also where it is a pull
    /// request.
    pub async fn pin(&self, repo: &RepoName, number: u64) -> Result<(), ApiError> {
        self.set_pinned(repo, number, &PIN, true).await
    }

    /// Unpins an issue; success if it is not pinned.
    ///
    /// # Errors
    /// [`ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn unpin(&self, repo: &RepoName, number: u64) -> Result<(), ApiError> {
        self.set_pinned(repo, number, &UNPIN, false).await
    }

    async fn set_pinned(
        &self,
        repo: &RepoName,
        number: u64,
        operation: &Operation,
        want: bool,
    ) -> Result<(), ApiError> {
        let issue = self.get_issue(repo, number).await?.node_id;
        let variables = Variables { issue: &issue };
        let made: Result<IgnoredAny, _> = self.mutate(operation, &variables, "change what is pinned").await;
        match made {
            // GitHub refuses what is so already, in words that are no promise; so the issue itself is asked.
            Err(error) if error.kind == ApiErrorKind::Unprocessable => {
                let looked: Looked = self.query(&IS_PINNED, &variables).await?;
                if looked.node.is_pinned == want { Ok(()) } else { Err(error) }
            }
            result => result.map(drop),
        }
    }
}
