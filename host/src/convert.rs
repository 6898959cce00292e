//! From what GitHub said (an event, an answer) to the contract's records.

mod clusters;
mod fetched;
mod git;
mod services;

pub(crate) use clusters::*;
pub(crate) use fetched::*;
pub(crate) use git::*;
pub(crate) use services::*;

use prow::actor::{self, ActorKind};
use prow::event::{Event, EventBody};
use prow::{check, issue, pull_request, push};

use crate::contract::types as wit;
use crate::envelope::Envelope;

/// The family of an event, as plugins name it when they say what they want.
pub(crate) fn kind(event: &Event) -> wit::EventKind {
    match &event.body {
        EventBody::Issues(_) => wit::EventKind::Issue,
        EventBody::IssueComment(_) => wit::EventKind::IssueComment,
        EventBody::PullRequest(_) => wit::EventKind::PullRequest,
        EventBody::Review(_) => wit::EventKind::PullRequestReview,
        EventBody::ReviewComment(_) => wit::EventKind::PullRequestReviewComment,
        EventBody::Push(_) => wit::EventKind::Push,
        EventBody::Status(_) => wit::EventKind::Status,
        EventBody::CheckRun(_) => wit::EventKind::CheckRun,
        EventBody::CheckSuite(_) => wit::EventKind::CheckSuite,
        EventBody::WorkflowRun(_) => wit::EventKind::WorkflowRun,
        EventBody::Other { .. } => wit::EventKind::Other,
    }
}

/// The number that an event is about, and whether it is a pull request's.
pub(crate) fn thread(event: &Event) -> Option<(u64, bool)> {
    match &event.body {
        EventBody::Issues(e) => Some((e.issue.number, e.issue.is_pr)),
        EventBody::IssueComment(e) => Some((e.issue.number, e.issue.is_pr)),
        EventBody::PullRequest(e) => Some((e.pull_request.number, true)),
        EventBody::Review(e) => Some((e.pull_request.number, true)),
        EventBody::ReviewComment(e) => Some((e.pull_request.number, true)),
        EventBody::Push(_)
        | EventBody::Status(_)
        | EventBody::CheckRun(_)
        | EventBody::CheckSuite(_)
        | EventBody::WorkflowRun(_)
        | EventBody::Other { .. } => None,
    }
}

/// The event by its own type.
pub(crate) fn typed(event: &Event, envelope: Envelope<'_>) -> wit::Event {
    let body = match &event.body {
        EventBody::Issues(e) => {
            let (label, title_from) = (e.label.clone(), e.title_from.clone());
            wit::EventBody::Issue(wit::IssueEvent { issue: issue(&e.issue), label, title_from })
        }
        EventBody::IssueComment(e) => {
            wit::EventBody::IssueComment(wit::IssueCommentEvent { issue: issue(&e.issue), comment: text(&e.comment) })
        }
        EventBody::PullRequest(e) => wit::EventBody::PullRequest(wit::PullRequestEvent {
            pull_request: pull(&e.pull_request),
            label: e.label.clone(),
            base_changed: e.base_changed,
            title_from: e.title_from.clone(),
            before: e.before.clone(),
        }),
        EventBody::Review(e) => wit::EventBody::Review(wit::ReviewEvent {
            pull_request: pull(&e.pull_request),
            state: review_state(&e.state),
            review: text(&e.review),
        }),
        EventBody::ReviewComment(e) => wit::EventBody::ReviewComment(wit::ReviewCommentEvent {
            pull_request: pull(&e.pull_request),
            comment: text(&e.comment),
            path: e.path.clone(),
        }),
        EventBody::Push(e) => wit::EventBody::Push(push_event(e)),
        EventBody::Status(e) => wit::EventBody::Status(wit::StatusEvent {
            sha: e.sha.clone(),
            context: e.context.clone(),
            state: e.state.clone(),
            description: e.description.clone(),
            target_url: e.target_url.clone(),
            branches: e.branches.clone(),
        }),
        EventBody::CheckRun(e) => wit::EventBody::CheckRun(check(&e.check_run)),
        EventBody::CheckSuite(e) => wit::EventBody::CheckSuite(check(&e.check_suite)),
        EventBody::WorkflowRun(e) => {
            let run = &e.workflow_run;
            wit::EventBody::WorkflowRun(wit::WorkflowRunEvent {
                id: run.id,
                name: run.name.clone(),
                event: run.event.clone(),
                head_sha: run.head_sha.clone(),
                head_branch: run.head_branch.clone(),
                status: run.status.clone(),
                conclusion: run.conclusion.clone(),
                pull_requests: numbers(&run.pull_requests),
            })
        }
        EventBody::Other { .. } => wit::EventBody::Other,
    };
    envelope.around(event, event.action.clone(), body)
}

