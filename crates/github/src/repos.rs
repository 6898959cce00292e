//! Repositories. Permission: metadata.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};

/// `org/repo`, its two halves told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoName {
    /// The owner: an organisation's or a user's login.
    pub org: String,
    /// The repository's own name.
    pub repo: String,
}

impl RepoName {
    /// The repository `repo` of `org`.
    pub fn new(org: impl Into<String>, repo: impl Into<String>) -> Self {
        Self { org: org.into(), repo: repo.into() }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.org, self.repo)
    }
}

impl FromStr for RepoName {
    type Err = String;

    /// # Errors
    /// Says what is wrong where the text is not exactly two names with a slash between them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((org, repo)) if !org.is_empty() && !repo.is_empty() && !repo.contains('/') => Ok(Self::new(org, repo)),
            _ => Err(format!("`{text}` is not of the form org/repo")),
        }
    }
}

/// A repository as GitHub describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repo {
    /// Its id, which a rename leaves as it is.
    pub id: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// Its name without the owner.
    pub name: String,
    /// `org/repo`.
    pub full_name: String,
    /// Whose it is.
    #[serde(deserialize_with = "null_is_empty")]
    pub owner: User,
    /// Whether only some may see it.
    pub private: bool,
    /// Whether it was forked from another.
    pub fork: bool,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether it has issues.
    pub has_issues: bool,
    /// The branch that clones check out.
    #[serde(deserialize_with = "null_is_empty")]
    pub default_branch: String,
    /// One line about it.
    pub description: Option<String>,
    /// Its page.
    pub html_url: String,
    /// Where git clones it from over https.
    #[serde(deserialize_with = "null_is_empty")]
    pub clone_url: String,
}

pub(crate) const REPO: &str = "/repos/{owner}/{repo}";
const ORG_REPOS: &str = "/orgs/{org}/repos";

impl Api {
    /// The repository itself. A name it bore before is followed to its present one.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where the token may not see it.
    pub async fn get_repository(&self, repo: &RepoName) -> Result<Repo, ApiError> {
        self.get(Call::get(REPO, &[&repo.org, &repo.repo])?).await
    }

    /// All repositories of an organisation that the token may see.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such organisation.
    pub async fn list_repositories(&self, org: &str) -> Result<Vec<Repo>, ApiError> {
        self.list(Call::get(ORG_REPOS, &[org])?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_two_parts() {
        let check = |text: &str, want: Option<RepoName>| assert_eq!(text.parse().ok(), want, "{text:?}");
        check("my-org/hello", Some(RepoName::new("my-org", "hello")));
        for bad in ["", "hello", "/hello", "my-org/", "a/b/c"] {
            check(bad, None);
        }
    }
}
