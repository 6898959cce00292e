//! What decisions are tested with: a record with all its fields, of which a test changes those that matter.
//!
//! ```
//! let closed = kit::CommentEvent { issue_state: kit::IssueState::Closed, ..kit::sample::comment("/hold") };
//! assert_eq!(closed.number, 7);
//! ```

use crate::{
    Actor, ActorKind, BranchRef, CommentAction, CommentEvent, IssueState, PullRequest, RepoRef, Repository, Text,
};

/// A person of that login.
pub fn actor(login: &str) -> Actor {
    Actor { login: login.to_owned(), id: 1, kind: ActorKind::User }
}

/// `org/repo`, whose default branch is `main`.
pub fn repository() -> Repository {
    Repository {
        ref_: RepoRef { org: "org".to_owned(), name: "repo".to_owned() },
        html_url: "https://github.com/org/repo".to_owned(),
        default_branch: "main".to_owned(),
        private: false,
        archived: false,
        fork: false,
    }
}

/// A new comment of `carol`'s on the open pull request 7, which is `somebody`'s.
pub fn comment(body: &str) -> CommentEvent {
    CommentEvent {
        action: CommentAction::Created,
        is_pr: true,
        number: 7,
        comment_id: Some(1),
        node_id: String::new(),
        body: body.to_owned(),
        html_url: "https://github.com/org/repo/pull/7#issuecomment-1".to_owned(),
        author: actor("carol"),
        issue_author: actor("somebody"),
        issue_state: IssueState::Open,
        issue_title: String::new(),
        issue_body: String::new(),
        issue_html_url: "https://github.com/org/repo/pull/7".to_owned(),
        assignees: Vec::new(),
    }
}

/// The open pull request 7 of `author`'s, from `fix` at `headsha` to `main` at `basesha`.
pub fn pull_request(author: &str) -> PullRequest {
    let branch = |name: &str, sha: &str| BranchRef { name: name.to_owned(), sha: sha.to_owned(), repo: None };
    PullRequest {
        number: 7,
        node_id: String::new(),
        title: "Fix it".to_owned(),
        body: String::new(),
        state: IssueState::Open,
        draft: false,
        merged: false,
        mergeable: None,
        author: actor(author),
        html_url: "https://github.com/org/repo/pull/7".to_owned(),
        head: branch("fix", "headsha"),
        base: branch("main", "basesha"),
        labels: Vec::new(),
        assignees: Vec::new(),
        requested_reviewers: Vec::new(),
        requested_teams: Vec::new(),
        milestone: None,
        merge_commit: None,
        additions: 1,
        deletions: 0,
        created_at: 0,
    }
}

/// A text of that id that `author` wrote.
pub fn text(id: u64, author: &str, body: &str) -> Text {
    Text {
        id,
        node_id: String::new(),
        author: actor(author),
        body: body.to_owned(),
        html_url: String::new(),
        created_at: 0,
        updated_at: 0,
    }
}
