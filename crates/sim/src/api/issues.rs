//! Issues; a pull request is one too, to read and to edit.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::api::labels::put_on;
use crate::auth::Who;
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::roles::role_of;
use crate::shapes::View;
use crate::world::{Issue, IssueState, Level, Repo, Role, now};

#[derive(Deserialize)]
struct NewIssue {
    title: Option<String>,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    assignees: Vec<String>,
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
}

/// Anything that is there, null included, is `Some`.
fn present<'de, D: serde::Deserializer<'de>>(body: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(body).map(Some)
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
        let may_label = match &call.who {
            Who::Installation { .. } => true,
            _ => role_of(world, call.repo(world)?, Some(&author)) >= Role::Triage,
        };
        let id = world.next_id();
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let number = next_number(repo);
        repo.issues.insert(number, new_issue(id, number, title, new.body, &author));
        if may_label {
            let issue = repo.issues.get_mut(&number).ok_or_else(Refusal::not_found)?;
            issue.assignees = new.assignees;
        }
        hub.tell_issue(world, (&key, number), "opened", json!({}), &author, None);
        // GitHub drops labels without a word when the author may not set them.
        for name in new.labels.iter().filter(|_| may_label) {
            put_on(hub, world, (&key, number), name, &author, None);
        }
        let repo = call.repo(world)?;
        Ok(Answer::created(&View { world, base: hub.base() }.issue_in_full(repo, &repo.issues[&number])))
    })
}

/// The number that the next issue or pull request has.
pub(super) fn next_number(repo: &Repo) -> u64 {
    repo.issues.keys().next_back().copied().unwrap_or(0) + 1
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
pub(super) fn edit_issue(hub: &Arc<Hub>, call: &Call, number: &str, edit: Edit) -> Result<(), Refusal> {
    let (key, number) = (call.repo_key(), call.number(number)?);
    let facts = hub.facts_of(&key, number)?;
    hub.change(|world| {
        let sender = call.login(world)?;
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let issue = repo.issues.get_mut(&number).ok_or_else(Refusal::not_found)?;
        let merged = issue.pull.as_ref().is_some_and(|pull| pull.merged_at.is_some());
        if merged && edit.state == Some(IssueState::Open) {
            return Err(Refusal::custom(
                "PullRequest",
                "state cannot be changed. The pull request cannot be reopened.",
            ));
        }
        let changes = edit_text(issue, edit.title, edit.body)?;
        let (was, now_assigned) = (issue.assignees.clone(), edit.assignees.unwrap_or_else(|| issue.assignees.clone()));
        issue.assignees = now_assigned.clone();
        let turned = edit.state.filter(|state| *state != issue.state);
        if let Some(state) = turned {
            issue.state = state;
            let closed = state == IssueState::Closed;
            issue.closed_at = closed.then(now);
            issue.closed_by = closed.then(|| sender.clone());
        }
        issue.updated_at = now();
        let at = (key.as_str(), number);
        if changes.as_object().is_some_and(|changes| !changes.is_empty()) {
            hub.tell_issue(world, at, "edited", json!({ "changes": changes }), &sender, facts.as_deref());
        }
        let view = View { world, base: hub.base() };
        let (was, is): (BTreeSet<_>, BTreeSet<_>) = (was.iter().collect(), now_assigned.iter().collect());
        for (action, logins) in [("unassigned", was.difference(&is)), ("assigned", is.difference(&was))] {
            for login in logins {
                let assignee = json!({ "assignee": view.account(login) });
                hub.tell_issue(world, at, action, assignee, &sender, facts.as_deref());
            }
        }
        if let Some(state) = turned {
            let action = if state == IssueState::Closed { "closed" } else { "reopened" };
            hub.tell_issue(world, at, action, json!({}), &sender, facts.as_deref());
        }
        Ok(())
    })?;
    match edit.labels {
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
