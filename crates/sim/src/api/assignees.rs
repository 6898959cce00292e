//! Who an issue or pull request is assigned to.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::facts::Facts;
use crate::history::record;
use crate::hub::Hub;
use crate::roles::{is_collaborator, may_triage};
use crate::shapes::View;
use crate::world::{Happening, Issue, Repo, World, now};

/// How many can be assigned at once.
const MOST: usize = 10;

#[derive(Deserialize)]
struct Logins {
    #[serde(default)]
    assignees: Vec<String>,
}

pub(crate) fn add(hub: &Arc<Hub>, call: &Call) -> Reply {
    let logins: Logins = call.json()?;
    change(hub, call, StatusCode::CREATED, |world, repo, issue| {
        let mut all = issue.assignees.clone();
        for login in logins.assignees {
            let known = all.iter().any(|assigned| assigned.eq_ignore_ascii_case(&login));
            // Those who cannot be assigned, and those beyond the tenth, are dropped without a word.
            if !known && all.len() < MOST && is_assignable(world, repo, issue, &login) {
                all.push(world.user(&login).map_or(login, |user| user.login.clone()));
            }
        }
        all
    })
}

pub(crate) fn remove(hub: &Arc<Hub>, call: &Call) -> Reply {
    let logins: Logins = call.json()?;
    change(hub, call, StatusCode::OK, |_, _, issue| {
        let gone = |assigned: &String| logins.assignees.iter().any(|login| login.eq_ignore_ascii_case(assigned));
        issue.assignees.iter().filter(|assigned| !gone(assigned)).cloned().collect()
    })
}

/// Whoever may not triage changes nothing, and is not told so.
fn change(
    hub: &Arc<Hub>,
    call: &Call,
    status: StatusCode,
    assignees: impl FnOnce(&World, &Repo, &Issue) -> Vec<String>,
) -> Reply {
    let (key, number) = (call.repo_key(), call.number("issue_number")?);
    let facts = hub.facts_of(&key, number)?;
    hub.change(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let repo = call.repo(world)?;
        if may_triage(world, repo, &call.who) {
            let (assignees, sender) = (assignees(world, repo, issue), call.login(world)?);
            set(hub, world, (&key, number), assignees, &sender, facts.as_deref());
        }
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        Ok(Answer::json(status, &View { world, base: hub.base() }.issue_in_full(call.repo(world)?, issue)))
    })
}

/// Who can be assigned: whoever has access to the repository, and who wrote or commented on the issue.
pub(super) fn is_assignable(world: &World, repo: &Repo, issue: &Issue, login: &str) -> bool {
    let wrote = |author: &String| author.eq_ignore_ascii_case(login);
    world.user(login).is_some()
        && (is_collaborator(world, repo, login)
            || repo.owner.eq_ignore_ascii_case(login)
            || wrote(&issue.author)
            || issue.comments.iter().any(|comment| wrote(&comment.author)))
}

/// Replaces the assignees, and tells of each who comes or goes.
pub(super) fn set(
    hub: &Arc<Hub>,
    world: &mut World,
    at: (&str, u64),
    logins: Vec<String>,
    sender: &str,
    facts: Option<&Facts>,
) {
    let Some(issue) = world.issue_mut(at.0, at.1) else { return };
    let was = std::mem::replace(&mut issue.assignees, logins.clone());
    if was == logins {
        return;
    }
    issue.updated_at = now();
    for (action, from, to) in [("unassigned", &was, &logins), ("assigned", &logins, &was)] {
        for login in from.iter().filter(|login| !to.contains(login)) {
            let assignee = login.clone();
            let happening = match action {
                "assigned" => Happening::Assigned { assignee },
                _ => Happening::Unassigned { assignee },
            };
            record(world, at, sender, happening);
            let shown = View { world, base: hub.base() }.account(login);
            hub.tell_issue(world, at, action, json!({ "assignee": shown }), sender, facts);
        }
    }
}
