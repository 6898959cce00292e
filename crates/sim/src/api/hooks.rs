//! Webhooks of repositories, organisations and apps, and what became of their deliveries.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::auth::Who;
use crate::call::Call;
use crate::deliveries::Record;
use crate::hook_owner::HookOwner;
use crate::hub::Hub;
use crate::page::{Page, escape, list as page_of};
use crate::shapes::{View, delivery_in_full, delivery_in_list, hook_config};
use crate::world::{Hook, World, now};

#[derive(Deserialize)]
struct Settings {
    url: Option<String>,
    secret: Option<String>,
    content_type: Option<String>,
}

#[derive(Deserialize)]
struct NewHook {
    config: Settings,
    events: Option<Vec<String>>,
    active: Option<bool>,
}

#[derive(Deserialize)]
struct Edit {
    config: Option<Settings>,
    events: Option<Vec<String>>,
    active: Option<bool>,
}

impl Settings {
    /// GitHub's default is the form encoding, which nothing here speaks: refused rather than ignored.
    fn check(&self) -> Result<(), Refusal> {
        match self.content_type.as_deref() {
            None | Some("json") => Ok(()),
            Some(other) => Err(Refusal::custom("Hook", &format!("content_type {other} is not spoken here; use json"))),
        }
    }

    fn apply(self, hook: &mut Hook) {
        if let Some(url) = self.url {
            hook.url = url;
        }
        if let Some(secret) = self.secret {
            hook.secret = Some(secret).filter(|secret| !secret.is_empty());
        }
        hook.updated_at = now();
    }
}

fn owner(call: &Call) -> Result<HookOwner, Refusal> {
    if let Some(org) = call.find("org") {
        return Ok(HookOwner::Org(org.to_owned()));
    }
    if call.repo_name().is_some() {
        return Ok(HookOwner::Repo(call.repo_key()));
    }
    match call.who {
        Who::App(id) => Ok(HookOwner::App(id)),
        _ => Err(Refusal::not_found()),
    }
}

