//! From GitHub's answers to the contract's records, and from the contract's to GitHub's requests.

use jiff::Timestamp;

use super::{number, split};
use crate::contract::github_actions_read::WorkflowRun;
use crate::contract::github_checks_read::CheckRun;
use crate::contract::github_checks_write::NewCheckRun;
use crate::contract::github_pull_requests_read::{MergeState, Review, ReviewComment};
use crate::contract::github_pull_requests_write::{LineComment, Verdict};
use crate::contract::github_statuses_read::CommitStatus;
use crate::contract::github_types as gh;
use crate::contract::types as wit;

fn fetched_actor(user: github::User) -> wit::Actor {
    let kind = match user.kind.as_str() {
        "User" => wit::ActorKind::User,
        "Bot" if user.login.ends_with("[bot]") => wit::ActorKind::App,
        "Bot" => wit::ActorKind::Bot,
        "Organization" => wit::ActorKind::Organization,
        _ => wit::ActorKind::Other,
    };
    wit::Actor { login: user.login, id: user.id, kind }
}

fn fetched_state(state: &str) -> wit::IssueState {
    if state == "closed" { wit::IssueState::Closed } else { wit::IssueState::Open }
}

/// The names of labels.
pub(crate) fn label_names(labels: Vec<github::Label>) -> Vec<String> {
    labels.into_iter().map(|l| l.name).collect()
}

/// A comment on an issue or pull request.
pub(crate) fn comment(comment: github::Comment) -> wit::Text {
    wit::Text {
        id: comment.id,
        node_id: comment.node_id,
        author: fetched_actor(comment.user),
        body: comment.body,
        html_url: comment.html_url,
        created_at: millis(comment.created_at),
        updated_at: millis(comment.updated_at.or(comment.created_at)),
    }
}

/// A commit's status in one context.
pub(crate) fn commit_status(status: github::Status) -> CommitStatus {
    let state = match status.state {
        // A word that GitHub did not have when this was written is no failure that anyone asked to see again.
        github::StatusState::Pending | github::StatusState::Unknown => "pending",
        github::StatusState::Success => "success",
        github::StatusState::Failure => "failure",
        github::StatusState::Error => "error",
    };
    CommitStatus {
        context: status.context,
        state: state.to_owned(),
        description: status.description,
        target_url: status.target_url,
    }
}

/// A repository.
pub(crate) fn fetched_repository(repo: github::Repo) -> wit::Repository {
    wit::Repository {
        ref_: split(&repo.full_name).unwrap_or(wit::RepoRef { org: repo.owner.login, name: repo.name }),
        html_url: repo.html_url,
        default_branch: repo.default_branch,
        private: repo.private,
        archived: repo.archived,
        fork: repo.fork,
    }
}

/// An issue, or the issue's half of a pull request.
pub(crate) fn fetched_issue(issue: github::Issue) -> wit::Issue {
    wit::Issue {
        number: number(issue.number),
        node_id: issue.node_id,
        title: issue.title,
        body: issue.body,
        state: fetched_state(&issue.state),
        author: fetched_actor(issue.user),
        html_url: issue.html_url,
        labels: label_names(issue.labels),
        assignees: fetched_logins(issue.assignees),
        is_pr: issue.is_pull_request,
        milestone: issue.milestone.map(|milestone| milestone.title),
        created_at: millis(issue.created_at),
    }
}

/// A pull request.
pub(crate) fn fetched_pull(pr: github::PullRequest) -> wit::PullRequest {
    wit::PullRequest {
        number: number(pr.number),
        node_id: pr.node_id,
        title: pr.title,
        body: pr.body,
        state: fetched_state(&pr.state),
        draft: pr.draft,
        merged: pr.merged,
        mergeable: pr.mergeable,
        author: fetched_actor(pr.user),
        html_url: pr.html_url,
        head: fetched_branch(pr.head),
        base: fetched_branch(pr.base),
        labels: label_names(pr.labels),
        assignees: fetched_logins(pr.assignees),
        requested_reviewers: fetched_logins(pr.requested_reviewers),
        requested_teams: pr.requested_teams.into_iter().map(|team| team.slug).collect(),
        milestone: pr.milestone.map(|milestone| milestone.title),
        merge_commit: pr.merge_commit_sha.filter(|_| pr.merged),
        additions: count(pr.additions),
        deletions: count(pr.deletions),
        created_at: millis(pr.created_at),
    }
}

