//! Issues and their comments.

use serde_json::{Value, json};

use super::reactions::reactions;
use super::{View, extend, node_id};
use crate::roles;
use crate::world::{Comment, Issue, Repo, key};

impl View<'_> {
    /// An issue, or the issue side of a pull request.
    pub(crate) fn issue(&self, repo: &Repo, issue: &Issue) -> Value {
        let api = format!("{}/issues/{}", self.repo_url(repo), issue.number);
        let assignees: Vec<Value> = issue.assignees.iter().map(|login| self.account(login)).collect();
        let mut value = json!({
            "url": api,
            "repository_url": self.repo_url(repo),
            "labels_url": format!("{api}/labels{{/name}}"),
            "comments_url": format!("{api}/comments"),
            "events_url": format!("{api}/events"),
            "html_url": self.issue_html(repo, issue),
            "id": issue.id,
            "node_id": self.issue_node(issue),
            "number": issue.number,
            "title": issue.title,
            "user": self.account(&issue.author),
            "labels": self.labels_of(repo, issue),
            "state": issue.state,
            "state_reason": issue.state_reason,
            "locked": false,
            "assignee": assignees.first(),
            "assignees": assignees,
            "milestone": self.milestone_of(repo, issue.milestone),
            "comments": issue.comments.len(),
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "closed_at": issue.closed_at,
            "author_association": self.association(repo, &issue.author),
            "active_lock_reason": null,
            "body": issue.body,
            "reactions": reactions(&api, &issue.reactions),
            "timeline_url": format!("{api}/timeline"),
            "performed_via_github_app": null,
        });
        if let Some(pull) = &issue.pull {
            let (pull_api, html) = (self.pull_url(repo, issue.number), self.issue_html(repo, issue));
            let links = json!({
                "url": pull_api, "html_url": html, "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"), "merged_at": pull.merged_at,
            });
            extend(&mut value, json!({ "draft": pull.draft, "pull_request": links }));
        }
        value
    }

    /// Its id in GraphQL, where a pull request is not also an issue.
    pub(crate) fn issue_node(&self, issue: &Issue) -> Value {
        issue.pull.as_ref().map_or_else(|| node_id("I", issue.id), |pull| node_id("PR", pull.id))
    }

    /// An issue as `GET /repos/{owner}/{repo}/issues/{issue_number}` gives it.
    pub(crate) fn issue_in_full(&self, repo: &Repo, issue: &Issue) -> Value {
        let mut value = self.issue(repo, issue);
        extend(&mut value, json!({ "closed_by": issue.closed_by.as_deref().map(|login| self.account(login)) }));
        value
    }

    /// The page of an issue or pull request.
    pub(crate) fn issue_html(&self, repo: &Repo, issue: &Issue) -> String {
        let kind = if issue.pull.is_some() { "pull" } else { "issues" };
        format!("{}/{kind}/{}", self.repo_html(repo), issue.number)
    }

    /// The labels that are on it.
    pub(crate) fn labels_of(&self, repo: &Repo, issue: &Issue) -> Vec<Value> {
        let found = issue.labels.iter().filter_map(|id| repo.labels.iter().find(|label| label.id == *id));
        found.map(|label| self.label(repo, label)).collect()
    }

    /// A comment.
    pub(crate) fn comment(&self, repo: &Repo, issue: &Issue, comment: &Comment) -> Value {
        let api = format!("{}/issues/comments/{}", self.repo_url(repo), comment.id);
        json!({
            "url": api,
            "html_url": format!("{}#issuecomment-{}", self.issue_html(repo, issue), comment.id),
            "issue_url": format!("{}/issues/{}", self.repo_url(repo), issue.number),
            "id": comment.id,
            "node_id": node_id("IC", comment.id),
            "user": self.account(&comment.author),
            "created_at": comment.created_at,
            "updated_at": comment.updated_at,
            "author_association": self.association(repo, &comment.author),
            "body": comment.body,
            "reactions": reactions(&api, &comment.reactions),
            "performed_via_github_app": null,
        })
    }

    /// What the author is to the repository, in GitHub's words.
    pub(crate) fn association(&self, repo: &Repo, login: &str) -> &'static str {
        if repo.owner.eq_ignore_ascii_case(login) {
            return "OWNER";
        }
        if roles::is_member(self.world, &repo.owner, login) {
            return "MEMBER";
        }
        if repo.collaborators.contains_key(&key(login)) {
            return "COLLABORATOR";
        }
        let merged = |issue: &Issue| {
            issue.author.eq_ignore_ascii_case(login) && issue.pull.as_ref().is_some_and(|p| p.merged_at.is_some())
        };
        if repo.issues.values().any(merged) { "CONTRIBUTOR" } else { "NONE" }
    }
}
