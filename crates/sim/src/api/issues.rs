//! Issues; a pull request is one too, to read and to edit.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::api::labels::put_on;
use crate::api::{assignees, milestones};
use crate::auth::Who;
use crate::call::Call;
use crate::history::record;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::roles::may_triage;
use crate::shapes::View;
use crate::world::{Happening, Issue, IssueState, Level, Repo, StateReason, World, now};

#[derive(Deserialize)]
struct NewIssue {
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    assignees: Vec<String>,
    milestone: Option<u64>,
}

/// What an edit changes. `body` told apart: left out, or set to nothing.
#[derive(Deserialize)]
pub(super) struct Edit {
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) body: Option<Option<String>>,
    pub(super) state: Option<IssueState>,
    pub(super) base: Option<String>,
    labels: Option<Vec<String>>,
    assignees: Option<Vec<String>>,
    pub(super) state_reason: Option<StateReason>,
    #[serde(default, deserialize_with = "present")]
    pub(super) milestone: Option<Option<u64>>,
}

/// Anything that is there, null included, is `Some`.
fn present<'de, D, T>(value: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<T>::deserialize(value).map(Some)
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let repo = call.repo(world)?;
        // A token that may read only one of the two kinds sees only that kind.
        let sees = |issue: &&Issue| match &call.who {
            Who::Installation { token, .. } => {
                let kind = if issue.pull.is_some() { "pull_requests" } else { "issues" };
                token.permissions.get(kind).is_some_and(|level| *level >= Level::Read)
            }
            _ => true,
        };
        let mut found: Vec<&Issue> =
            repo.issues.values().filter(sees).filter(|issue| asked(call, repo, issue)).collect();
        sort(&mut found, call);
        let view = View { world, base: hub.base() };
        Ok(page_of(call, hub.base(), found, |issue| view.issue(repo, issue)))
    })
}

fn asked(call: &Call, repo: &Repo, issue: &Issue) -> bool {
    let state = match call.query("state").unwrap_or("open") {
        "all" => true,
        "closed" => issue.state == IssueState::Closed,
        _ => issue.state == IssueState::Open,
    };
    let carries = |name: &str| repo.label(name).is_some_and(|label| issue.labels.contains(&label.id));
    let since = call.query("since").and_then(|since| since.parse::<jiff::Timestamp>().ok());
    state
        && call.query("labels").is_none_or(|names| names.split(',').all(|name| carries(name.trim())))
        && call.query("creator").is_none_or(|login| issue.author.eq_ignore_ascii_case(login))
        && call.query("assignee").is_none_or(|login| match login {
            "*" => !issue.assignees.is_empty(),
            "none" => issue.assignees.is_empty(),
            login => issue.assignees.iter().any(|assignee| assignee.eq_ignore_ascii_case(login)),
        })
        && since.is_none_or(|since| issue.updated_at >= since)
}

/// Sorts by `sort` and `direction`; newest first if nothing is said.
pub(super) fn sort(issues: &mut [&Issue], call: &Call) {
    match call.query("sort") {
        Some("updated") => issues.sort_by_key(|issue| (issue.updated_at, issue.number)),
        Some("comments") => issues.sort_by_key(|issue| (issue.comments.len(), issue.number)),
        _ => issues.sort_by_key(|issue| issue.number),
    }
    if call.query("direction") != Some("asc") {
        issues.reverse();
    }
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewIssue = call.json()?;
    let title = new.title.filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| Refusal::invalid("Issue", "title", "missing_field"))?;
    let key = call.repo_key();
    hub.change(|world| {
        let author = call.login(world)?;
        let may_plan = may_triage(world, call.repo(world)?, &call.who);
        let milestone = new.milestone.filter(|_| may_plan);
        milestone_is_there(call.repo(world)?, milestone)?;
        let id = world.next_id();
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let number = repo.next_number();
        repo.issues.insert(number, new_issue(id, number, title, new.body, &author));
        if may_plan {
            let known = |login: &String| world.user(login).is_some();
            let assignees: Vec<String> = new.assignees.into_iter().filter(known).collect();
            let issue = world.issue_mut(&key, number).ok_or_else(Refusal::not_found)?;
            (issue.assignees, issue.milestone) = (assignees, milestone);
        }
        hub.tell_issue(world, (&key, number), "opened", json!({}), &author, None);
        // GitHub drops labels without a word when the author may not set them.
        for name in new.labels.iter().filter(|_| may_plan) {
            put_on(hub, world, (&key, number), name, &author, None);
        }
        let repo = call.repo(world)?;
        Ok(Answer::created(&View { world, base: hub.base() }.issue_in_full(repo, &repo.issues[&number])))
    })
}

/// An open issue without labels or comments.
pub(super) fn new_issue(id: u64, number: u64, title: String, body: Option<String>, author: &str) -> Issue {
    Issue {
        id,
        number,
        title,
        body,
        author: author.to_owned(),
        state: IssueState::Open,
        labels: Vec::new(),
        assignees: Vec::new(),
        comments: Vec::new(),
        created_at: now(),
        updated_at: now(),
        closed_at: None,
        closed_by: None,
        state_reason: None,
        milestone: None,
        reactions: Vec::new(),
        history: Vec::new(),
        pull: None,
    }
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        Ok(Answer::ok(&View { world, base: hub.base() }.issue_in_full(call.repo(world)?, issue)))
    })
}

