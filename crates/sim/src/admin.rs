//! `/_sim/…`: what drives and watches the stand-in, for which GitHub has no call. No token is asked for.

mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::api::pulls::set_draft;
use crate::api::statuses::latest;
use crate::client::Delivery;
use crate::deliveries::Record;
use crate::event::Event;
use crate::fault::FaultSpec;
use crate::git::ZERO;
use crate::hub::Hub;
use crate::moved::{Move, author};
use crate::rest::{Incoming, parse_query};
use crate::roles::role_of;
use crate::seed::Seed;
use crate::seeding::{self, ensure_fork, ensure_user};
use crate::shapes::View;
use crate::world::{OrgRole, Role, Status, World, key};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCommit {
    repo: String,
    branch: String,
    #[serde(default)]
    from: Option<String>,
    message: String,
    files: BTreeMap<String, Option<String>>,
    r#as: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFork {
    repo: String,
    r#as: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    repo: String,
    number: u64,
    draft: bool,
    r#as: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    role: OrgRole,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guids {
    one_a_hook: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateLimit {
    per_hour: u64,
}

/// Answers a call to `/_sim/…`.
pub(crate) async fn answer(hub: Arc<Hub>, request: Incoming) -> Answer {
    if request.path == "/_sim/quiesce" {
        let query = parse_query(&request.query);
        let timeout = query.iter().find(|(name, _)| name == "timeout_ms").and_then(|(_, ms)| ms.parse().ok());
        let quiet = hub.postman.quiesce(Duration::from_millis(timeout.unwrap_or(10_000))).await;
        let still = || Refusal::new(StatusCode::GATEWAY_TIMEOUT, "webhooks are still under way").into_answer();
        return if quiet { Answer::ok(&json!({})) } else { still() };
    }
    let done = tokio::task::spawn_blocking(move || run(&hub, &request)).await;
    let failed = |_| Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the stand-in failed; see its log"));
    done.unwrap_or_else(failed).unwrap_or_else(Refusal::into_answer)
}

fn run(hub: &Arc<Hub>, request: &Incoming) -> Reply {
    let path = percent_encoding::percent_decode_str(request.path.trim_start_matches("/_sim/")).decode_utf8_lossy();
    let segments: Vec<&str> = path.split('/').collect();
    let done = || Ok(Answer::ok(&json!({})));
    match (request.method.as_str(), &segments[..]) {
        ("POST", ["seed"]) => {
            let text = String::from_utf8_lossy(&request.body);
            let seed = Seed::parse(&text).map_err(|error| bad(&error))?;
            let seeded = seeding::apply(hub, &seed).map_err(|error| bad(&error))?;
            Ok(Answer::ok(&json!(seeded)))
        }
        ("GET", ["state"]) => state(hub),
        ("GET", ["jira"]) => {
            Ok(Answer::ok(&hidden(json!(*hub.jira.lock().expect("nothing panics while it holds Jira")))))
        }
        ("GET", ["bugzilla"]) => {
            let bugzilla = hub.bugzilla.lock().expect("nothing panics while it holds Bugzilla");
            Ok(Answer::ok(&hidden(json!(*bugzilla))))
        }
        ("POST", ["commits"]) => commit(hub, &body(request)?),
        ("POST", ["forks"]) => {
            let new: NewFork = body(request)?;
            let fork = ensure_fork(hub, &new.repo, &new.r#as).map_err(|error| bad(&error))?;
            let name = hub.read(|world| world.repo(&fork).map(crate::world::Repo::full_name));
            Ok(Answer::ok(&json!({ "full_name": name })))
        }
        ("POST", ["drafts"]) => {
            let draft: Draft = body(request)?;
            set_draft(hub, (&key(&draft.repo), draft.number), draft.draft, &draft.r#as)?;
            done()
        }
        ("PUT", ["orgs", org, "members", login]) => {
            let member: Member = body(request)?;
            add_member(hub, org, login, member.role)
        }
        ("DELETE", ["orgs", org, "members", login]) => remove_member(hub, org, login),
        ("GET", ["users", login, "token"]) => hub.read(|world| {
            let user = world.user(login).ok_or_else(|| absent(&format!("there is no user `{login}`")))?;
            Ok(Answer::ok(&json!({ "login": user.login, "token": user.token })))
        }),
        ("POST", ["faults"]) => {
            let spec: FaultSpec = body(request)?;
            let id = hub.faults.add(spec).map_err(|error| bad(&error))?;
            Ok(Answer::ok(&json!({ "id": id })))
        }
        ("GET", ["faults"]) => Ok(Answer::ok(&json!(hub.faults.list()))),
        ("DELETE", ["faults"]) => {
            hub.faults.clear();
            done()
        }
        ("GET", ["requests"]) => {
            let query = parse_query(&request.query);
            let since = query.iter().find(|(name, _)| name == "since").and_then(|(_, seq)| seq.parse().ok());
            Ok(Answer::ok(&json!(hub.log.since(since.unwrap_or(0)))))
        }
        ("GET", ["permissions"]) => Ok(Answer::ok(&json!(crate::fence::table()))),
        ("GET", ["decisions"]) => {
            let query = parse_query(&request.query);
            let since = query.iter().find(|(name, _)| name == "since").and_then(|(_, seq)| seq.parse().ok());
            Ok(Answer::ok(&json!(hub.decisions.since(since.unwrap_or(0)))))
        }
        ("POST", ["workflow-runs"]) => runs::start(hub, &body(request)?),
        ("PATCH", ["workflow-runs", owner, repo, id]) => {
            let id = id.parse().map_err(|_| bad("a run is known by its number"))?;
            runs::go_on(hub, &format!("{owner}/{repo}"), id, &body(request)?)
        }
        ("GET", ["deliveries"]) => {
            let deliveries: Vec<Delivery> = hub.deliveries.list(|_| true).into_iter().map(shown).collect();
            Ok(Answer::ok(&json!(deliveries)))
        }
        ("GET", ["deliveries", id]) => {
            let record = id.parse().ok().and_then(|id| hub.deliveries.get(id));
            let record = record.ok_or_else(|| absent(&format!("there is no delivery {id}")))?;
            Ok(Answer::ok(&json!(record)))
        }
        ("POST", ["deliveries", id, "attempts"]) => {
            let sent = id.parse().ok().and_then(|id| hub.redeliver(id));
            sent.ok_or_else(|| absent(&format!("there is no delivery {id}")))?;
            done()
        }
        ("POST", ["webhooks", "pause"]) => {
            hub.postman.pause(true);
            done()
        }
        ("POST", ["webhooks", "resume"]) => {
            hub.postman.pause(false);
            done()
        }
        ("PUT", ["webhooks", "guids"]) => {
            hub.guid_a_hook.store(body::<Guids>(request)?.one_a_hook, Ordering::Relaxed);
            done()
        }
        ("PUT", ["rate-limit"]) => {
            hub.budget.set(body::<RateLimit>(request)?.per_hour);
            done()
        }
        ("GET", ["view", owner, repo, rest @ ..]) => view(hub, &format!("{owner}/{repo}"), rest, &request.query),
        _ => Err(absent("no such call; see the crate `sim`, module `admin`")),
    }
}

const SECRETS: [&str; 4] = ["token", "secret", "password", "api_key"];

fn bad(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

fn absent(message: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, message)
}

fn body<T: DeserializeOwned>(request: &Incoming) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| bad(&error.to_string()))
}

/// The world without secrets, with what each repository's refs point to.
fn state(hub: &Hub) -> Reply {
    let mut value = hub.read(|world| json!(world));
    value["tokens"] = Value::Null;
    hide(&mut value);
    if let Some(repos) = value["repos"].as_object_mut() {
        for (name, repo) in repos {
            repo["refs"] = json!(hub.git.refs(name)?);
        }
    }
    Ok(Answer::ok(&value))
}

fn hidden(mut value: Value) -> Value {
    hide(&mut value);
    value
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !SECRETS.contains(&name.as_str()));
            fields.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

fn shown(record: Record) -> Delivery {
    Delivery {
        id: record.id,
        guid: record.guid,
        hook_id: record.hook_id,
        event: record.event,
        action: record.action,
        redelivery: record.redelivery,
        status_code: record.status_code,
        status: record.status,
        duration: record.duration,
    }
}

/// Commits as the user would push: with a push event and all that follows from it.
fn commit(hub: &Arc<Hub>, new: &NewCommit) -> Reply {
    let repo = key(&new.repo);
    let login = hub.read(|world| {
        let found = world.repo(&repo).ok_or_else(|| absent(&format!("there is no repository `{}`", new.repo)))?;
        let user = world.user(&new.r#as).ok_or_else(|| absent(&format!("there is no user `{}`", new.r#as)))?;
        if role_of(world, found, Some(&user.login)) < Role::Write {
            return Err(Refusal::forbidden(&format!("`{}` may not push to `{}`; fork it", user.login, new.repo)));
        }
        Ok(user.login.clone())
    })?;
    let name = format!("refs/heads/{}", new.branch);
    if !hub.git.valid_ref(&name) {
        return Err(bad(&format!("`{}` cannot be a branch", new.branch)));
    }
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let before = hub.git.refs(&repo)?.get(&name).cloned();
    let parent = match (&before, &new.from) {
        (Some(tip), _) => Some(tip.clone()),
        (None, Some(from)) => {
            let from = hub.git.resolve(&repo, from).ok_or_else(|| bad(&format!("`{from}` names no commit")))?;
            Some(from)
        }
        (None, None) => return Err(bad(&format!("`{}` is not there; say what to make it `from`", new.branch))),
    };
    let sha = hub.git.commit(&repo, &new.branch, parent.as_deref(), &author(&login), &new.message, &new.files);
    let sha = sha.map_err(|error| bad(&error.to_string()))?;
    let moved = Move { name, before: before.unwrap_or_else(|| ZERO.to_owned()), after: sha.clone() };
    hub.refs_moved(&repo, &[moved], &login)?;
    Ok(Answer::ok(&json!({ "sha": sha })))
}

fn add_member(hub: &Arc<Hub>, org: &str, login: &str, role: OrgRole) -> Reply {
    hub.change(|world| {
        let spelled = ensure_user(world, login).login.clone();
        let found =
            world.orgs.get_mut(&key(org)).ok_or_else(|| absent(&format!("there is no organisation `{org}`")))?;
        let new = found.members.insert(key(login), role).is_none();
        if new {
            tell_member(hub, world, org, "member_added", &spelled, role);
        }
        Ok(Answer::ok(&json!({})))
    })
}

fn remove_member(hub: &Arc<Hub>, org: &str, login: &str) -> Reply {
    hub.change(|world| {
        let found =
            world.orgs.get_mut(&key(org)).ok_or_else(|| absent(&format!("there is no organisation `{org}`")))?;
        if let Some(role) = found.members.remove(&key(login)) {
            tell_member(hub, world, org, "member_removed", login, role);
        }
        Ok(Answer::ok(&json!({})))
    })
}

/// The organisation's first owner is taken for the one who did it.
fn tell_member(hub: &Arc<Hub>, world: &World, org: &str, action: &str, login: &str, role: OrgRole) {
    let view = View { world, base: hub.base() };
    let Some(found) = world.org(org) else { return };
    let owner = found.members.iter().find(|(_, role)| **role == OrgRole::Admin);
    let sender = owner.map_or(login, |(login, _)| login.as_str()).to_owned();
    let url = format!("{}/orgs/{}", hub.base(), found.login);
    let membership = json!({
        "url": format!("{url}/memberships/{login}"), "state": "active", "role": role, "organization_url": url,
        "user": view.account(login),
    });
    let payload = json!({ "action": action, "membership": membership });
    hub.emit(world, Event { name: "organization", repo: None, org: Some(&found.login), sender: &sender, payload });
}

/// Looks at one thing without a token and without cost.
fn view(hub: &Arc<Hub>, repo: &str, rest: &[&str], query: &str) -> Reply {
    let no_repo = || absent(&format!("there is no repository `{repo}`"));
    let number = rest.get(1).and_then(|number| number.parse::<u64>().ok());
    let facts = match (rest.first(), number) {
        (Some(&"pulls"), Some(number)) => hub.facts_of(&key(repo), number)?,
        _ => None,
    };
    hub.read(|world| {
        let found = world.repo(repo).ok_or_else(no_repo)?;
        let view = View { world, base: hub.base() };
        let issue = || {
            let issue = number.and_then(|number| found.issues.get(&number));
            issue.ok_or_else(|| absent(&format!("there is no `{repo}#{}`", rest.get(1).unwrap_or(&""))))
        };
        let value = match rest {
            ["pulls", _] => {
                let issue = issue()?;
                let pull = issue.pull.as_ref().ok_or_else(|| absent("it is an issue, not a pull request"))?;
                view.pull_in_full(found, issue, pull, facts.as_deref())
            }
            ["issues", _] => view.issue(found, issue()?),
            ["issues", _, "comments"] => json!(issue()?.comments),
            ["statuses", sha] if query.contains("all=true") => {
                json!(found.statuses.get(*sha).map_or(&[][..], Vec::as_slice).iter().map(brief).collect::<Vec<_>>())
            }
            ["statuses", sha] => json!(latest(found, sha).into_iter().map(brief).collect::<Vec<_>>()),
            ["roles", login] => json!({ "role": role_of(world, found, Some(login)) }),
            _ => return Err(absent("no such view")),
        };
        Ok(Answer::ok(&value))
    })
}

fn brief(status: &Status) -> Value {
    json!({
        "context": status.context, "state": status.state, "description": status.description,
        "target_url": status.target_url,
    })
}
