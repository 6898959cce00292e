//! Commit statuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::api::commits::resolve;
use crate::call::Call;
use crate::event::Event;
use crate::hub::Hub;
use crate::page::{Page, list as page_of};
use crate::shapes::View;
use crate::world::{Repo, Status, StatusState, now};

/// The longest description, in characters.
const LONGEST: usize = 140;
/// How often a context can be set on one commit.
const MOST: usize = 1000;

#[derive(Deserialize)]
struct NewStatus {
    state: StatusState,
    target_url: Option<String>,
    description: Option<String>,
    context: Option<String>,
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewStatus = call.json()?;
    let context = new.context.filter(|context| !context.is_empty()).unwrap_or_else(|| "default".to_owned());
    if new.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST) {
        return Err(Refusal::custom("Status", "description is too long (maximum is 140 characters)"));
    }
    let is_link = |url: &String| url.is_empty() || url.starts_with("http://") || url.starts_with("https://");
    if !new.target_url.as_ref().is_none_or(is_link) {
        return Err(Refusal::custom("Status", "Target url must use http(s) scheme"));
    }
    let (key, sha) = (call.repo_key(), call.param("sha"));
    if sha.len() != 40 {
        return Err(Refusal::unprocessable(&format!("No commit found for SHA: {sha}")));
    }
    let sha = resolve(hub, &key, sha)?;
    let commit = hub.git.show(&key, &sha)?;
    let refs = hub.git.refs(&key)?;
    hub.change(|world| {
        let creator = call.login(world)?;
        let status = Status {
            id: world.next_id(),
            state: new.state,
            context,
            description: new.description,
            target_url: new.target_url.filter(|url| !url.is_empty()),
            creator: creator.clone(),
            created_at: now(),
        };
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let known = repo.statuses.entry(sha.clone()).or_default();
        if known.iter().filter(|old| old.context == status.context).count() >= MOST {
            return Err(Refusal::custom("Status", "This SHA and context has reached the maximum number of statuses."));
        }
        known.push(status.clone());
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let branches: Vec<Value> = refs
            .iter()
            .filter(|(name, tip)| **tip == sha && name.starts_with("refs/heads/"))
            .map(|(name, tip)| {
                let url = format!("{}/commits/{tip}", view.repo_url(repo));
                let name = name.trim_start_matches("refs/heads/");
                let protected = repo.protected.contains_key(name);
                json!({ "name": name, "commit": { "sha": tip, "url": url }, "protected": protected })
            })
            .collect();
        let payload = json!({
            "id": status.id,
            "sha": sha,
            "name": repo.full_name(),
            "avatar_url": view.account(&creator)["avatar_url"],
            "target_url": status.target_url,
            "context": status.context,
            "description": status.description,
            "state": status.state,
            "commit": view.commit(repo, &commit),
            "branches": branches,
            "created_at": status.created_at,
            "updated_at": status.created_at,
        });
        hub.emit(world, Event { name: "status", repo: Some(&key), org: None, sender: &creator, payload });
        Ok(Answer::created(&view.status(repo, &sha, &status)))
    })
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    let sha = resolve(hub, &call.repo_key(), call.param("ref"))?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let statuses = repo.statuses.get(&sha).into_iter().flatten().rev().collect();
        Ok(page_of(call, hub.base(), statuses, |status| view.status(repo, &sha, status)))
    })
}

pub(crate) fn combined(hub: &Arc<Hub>, call: &Call) -> Reply {
    let sha = resolve(hub, &call.repo_key(), call.param("ref"))?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let latest = latest(repo, &sha);
        let (state, total) = (combine(&latest), latest.len());
        let page = Page::of(call);
        let (part, pages) = page.cut(latest);
        let statuses: Vec<Value> = part.into_iter().map(|status| view.simple_status(repo, &sha, status)).collect();
        let api = view.repo_url(repo);
        let answer = Answer::ok(&json!({
            "state": state,
            "statuses": statuses,
            "sha": sha,
            "total_count": total,
            "repository": view.repo(repo),
            "commit_url": format!("{api}/commits/{sha}"),
            "url": format!("{api}/commits/{sha}/status"),
        }));
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

/// The last status of each context, by context.
pub(crate) fn latest<'a>(repo: &'a Repo, sha: &str) -> Vec<&'a Status> {
    let all = repo.statuses.get(sha).into_iter().flatten();
    all.map(|status| (&status.context, status)).collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Failure outweighs waiting, waiting outweighs success, and nothing at all is waiting.
fn combine(latest: &[&Status]) -> &'static str {
    let any = |states: &[StatusState]| latest.iter().any(|status| states.contains(&status.state));
    if any(&[StatusState::Failure, StatusState::Error]) {
        "failure"
    } else if latest.is_empty() || any(&[StatusState::Pending]) {
        "pending"
    } else {
        "success"
    }
}
