//! The stand-in as one of its users sees it: what a person does on github.com, with that person's token.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::seen::pr_of;
use super::{Error, NewPr, Pr, Sim};

/// The stand-in as one of its users sees it.
#[derive(Debug, Clone)]
pub struct Actor {
    pub(super) sim: Sim,
    pub(super) token: String,
    pub(super) login: String,
}

impl Actor {
    /// Who it is.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The token that it acts with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Any REST call; an answer without a body is null.
    ///
    /// # Errors
    /// Any answer that is not a success.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        self.sim.send(method, path, Some(&self.token), body).await
    }

    /// Commits `files` on top of `branch` of the repository as this user would push them, and gives the commit's sha.
    /// The branch is made from `from` if it is not there.
    ///
    /// # Errors
    /// A user who may not push there is refused.
    pub async fn push(
        &self,
        repo: &str,
        branch: &str,
        from: Option<&str>,
        message: &str,
        files: &BTreeMap<String, Option<String>>,
    ) -> Result<String, Error> {
        let body = json!({ "repo": repo, "branch": branch, "from": from, "message": message, "files": files, "as": self.login });
        let answer = self.sim.admin(Method::POST, "/_sim/commits", Some(body)).await?;
        Ok(answer["sha"].as_str().unwrap_or_default().to_owned())
    }

    /// Makes this user's fork of the repository, if there is none, and gives its `owner/name`.
    ///
    /// # Errors
    /// As any call.
    pub async fn fork(&self, repo: &str) -> Result<String, Error> {
        let body = json!({ "repo": repo, "as": self.login });
        let answer = self.sim.admin(Method::POST, "/_sim/forks", Some(body)).await?;
        Ok(answer["full_name"].as_str().unwrap_or_default().to_owned())
    }

    /// Commits and opens a pull request: from a branch of the repository for those who may push there, else from a fork.
    ///
    /// # Errors
    /// As GitHub refuses: nothing to merge, or one is open for this branch.
    pub async fn open_pr(&self, repo: &str, new: &NewPr) -> Result<Pr, Error> {
        let role = self.sim.admin(Method::GET, &format!("/_sim/view/{repo}/roles/{}", self.login), None).await?;
        let may_push = matches!(role["role"].as_str(), Some("admin" | "maintain" | "write"));
        let head_repo = if may_push { repo.to_owned() } else { self.fork(repo).await? };
        self.push(&head_repo, &new.branch, Some(&new.base), &new.title, &new.files).await?;
        let owner = head_repo.split('/').next().unwrap_or_default();
        let head = if may_push { new.branch.clone() } else { format!("{owner}:{}", new.branch) };
        let body = json!({ "title": new.title, "body": new.body, "head": head, "base": new.base, "draft": new.draft });
        Ok(pr_of(&self.call(Method::POST, &format!("/repos/{repo}/pulls"), Some(body)).await?))
    }

    /// Pushes one more commit to the pull request's branch and gives the new head.
    ///
    /// # Errors
    /// As any call.
    pub async fn push_to_pr(
        &self,
        repo: &str,
        number: u64,
        message: &str,
        files: &BTreeMap<String, Option<String>>,
    ) -> Result<String, Error> {
        let pr = self.sim.pr(repo, number).await?;
        self.push(&pr.head_repo, &pr.head_ref, None, message, files).await
    }

    /// Comments on an issue or pull request and gives the comment's id.
    ///
    /// # Errors
    /// As any call.
    pub async fn comment(&self, repo: &str, number: u64, text: &str) -> Result<u64, Error> {
        let path = format!("/repos/{repo}/issues/{number}/comments");
        let answer = self.call(Method::POST, &path, Some(json!({ "body": text }))).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// Opens an issue and gives its number.
    ///
    /// # Errors
    /// As any call.
    pub async fn open_issue(&self, repo: &str, title: &str, text: &str) -> Result<u64, Error> {
        let body = json!({ "title": title, "body": text });
        let answer = self.call(Method::POST, &format!("/repos/{repo}/issues"), Some(body)).await?;
        Ok(answer["number"].as_u64().unwrap_or_default())
    }

    /// Puts a label on.
    ///
    /// # Errors
    /// As any call.
    pub async fn label(&self, repo: &str, number: u64, name: &str) -> Result<(), Error> {
        let path = format!("/repos/{repo}/issues/{number}/labels");
        self.call(Method::POST, &path, Some(json!({ "labels": [name] }))).await.map(drop)
    }

    /// Takes a label off.
    ///
    /// # Errors
    /// It is not on.
    pub async fn unlabel(&self, repo: &str, number: u64, name: &str) -> Result<(), Error> {
        let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/repos/{repo}/issues/{number}/labels/{name}");
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// Merges the pull request with a merge commit and gives that commit's sha.
    ///
    /// # Errors
    /// As GitHub refuses: 405 if it cannot be merged.
    pub async fn merge(&self, repo: &str, number: u64) -> Result<String, Error> {
        let answer = self.call(Method::PUT, &format!("/repos/{repo}/pulls/{number}/merge"), Some(json!({}))).await?;
        Ok(answer["sha"].as_str().unwrap_or_default().to_owned())
    }

    /// Closes or reopens the pull request.
    ///
    /// # Errors
    /// As any call.
    pub async fn set_pr_state(&self, repo: &str, number: u64, state: &str) -> Result<(), Error> {
        let body = json!({ "state": state });
        self.call(Method::PATCH, &format!("/repos/{repo}/pulls/{number}"), Some(body)).await.map(drop)
    }

    /// Marks the pull request as a draft.
    ///
    /// # Errors
    /// As any call.
    pub async fn convert_to_draft(&self, repo: &str, number: u64) -> Result<(), Error> {
        self.set_draft(repo, number, true).await
    }

    /// Marks the pull request as ready for review.
    ///
    /// # Errors
    /// As any call.
    pub async fn ready_for_review(&self, repo: &str, number: u64) -> Result<(), Error> {
        self.set_draft(repo, number, false).await
    }

    async fn set_draft(&self, repo: &str, number: u64, draft: bool) -> Result<(), Error> {
        let body = json!({ "repo": repo, "number": number, "draft": draft, "as": self.login });
        self.sim.admin(Method::POST, "/_sim/drafts", Some(body)).await.map(drop)
    }
}