fn fetched_branch(branch: github::Branch) -> wit::BranchRef {
    let repo = branch.repo.and_then(|r| split(&r.full_name));
    wit::BranchRef { name: branch.name, sha: branch.sha, repo }
}

/// 0 where GitHub does not say.
pub(super) fn millis(at: Option<Timestamp>) -> u64 {
    at.and_then(|at| u64::try_from(at.as_millisecond()).ok()).unwrap_or_default()
}

fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The logins of accounts.
pub(crate) fn fetched_logins(users: Vec<github::User>) -> Vec<String> {
    users.into_iter().map(|user| user.login).collect()
}

/// What an account may do in a repository.
pub(crate) fn permission_level(level: github::PermissionLevel) -> gh::PermissionLevel {
    use github::PermissionLevel as Level;
    match level {
        Level::None => gh::PermissionLevel::None,
        Level::Read => gh::PermissionLevel::Read,
        Level::Triage => gh::PermissionLevel::Triage,
        Level::Write => gh::PermissionLevel::Write,
        Level::Maintain => gh::PermissionLevel::Maintain,
        Level::Admin => gh::PermissionLevel::Admin,
    }
}

/// A team.
pub(crate) fn team(team: github::Team) -> gh::Team {
    gh::Team { slug: team.slug, name: team.name, id: team.id }
}

/// A commit.
pub(crate) fn commit(commit: github::Commit) -> gh::Commit {
    gh::Commit {
        sha: commit.sha,
        tree: commit.commit.tree.sha,
        parents: commit.parents.into_iter().map(|parent| parent.sha).collect(),
        message: commit.commit.message,
        author_name: commit.commit.author.name,
        author_email: commit.commit.author.email,
        author: commit.author.map(fetched_actor),
        html_url: commit.html_url,
    }
}

/// A status to be set; none if its state is none of GitHub's.
pub(crate) fn new_status(status: &CommitStatus) -> Option<github::NewStatus> {
    let state = match status.state.as_str() {
        "pending" => github::StatusState::Pending,
        "success" => github::StatusState::Success,
        "failure" => github::StatusState::Failure,
        "error" => github::StatusState::Error,
        _ => return None,
    };
    Some(github::NewStatus {
        state,
        context: status.context.clone(),
        description: status.description.clone(),
        target_url: status.target_url.clone(),
    })
}

/// A check run.
pub(crate) fn check_run(run: github::CheckRun) -> CheckRun {
    CheckRun {
        id: run.id,
        name: run.name,
        status: run.status,
        conclusion: run.conclusion,
        app: run.app.map(|app| app.slug),
        html_url: run.html_url,
    }
}

/// A check run to be made, which is found again by `external_id`.
pub(crate) fn new_check_run(run: &NewCheckRun, external_id: String) -> github::NewCheckRun {
    github::NewCheckRun {
        name: run.name.clone(),
        head_sha: run.head_sha.clone(),
        conclusion: run.conclusion.clone(),
        title: run.title.clone(),
        summary: run.summary.clone(),
        details_url: run.details_url.clone(),
        external_id,
    }
}

/// A run of GitHub Actions.
pub(crate) fn workflow_run(run: github::WorkflowRun) -> WorkflowRun {
    WorkflowRun {
        id: run.id,
        name: run.name,
        event: run.event,
        head_sha: run.head_sha,
        status: run.status,
        conclusion: run.conclusion,
        attempt: run.attempt,
        html_url: run.html_url,
    }
}

/// One line of an issue's history.
pub(crate) fn history_entry(entry: github::HistoryEntry) -> gh::HistoryEntry {
    gh::HistoryEntry {
        kind: entry.event,
        actor: entry.actor.map(fetched_actor),
        label: entry.label.map(|label| label.name),
        created_at: millis(entry.created_at),
    }
}

