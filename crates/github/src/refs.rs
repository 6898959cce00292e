//! Git references. Permission: contents.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind};
use crate::repos::RepoName;

/// A reference and what it points to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitRef {
    /// Its full name: `refs/heads/main`.
    #[serde(rename = "ref")]
    pub name: String,
    /// What it points to.
    pub object: GitObject,
}

/// A commit or an annotated tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitObject {
    /// Its hash.
    pub sha: String,
    /// `commit` or `tag`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// One reference, or, from servers that take the name for a prefix, all that begin with it.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(GitRef),
    Many(Vec<GitRef>),
}

const REF: &str = "/repos/{owner}/{repo}/git/ref/{*ref}";
const REFS: &str = "/repos/{owner}/{repo}/git/refs/{*ref}";

impl Api {
    /// What `heads/NAME` or `tags/NAME` points to. Only the exact name counts, also where others begin with it.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such reference; another error where the server knows only
    /// longer names.
    pub async fn get_ref(&self, repo: &RepoName, name: &str) -> Result<GitRef, ApiError> {
        let call = Call::get(REF, &[&repo.org, &repo.repo, name])?;
        let (method, path) = (call.method_name(), call.path.clone());
        let found = match self.get(call).await? {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        };
        let longer = found.len();
        exact(found, name).ok_or_else(|| {
            ApiError::other(method, &path, format!("no reference `{name}`, but {longer} that begin with it"))
        })
    }

    /// Removes `heads/NAME` or `tags/NAME`; success if it is gone already.
    ///
    /// # Errors
    /// [`ApiErrorKind::Unprocessable`] where the branch is protected.
    pub async fn delete_ref(&self, repo: &RepoName, name: &str) -> Result<(), ApiError> {
        let call = Call::delete(REFS, &[&repo.org, &repo.repo, name])?;
        match self.send(call, "delete a reference").await {
            // GitHub's status is the same for a branch that it protects, so that its words decide.
            Err(error)
                if error.kind == ApiErrorKind::Unprocessable && error.message.contains("Reference does not exist") =>
            {
                Ok(())
            }
            result => result,
        }
    }
}

fn exact(found: Vec<GitRef>, name: &str) -> Option<GitRef> {
    found.into_iter().find(|found| found.name.strip_prefix("refs/").unwrap_or(&found.name) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_name_counts() {
        let refs = |names: &[&str]| -> Vec<GitRef> {
            names.iter().map(|name| GitRef { name: (*name).into(), ..GitRef::default() }).collect()
        };
        let check = |names: &[&str], want: Option<&str>| {
            assert_eq!(exact(refs(names), "heads/main").map(|r| r.name), want.map(String::from), "{names:?}");
        };
        check(&["refs/heads/main"], Some("refs/heads/main"));
        check(&["refs/heads/main-2", "refs/heads/main"], Some("refs/heads/main"));
        check(&["refs/heads/main-2", "refs/heads/main-3"], None);
        check(&[], None);
    }
}
