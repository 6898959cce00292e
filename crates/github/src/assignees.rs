//! Who an issue or pull request is assigned to. Permission: issues, or pull_requests where the issue is one.

use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::issues::Issue;
use crate::lenient::{User, has_login};
use crate::repos::RepoName;

const ASSIGNEES: &str = "/repos/{owner}/{repo}/issues/{issue_number}/assignees";

impl Api {
    /// Assigns an issue or pull request to `logins`, and gives those of them that GitHub left out.
    ///
    /// Behaviour: GitHub takes those who can be assigned, ten in all, and is silent about the others; so its answer is
    /// compared with what was asked. Logins are compared without regard to case.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn assign(&self, repo: &RepoName, number: u64, logins: &[String]) -> Result<Vec<String>, ApiError> {
        if logins.is_empty() {
            return Ok(Vec::new());
        }
        let call = Call::post(ASSIGNEES, &[&repo.org, &repo.repo, &number.to_string()])?;
        let issue: Option<Issue> =
            self.send_and_look(call.with_body(&json!({ "assignees": logins })), "assign").await?;
        Ok(issue.map(|issue| left_out(logins, &issue.assignees)).unwrap_or_default())
    }

    /// Takes the assignment from `logins`; success for those who are not assigned.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Other`] where GitHub left somebody assigned all the same.
    pub async fn unassign(&self, repo: &RepoName, number: u64, logins: &[String]) -> Result<(), ApiError> {
        if logins.is_empty() {
            return Ok(());
        }
        let call = Call::delete(ASSIGNEES, &[&repo.org, &repo.repo, &number.to_string()])?;
        let (method, path) = (call.method_name(), call.path.clone());
        let call = call.with_body(&json!({ "assignees": logins }));
        let Some(issue): Option<Issue> = self.send_and_look(call, "take an assignment back").await? else {
            return Ok(());
        };
        let kept: Vec<&str> =
            logins.iter().map(String::as_str).filter(|login| has_login(&issue.assignees, login)).collect();
        if kept.is_empty() {
            return Ok(());
        }
        Err(ApiError::other(method, &path, format!("GitHub left {} assigned", kept.join(", "))))
    }
}

fn left_out(asked: &[String], assigned: &[User]) -> Vec<String> {
    asked.iter().filter(|login| !has_login(assigned, login)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whom_the_answer_does_not_name_are_left_out() {
        let check = |asked: &[&str], assigned: &[&str], want: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|login| (*login).to_owned()).collect();
            let assigned: Vec<User> =
                assigned.iter().map(|login| User { login: (*login).into(), ..User::default() }).collect();
            assert_eq!(left_out(&asked, &assigned), want, "{asked:?}");
        };
        check(&["alice", "bob"], &["alice", "bob", "carol"], &[]);
        check(&["alice", "bob"], &["alice"], &["bob"]);
        check(&["Alice"], &["alice"], &[]);
        check(&["bob", "carol"], &[], &["bob", "carol"]);
    }
}
