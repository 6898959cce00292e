//! What a branch demands before a merge. Permission: administration.

use serde::Deserialize;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Protection {
    #[serde(deserialize_with = "null_is_empty")]
    required_status_checks: Required,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Required {
    #[serde(deserialize_with = "null_is_empty")]
    contexts: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    context: String,
}

const PROTECTION: &str = "/repos/{owner}/{repo}/branches/{branch}/protection";

impl Api {
    /// The contexts that must be green before a merge into `branch`; none where it is not protected.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such branch, and where the token may not see its protection.
    pub async fn required_contexts(&self, repo: &RepoName, branch: &str) -> Result<Vec<String>, ApiError> {
        match self.get::<Protection>(Call::get(PROTECTION, &[&repo.org, &repo.repo, branch])?).await {
            Ok(protection) => Ok(contexts(protection)),
            // The same status says that there is no branch; read as "none", a merge would go past what it demands.
            Err(error) if error.is_not_found() && error.message.contains("Branch not protected") => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// GitHub keeps the older list filled; some Enterprise servers fill only one of the two.
fn contexts(protection: Protection) -> Vec<String> {
    let Required { mut contexts, checks } = protection.required_status_checks;
    for check in checks {
        if !contexts.contains(&check.context) {
            contexts.push(check.context);
        }
    }
    contexts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_count_and_each_context_once() {
        let check = |json: &str, want: &[&str]| {
            assert_eq!(contexts(serde_json::from_str(json).unwrap()), want, "{json}");
        };
        check("{}", &[]);
        check(r#"{"required_status_checks":null}"#, &[]);
        check(
            r#"{"required_status_checks":{"contexts":["a","b"],"checks":[{"context":"b","app_id":null}]}}"#,
            &["a", "b"],
        );
        check(r#"{"required_status_checks":{"checks":[{"context":"c","app_id":7}]}}"#, &["c"]);
    }
}
