//! Comments on lines of a change.

use serde_json::{Value, json};

use super::reactions::reactions;
use super::{View, node_id};
use crate::world::{Issue, Repo, ReviewComment};

impl View<'_> {
    /// A comment on a line. Its position is null once the head has moved on: nobody works out here whether the line is
    /// still there.
    pub(crate) fn review_comment(&self, repo: &Repo, issue: &Issue, comment: &ReviewComment) -> Value {
        let api = format!("{}/pulls/comments/{}", self.repo_url(repo), comment.id);
        let html = format!("{}#discussion_r{}", self.issue_html(repo, issue), comment.id);
        let pull = self.pull_url(repo, issue.number);
        let head = issue.pull.as_ref().map(|pull| pull.head_sha.as_str());
        json!({
            "id": comment.id,
            "node_id": node_id("PRRC", comment.id),
            "url": api,
            "html_url": html,
            "pull_request_url": pull,
            "pull_request_review_id": comment.review,
            "user": self.account(&comment.author),
            "body": comment.body,
            "path": comment.path,
            "diff_hunk": comment.diff_hunk,
            "position": (head == Some(comment.commit_id.as_str())).then_some(comment.position),
            "original_position": comment.position,
            "commit_id": head.unwrap_or(&comment.commit_id),
            "original_commit_id": comment.commit_id,
            "created_at": comment.created_at,
            "updated_at": comment.created_at,
            "author_association": self.association(repo, &comment.author),
            "_links": { "self": { "href": api }, "html": { "href": html }, "pull_request": { "href": pull } },
            "reactions": reactions(&api, &[]),
        })
    }
}
