//! Pull requests and their reviews.

use serde_json::{Value, json};

use super::{View, extend, node_id};
use crate::facts::Facts;
use crate::world::{Issue, Pull, Repo, Review};

impl View<'_> {
    /// The pull request's URL in the API.
    pub(crate) fn pull_url(&self, repo: &Repo, number: u64) -> String {
        format!("{}/pulls/{number}", self.repo_url(repo))
    }

    /// A pull request as it stands in lists.
    pub(crate) fn pull(&self, repo: &Repo, issue: &Issue, pull: &Pull) -> Value {
        let (api, html) = (self.pull_url(repo, issue.number), self.issue_html(repo, issue));
        let issue_url = format!("{}/issues/{}", self.repo_url(repo), issue.number);
        let statuses_url = format!("{}/statuses/{}", self.repo_url(repo), pull.head_sha);
        let review_comment_url = format!("{}/pulls/comments{{/number}}", self.repo_url(repo));
        let assignees: Vec<Value> = issue.assignees.iter().map(|login| self.account(login)).collect();
        let reviewers: Vec<Value> = pull.requested_reviewers.iter().map(|login| self.account(login)).collect();
        let teams: Vec<Value> =
            pull.requested_teams.iter().filter_map(|slug| self.team_of(&repo.owner, slug)).collect();
        let head_repo = self.world.repo(&pull.head_repo).map(|head| self.repo(head));
        json!({
            "url": api,
            "id": pull.id,
            "node_id": node_id("PR", pull.id),
            "html_url": html,
            "diff_url": format!("{html}.diff"),
            "patch_url": format!("{html}.patch"),
            "issue_url": issue_url,
            "commits_url": format!("{api}/commits"),
            "review_comments_url": format!("{api}/comments"),
            "review_comment_url": review_comment_url,
            "comments_url": format!("{issue_url}/comments"),
            "statuses_url": statuses_url,
            "number": issue.number,
            "state": issue.state,
            "locked": false,
            "title": issue.title,
            "user": self.account(&issue.author),
            "body": issue.body,
            "labels": self.labels_of(repo, issue),
            "milestone": self.milestone_of(repo, issue.milestone),
            "active_lock_reason": null,
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "closed_at": issue.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_commit_sha,
            "assignee": assignees.first(),
            "assignees": assignees,
            "requested_reviewers": reviewers,
            "requested_teams": teams,
            "head": {
                "label": format!("{}:{}", pull.head_owner, pull.head_ref),
                "ref": pull.head_ref,
                "sha": pull.head_sha,
                "user": self.account(&pull.head_owner),
                "repo": head_repo,
            },
            "base": {
                "label": format!("{}:{}", repo.owner, pull.base_ref),
                "ref": pull.base_ref,
                "sha": pull.base_sha,
                "user": self.account(&repo.owner),
                "repo": self.repo(repo),
            },
            "_links": {
                "self": { "href": api },
                "html": { "href": html },
                "issue": { "href": issue_url },
                "comments": { "href": format!("{issue_url}/comments") },
                "review_comments": { "href": format!("{api}/comments") },
                "review_comment": { "href": review_comment_url },
                "commits": { "href": format!("{api}/commits") },
                "statuses": { "href": statuses_url },
            },
            "author_association": self.association(repo, &issue.author),
            "auto_merge": null,
            "draft": pull.draft,
        })
    }

    /// A pull request with what only git knows of it. Without `facts` GitHub has not worked it out yet: `mergeable` is
    /// null and nothing is counted.
    pub(crate) fn pull_in_full(&self, repo: &Repo, issue: &Issue, pull: &Pull, facts: Option<&Facts>) -> Value {
        let mut value = self.pull(repo, issue, pull);
        let open = pull.merged_at.is_none() && issue.closed_at.is_none();
        let mergeable = facts.filter(|_| open).map(|facts| facts.mergeable);
        let mergeable_state = match mergeable {
            None => "unknown",
            Some(false) => "dirty",
            Some(true) if pull.draft => "draft",
            Some(true) => "clean",
        };
        let files = facts.map_or(&[][..], |facts| &facts.files);
        extend(
            &mut value,
            json!({
                "merged": pull.merged_at.is_some(),
                "mergeable": mergeable,
                "rebaseable": mergeable,
                "mergeable_state": mergeable_state,
                "merged_by": pull.merged_by.as_deref().map(|login| self.account(login)),
                "comments": issue.comments.len(),
                "review_comments": pull.review_comments.len(),
                "maintainer_can_modify": false,
                "commits": facts.map_or(0, |facts| facts.commits.len()),
                "additions": files.iter().map(|file| file.additions).sum::<u64>(),
                "deletions": files.iter().map(|file| file.deletions).sum::<u64>(),
                "changed_files": files.len(),
            }),
        );
        value
    }

    /// A review.
    pub(crate) fn review(&self, repo: &Repo, issue: &Issue, review: &Review) -> Value {
        let html = format!("{}#pullrequestreview-{}", self.issue_html(repo, issue), review.id);
        let api = self.pull_url(repo, issue.number);
        json!({
            "id": review.id,
            "node_id": node_id("PRR", review.id),
            "user": self.account(&review.author),
            "body": review.body,
            "state": review.state,
            "html_url": html,
            "pull_request_url": api,
            "author_association": self.association(repo, &review.author),
            "_links": { "html": { "href": html }, "pull_request": { "href": api } },
            "submitted_at": review.submitted_at,
            "commit_id": review.commit_id,
        })
    }
}