/// A label of a repository.
pub(crate) fn label(label: github::Label) -> gh::Label {
    gh::Label { name: label.name, color: label.color, description: label.description.unwrap_or_default() }
}

/// A milestone.
pub(crate) fn milestone(milestone: github::Milestone) -> gh::Milestone {
    let is_open = milestone.state != "closed";
    gh::Milestone { number: number(milestone.number), title: milestone.title, is_open }
}

/// Whether a pull request can be merged.
pub(crate) fn merge_state(state: github::MergeState) -> MergeState {
    MergeState {
        number: number(state.number),
        mergeable: state.mergeable,
        labels: state.labels,
        author: state.author,
        head: state.head,
    }
}

/// The path of a changed file, by its new name.
pub(crate) fn changed_path(file: github::ChangedFile) -> String {
    file.filename
}

/// A changed file.
pub(crate) fn changed_file(file: github::ChangedFile) -> gh::ChangedFile {
    let kind = match file.status.as_str() {
        "added" => gh::ChangeKind::Added,
        "removed" => gh::ChangeKind::Removed,
        "modified" => gh::ChangeKind::Modified,
        "renamed" => gh::ChangeKind::Renamed,
        "copied" => gh::ChangeKind::Copied,
        "unchanged" => gh::ChangeKind::Unchanged,
        _ => gh::ChangeKind::Changed,
    };
    gh::ChangedFile {
        path: file.filename,
        previous_path: file.previous_filename,
        kind,
        additions: count(file.additions),
        deletions: count(file.deletions),
        patch: file.patch,
    }
}

/// A review.
pub(crate) fn review(review: github::Review) -> Review {
    let state = match review.state.to_ascii_lowercase().as_str() {
        "approved" => wit::ReviewState::Approved,
        "changes_requested" => wit::ReviewState::ChangesRequested,
        "commented" => wit::ReviewState::Commented,
        "dismissed" => wit::ReviewState::Dismissed,
        "pending" => wit::ReviewState::Pending,
        _ => wit::ReviewState::Other,
    };
    let text = wit::Text {
        id: review.id,
        node_id: review.node_id,
        author: fetched_actor(review.user),
        body: review.body,
        html_url: review.html_url,
        created_at: millis(review.submitted_at),
        updated_at: millis(review.submitted_at),
    };
    Review { text, state, commit: review.commit_id }
}

/// A comment on a line.
pub(crate) fn review_comment(comment: github::ReviewComment) -> ReviewComment {
    let text = wit::Text {
        id: comment.id,
        node_id: comment.node_id,
        author: fetched_actor(comment.user),
        body: comment.body,
        html_url: comment.html_url,
        created_at: millis(comment.created_at),
        updated_at: millis(comment.updated_at.or(comment.created_at)),
    };
    ReviewComment { text, path: comment.path, position: comment.position }
}

/// A comment on a line, to be made.
pub(crate) fn line_comment(comment: LineComment) -> github::LineComment {
    github::LineComment { path: comment.path, position: comment.position, body: comment.body }
}

/// What a review says of the whole.
pub(crate) fn verdict(verdict: Verdict) -> github::Verdict {
    match verdict {
        Verdict::Approve => github::Verdict::Approve,
        Verdict::RequestChanges => github::Verdict::RequestChanges,
        Verdict::Comment => github::Verdict::Comment,
    }
}

/// An emoji.
pub(crate) fn reaction(reaction: gh::Reaction) -> github::Reaction {
    use gh::Reaction as Given;
    match reaction {
        Given::PlusOne => github::Reaction::PlusOne,
        Given::MinusOne => github::Reaction::MinusOne,
        Given::Laugh => github::Reaction::Laugh,
        Given::Confused => github::Reaction::Confused,
        Given::Heart => github::Reaction::Heart,
        Given::Hooray => github::Reaction::Hooray,
        Given::Rocket => github::Reaction::Rocket,
        Given::Eyes => github::Reaction::Eyes,
    }
}