pub(crate) fn update(hub: &Arc<Hub>, call: &Call) -> Reply {
    let mut edit: Edit = call.json()?;
    edit.base = None;
    edit_issue(hub, call, "issue_number", edit)?;
    get(hub, call)
}

/// Carries out an edit of an issue or pull request, but for a new base, and tells of each thing that it changes.
pub(super) fn edit_issue(hub: &Arc<Hub>, call: &Call, number: &str, mut edit: Edit) -> Result<(), Refusal> {
    let (key, number) = (call.repo_key(), call.number(number)?);
    let facts = hub.facts_of(&key, number)?;
    let may_plan = hub.read(|world| Ok::<_, Refusal>(may_triage(world, call.repo(world)?, &call.who)))?;
    let labels = edit.labels.take().filter(|_| may_plan);
    hub.change(|world| {
        let sender = call.login(world)?;
        let at = (key.as_str(), number);
        check_edit(world, call, number, &edit)?;
        let issue = world.issue_mut(&key, number).ok_or_else(Refusal::not_found)?;
        let changes = edit_text(issue, edit.title, edit.body)?;
        let renamed = changes["title"]["from"].as_str().map(str::to_owned);
        let turned = edit.state.filter(|state| *state != issue.state);
        if let Some(state) = turned {
            turn(issue, state, edit.state_reason, &sender);
        }
        issue.updated_at = now();
        let (title, reason) = (issue.title.clone(), issue.state_reason);
        if let Some(from) = renamed {
            record(world, at, &sender, Happening::Renamed { from, to: title });
        }
        if changes.as_object().is_some_and(|changes| !changes.is_empty()) {
            hub.tell_issue(world, at, "edited", json!({ "changes": changes }), &sender, facts.as_deref());
        }
        // GitHub passes over these without a word where the caller may not set them.
        if let Some(assignees) = edit.assignees.filter(|_| may_plan) {
            assignees::set(hub, world, at, assignees, &sender, facts.as_deref());
        }
        if let Some(milestone) = edit.milestone.filter(|_| may_plan) {
            milestones::set(hub, world, at, milestone, &sender, facts.as_deref());
        }
        if let Some(state) = turned {
            let (action, happening) = match state {
                IssueState::Closed => ("closed", Happening::Closed { commit: None, reason }),
                IssueState::Open => ("reopened", Happening::Reopened),
            };
            record(world, at, &sender, happening);
            hub.tell_issue(world, at, action, json!({}), &sender, facts.as_deref());
        }
        Ok::<_, Refusal>(())
    })?;
    match labels {
        // The list replaces what is on it, which is what the labels' own endpoint does.
        Some(names) => {
            let set = Call {
                method: call.method.clone(),
                path: call.path.clone(),
                params: call
                    .params
                    .iter()
                    .map(|(k, v)| (if *k == "pull_number" { "issue_number" } else { *k }, v.clone()))
                    .collect(),
                query: Vec::new(),
                headers: call.headers.clone(),
                body: json!({ "labels": names }).to_string().into(),
                who: call.who.clone(),
            };
            super::labels::set(hub, &set).map(drop)
        }
        None => Ok(()),
    }
}

/// What GitHub refuses before it changes anything.
fn check_edit(world: &World, call: &Call, number: u64, edit: &Edit) -> Result<(), Refusal> {
    let repo = call.repo(world)?;
    let issue = repo.issues.get(&number).ok_or_else(Refusal::not_found)?;
    let merged = issue.pull.as_ref().is_some_and(|pull| pull.merged_at.is_some());
    if merged && edit.state == Some(IssueState::Open) {
        let message = "state cannot be changed. The pull request cannot be reopened.";
        return Err(Refusal::custom("PullRequest", message));
    }
    let assignees = edit.assignees.iter().flatten();
    if assignees.into_iter().any(|login| !assignees::is_assignable(world, repo, issue, login)) {
        return Err(Refusal::invalid("Issue", "assignees", "invalid"));
    }
    milestone_is_there(repo, edit.milestone.flatten())
}

fn milestone_is_there(repo: &Repo, number: Option<u64>) -> Result<(), Refusal> {
    match number {
        Some(number) if repo.milestone(number).is_none() => Err(Refusal::invalid("Issue", "milestone", "invalid")),
        _ => Ok(()),
    }
}

/// Closes or opens; only an issue keeps why.
fn turn(issue: &mut Issue, state: IssueState, reason: Option<StateReason>, sender: &str) {
    let closed = state == IssueState::Closed;
    issue.state = state;
    issue.closed_at = closed.then(now);
    issue.closed_by = closed.then(|| sender.to_owned());
    let reason = if closed { reason.unwrap_or(StateReason::Completed) } else { StateReason::Reopened };
    issue.state_reason = issue.pull.is_none().then_some(reason);
}

/// Sets title and body, and gives what they were, as the `changes` of the event.
fn edit_text(issue: &mut Issue, title: Option<String>, body: Option<Option<String>>) -> Result<Value, Refusal> {
    let mut changes = json!({});
    if let Some(title) = title.filter(|title| *title != issue.title) {
        if title.trim().is_empty() {
            return Err(Refusal::invalid("Issue", "title", "missing_field"));
        }
        changes["title"] = json!({ "from": issue.title });
        issue.title = title;
    }
    if let Some(body) = body.filter(|body| *body != issue.body) {
        changes["body"] = json!({ "from": issue.body });
        issue.body = body;
    }
    Ok(changes)
}
