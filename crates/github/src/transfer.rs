//! Moving an issue to another repository. Permission: issues, in both. REST has no call for it.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::graphql::{Operation, operation};
use crate::issues::ISSUE;
use crate::repos::RepoName;

const TRANSFER: Operation = operation!(
    TransferIssue,
    true,
    "mutation TransferIssue($issue: ID!, $repository: ID!) {
  transferIssue(input: {issueId: $issue, repositoryId: $repository}) { issue { number } }
}"
);

#[derive(Serialize)]
struct Variables<'a> {
    issue: &'a str,
    repository: &'a str,
}

#[derive(Default, Deserialize)]
struct Transferred {
    #[serde(rename = "transferIssue")]
    payload: Payload,
}

#[derive(Default, Deserialize)]
struct Payload {
    issue: Moved,
}

#[derive(Default, Deserialize)]
struct Moved {
    number: u64,
}

/// Where an issue says that it is.
#[derive(Deserialize)]
struct Place {
    number: u64,
    repository_url: String,
}

impl Api {
    /// Moves an issue to another repository of the same owner and gives its new number; 0 in a dry run. The token must
    /// cover both. Whether it was made, [`Self::find_transferred`] tells.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue or repository, or it is a pull request;
    /// [`crate::ApiErrorKind::Unprocessable`] where the other repository takes none.
    pub async fn transfer(&self, repo: &RepoName, number: u64, to: &RepoName) -> Result<u64, ApiError> {
        let (issue, target) = (self.get_issue(repo, number).await?, self.get_repository(to).await?);
        let variables = Variables { issue: &issue.node_id, repository: &target.node_id };
        let moved: Transferred = self.mutate(&TRANSFER, &variables, "transfer an issue").await?;
        Ok(moved.payload.issue.number)
    }

    /// Where an issue of `repo` has been transferred to; `None` if it is still there.
    ///
    /// Behaviour: GitHub redirects from the old number to the new place.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there never was such an issue, it was deleted, or the token may not see
    /// where it is now.
    pub async fn find_transferred(&self, repo: &RepoName, number: u64) -> Result<Option<(RepoName, u64)>, ApiError> {
        let call = Call::get(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?;
        let (method, path) = (call.method_name(), call.path.clone());
        let place: Place = self.get(call).await?;
        let unreadable = || ApiError::other(method, &path, format!("`{}` names no repository", place.repository_url));
        let now = repository_in(&place.repository_url).ok_or_else(unreadable)?;
        let same = now.org.eq_ignore_ascii_case(&repo.org) && now.repo.eq_ignore_ascii_case(&repo.repo);
        // A repository that was renamed has a new name, but the issue its old number.
        let moved = !same && (place.number != number || !self.is_renamed(repo, &now).await?);
        Ok(moved.then_some((now, place.number)))
    }

    /// Whether `repo` is an old name of `now`.
    async fn is_renamed(&self, repo: &RepoName, now: &RepoName) -> Result<bool, ApiError> {
        let present = self.get_repository(repo).await?.full_name;
        Ok(present.eq_ignore_ascii_case(&now.to_string()))
    }
}

fn repository_in(url: &str) -> Option<RepoName> {
    url.rsplit_once("/repos/")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_read_from_its_url() {
        let check = |url: &str, want: Option<RepoName>| assert_eq!(repository_in(url), want, "{url}");
        check("https://api.github.com/repos/o/r", Some(RepoName::new("o", "r")));
        check("https://ghe/api/v3/repos/o/r", Some(RepoName::new("o", "r")));
        check("https://api.github.com/repos/o/r/issues/1", None);
        check("https://api.github.com/users/o", None);
    }
}