/// The hook in the path, or an app's only one.
fn found<'a>(world: &'a World, call: &Call, owner: &HookOwner) -> Result<&'a Hook, Refusal> {
    let hooks = owner.hooks(world);
    let hook = match call.find("hook_id") {
        Some(id) => hooks.iter().find(|hook| hook.id.to_string() == id),
        None => hooks.first(),
    };
    hook.ok_or_else(Refusal::not_found)
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    hub.read(|world| {
        let view = View { world, base: hub.base() };
        Ok(page_of(call, hub.base(), owner.hooks(world).iter().collect(), |hook| view.hook(&owner, hook)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewHook = call.json()?;
    let owner = owner(call)?;
    new.config.check()?;
    let url = new.config.url.clone().filter(|url| url.starts_with("http"));
    let url = url.ok_or_else(|| Refusal::custom("Hook", "url is missing a scheme"))?;
    hub.change(|world| {
        let sender = call.login(world)?;
        let taken = owner.hooks(world).iter().any(|hook| hook.url == url);
        if taken {
            return Err(Refusal::custom("Hook", "Hook already exists on this repository"));
        }
        let hook = Hook {
            id: world.next_id(),
            url,
            secret: new.config.secret.filter(|secret| !secret.is_empty()),
            events: new.events.unwrap_or_else(|| vec!["push".to_owned()]),
            active: new.active.unwrap_or(true),
            created_at: now(),
            updated_at: now(),
            last_code: None,
        };
        owner.hooks_mut(world).ok_or_else(Refusal::not_found)?.push(hook.clone());
        hub.ping(world, &owner, &hook, &sender);
        Ok(Answer::created(&View { world, base: hub.base() }.hook(&owner, &hook)))
    })
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    hub.read(|world| Ok(Answer::ok(&View { world, base: hub.base() }.hook(&owner, found(world, call, &owner)?))))
}

pub(crate) fn update(hub: &Arc<Hub>, call: &Call) -> Reply {
    let edit: Edit = call.json()?;
    let owner = owner(call)?;
    edit.config.as_ref().map_or(Ok(()), Settings::check)?;
    hub.change(|world| {
        let id = found(world, call, &owner)?.id;
        let hook = world.hook_mut(id).ok_or_else(Refusal::not_found)?;
        if let Some(config) = edit.config {
            config.apply(hook);
        }
        hook.events = edit.events.unwrap_or_else(|| hook.events.clone());
        hook.active = edit.active.unwrap_or(hook.active);
        Ok::<_, Refusal>(())
    })?;
    get(hub, call)
}

pub(crate) fn delete(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    hub.change(|world| {
        let id = found(world, call, &owner)?.id;
        owner.hooks_mut(world).ok_or_else(Refusal::not_found)?.retain(|hook| hook.id != id);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

pub(crate) fn ping(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    hub.read(|world| {
        hub.ping(world, &owner, found(world, call, &owner)?, &call.login(world)?);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

pub(crate) fn app_config(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    hub.read(|world| Ok(Answer::ok(&hook_config(found(world, call, &owner)?))))
}

pub(crate) fn update_app_config(hub: &Arc<Hub>, call: &Call) -> Reply {
    let settings: Settings = call.json()?;
    let owner = owner(call)?;
    settings.check()?;
    hub.change(|world| {
        let id = found(world, call, &owner)?.id;
        settings.apply(world.hook_mut(id).ok_or_else(Refusal::not_found)?);
        Ok::<_, Refusal>(())
    })?;
    app_config(hub, call)
}

/// Newest first. The cursor is the id of the last delivery that was seen.
pub(crate) fn deliveries(hub: &Arc<Hub>, call: &Call) -> Reply {
    let owner = owner(call)?;
    let hook = hub.read(|world| found(world, call, &owner).map(|hook| hook.id))?;
    let cursor = call.query("cursor").map(|cursor| cursor.trim_start_matches("v1_").parse::<u64>());
    let before = cursor.transpose().map_err(|_| Refusal::unprocessable("Invalid cursor"))?.unwrap_or(u64::MAX);
    let wanted = |record: &Record| match call.query("status") {
        Some("success") => record.status_code.is_some_and(|code| code < 400 && code > 0),
        Some("failure") => record.status_code.is_some_and(|code| code == 0 || code >= 400),
        _ => true,
    };
    let sent = |record: &Record| record.hook_id == hook && record.status_code.is_some() && record.id < before;
    let mut found = hub.deliveries.list(|record| sent(record) && wanted(record));
    found.reverse();
    let size = Page::of(call).size;
    let more = found.len() > size;
    found.truncate(size);
    let answer = Answer::ok(&found.iter().map(delivery_in_list).collect::<Value>());
    match found.last().filter(|_| more) {
        Some(last) => {
            let mut query: Vec<_> = call.query.iter().filter(|(name, _)| name != "cursor").cloned().collect();
            query.push(("cursor".to_owned(), format!("v1_{}", last.id)));
            let query: Vec<String> = query.iter().map(|(k, v)| format!("{}={}", escape(k), escape(v))).collect();
            Ok(answer.with("link", &format!("<{}{}?{}>; rel=\"next\"", hub.base(), call.path, query.join("&"))))
        }
        None => Ok(answer),
    }
}

pub(crate) fn delivery(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (record, url) = own_delivery(hub, call)?;
    Ok(Answer::ok(&delivery_in_full(&record, &url)))
}

pub(crate) fn redeliver(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (record, _) = own_delivery(hub, call)?;
    hub.redeliver(record.id).ok_or_else(Refusal::not_found)?;
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({})))
}

fn own_delivery(hub: &Hub, call: &Call) -> Result<(Record, String), Refusal> {
    let owner = owner(call)?;
    let (hook, url) = hub.read(|world| found(world, call, &owner).map(|hook| (hook.id, hook.url.clone())))?;
    let record = hub.deliveries.get(call.number("delivery_id")?).filter(|record| record.hook_id == hook);
    Ok((record.ok_or_else(Refusal::not_found)?, url))
}