/// The event as a text that someone wrote, if it is one.
pub(crate) fn comment_event(event: &Event, envelope: Envelope<'_>) -> Option<wit::Event> {
    use prow::comment::CommentAction as Action;
    let comment = event.generic_comment()?;
    let (action, name) = match comment.action {
        Action::Created => (wit::CommentAction::Created, "created"),
        Action::Edited => (wit::CommentAction::Edited, "edited"),
        Action::Deleted => (wit::CommentAction::Deleted, "deleted"),
    };
    let body = wit::EventBody::Comment(wit::CommentEvent {
        action,
        is_pr: comment.is_pr,
        number: number(comment.number),
        comment_id: comment.comment_id,
        node_id: comment.node_id,
        body: comment.body,
        html_url: comment.html_url,
        author: actor(&comment.author),
        issue_author: actor(&comment.issue_author),
        issue_state: issue_state(comment.issue_state),
        issue_title: comment.issue_title,
        issue_body: comment.issue_body,
        issue_html_url: comment.issue_html_url,
        assignees: logins(&comment.assignees),
    });
    Some(envelope.around(event, Some(name.to_owned()), body))
}

/// Who did it.
pub(crate) fn actor(actor: &actor::Actor) -> wit::Actor {
    let kind = match actor.kind {
        ActorKind::User => wit::ActorKind::User,
        ActorKind::Bot => wit::ActorKind::Bot,
        ActorKind::App => wit::ActorKind::App,
        ActorKind::Organization => wit::ActorKind::Organization,
        ActorKind::Other => wit::ActorKind::Other,
    };
    wit::Actor { login: actor.login.clone(), id: actor.id, kind }
}

fn issue(issue: &issue::Issue) -> wit::Issue {
    wit::Issue {
        number: number(issue.number),
        node_id: issue.node_id.clone(),
        title: issue.title.clone(),
        body: issue.body.clone(),
        state: issue_state(issue.state),
        author: actor(&issue.author),
        html_url: issue.html_url.clone(),
        labels: issue.labels.clone(),
        assignees: logins(&issue.assignees),
        is_pr: issue.is_pr,
        milestone: issue.milestone.clone(),
        created_at: issue.created_at,
    }
}

fn text(text: &issue::Text) -> wit::Text {
    wit::Text {
        id: text.id,
        node_id: text.node_id.clone(),
        author: actor(&text.author),
        body: text.body.clone(),
        html_url: text.html_url.clone(),
        created_at: text.created_at,
        updated_at: text.updated_at.max(text.created_at),
    }
}

fn pull(pr: &pull_request::PullRequest) -> wit::PullRequest {
    wit::PullRequest {
        number: number(pr.number),
        node_id: pr.node_id.clone(),
        title: pr.title.clone(),
        body: pr.body.clone(),
        state: issue_state(pr.state),
        draft: pr.draft,
        merged: pr.merged,
        mergeable: pr.mergeable,
        author: actor(&pr.author),
        html_url: pr.html_url.clone(),
        head: branch(&pr.head),
        base: branch(&pr.base),
        labels: pr.labels.clone(),
        assignees: logins(&pr.assignees),
        requested_reviewers: logins(&pr.requested_reviewers),
        requested_teams: pr.requested_teams.clone(),
        milestone: pr.milestone.clone(),
        merge_commit: pr.merge_commit_sha.clone().filter(|_| pr.merged),
        additions: pr.additions,
        deletions: pr.deletions,
        created_at: pr.created_at,
    }
}

fn branch(branch: &pull_request::BranchRef) -> wit::BranchRef {
    let repo = branch.repo.as_deref().and_then(split);
    wit::BranchRef { name: branch.name.clone(), sha: branch.sha.clone(), repo }
}

fn push_event(push: &push::PushEvent) -> wit::PushEvent {
    wit::PushEvent {
        ref_: push.git_ref.clone(),
        before: push.before.clone(),
        after: push.after.clone(),
        created: push.created,
        deleted: push.is_deletion(),
        forced: push.forced,
        compare_url: push.compare_url.clone(),
        pusher: push.pusher.clone(),
        changed_files: push.changed_files(),
    }
}

fn check(check: &check::Check) -> wit::CheckEvent {
    wit::CheckEvent {
        id: check.id,
        name: check.name.clone(),
        head_sha: check.head_sha.clone(),
        head_branch: check.head_branch.clone(),
        status: check.status.clone(),
        conclusion: check.conclusion.clone(),
        app: check.app.clone(),
        pull_requests: numbers(&check.pull_requests),
    }
}

fn issue_state(state: issue::IssueState) -> wit::IssueState {
    match state {
        issue::IssueState::Open => wit::IssueState::Open,
        issue::IssueState::Closed => wit::IssueState::Closed,
    }
}

fn review_state(state: &prow::review::ReviewState) -> wit::ReviewState {
    use prow::review::ReviewState as State;
    match state {
        State::Approved => wit::ReviewState::Approved,
        State::ChangesRequested => wit::ReviewState::ChangesRequested,
        State::Commented => wit::ReviewState::Commented,
        State::Dismissed => wit::ReviewState::Dismissed,
        State::Pending => wit::ReviewState::Pending,
        State::Other => wit::ReviewState::Other,
    }
}

fn logins(actors: &[actor::Actor]) -> Vec<String> {
    actors.iter().map(|a| a.login.clone()).collect()
}

fn numbers(numbers: &[u64]) -> Vec<u32> {
    numbers.iter().map(|n| number(*n)).collect()
}

/// Issues are numbered from 1 within a repository; none has four thousand million.
pub(crate) fn number(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn split(full_name: &str) -> Option<wit::RepoRef> {
    let (org, name) = full_name.split_once('/')?;
    Some(wit::RepoRef { org: org.to_owned(), name: name.to_owned() })
}
