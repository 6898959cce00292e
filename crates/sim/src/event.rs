//! Something happened: finds the hooks that want to hear of it and hands each the same payload, under one GUID unless told
//! otherwise.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::deliveries::Record;
use crate::hook_owner::HookOwner;
use crate::hub::Hub;
use crate::shapes::{View, extend, node_id};
use crate::world::{Hook, World, key};

/// What happened, where, and by whom. The payload needs no repository, organisation or sender: they are added.
pub(crate) struct Event<'a> {
    /// `pull_request` and so on.
    pub(crate) name: &'a str,
    /// The key of the repository it happened in.
    pub(crate) repo: Option<&'a str>,
    /// The organisation, where there is no repository.
    pub(crate) org: Option<&'a str>,
    /// The login of who did it.
    pub(crate) sender: &'a str,
    /// What is particular to the event.
    pub(crate) payload: Value,
}

/// A hook and what is particular to its owner.
struct Receiver {
    hook: u64,
    target: (String, u64),
    installation: Option<u64>,
}

impl Hub {
    /// Queues the event for every hook that wants it. The caller holds the world, so that what happened first is queued
    /// first.
    pub(crate) fn emit(self: &Arc<Self>, world: &World, event: Event<'_>) {
        let receivers = receivers(world, &event);
        if receivers.is_empty() {
            return;
        }
        let mut guid = uuid::Uuid::new_v4().to_string();
        let (payload, repository_id) = complete(View { world, base: self.base() }, &event);
        for receiver in receivers {
            if self.guid_a_hook.load(Ordering::Relaxed) {
                guid = uuid::Uuid::new_v4().to_string();
            }
            let mut payload = payload.clone();
            if let Some(id) = receiver.installation {
                payload["installation"] = json!({ "id": id, "node_id": node_id("I", id) });
            }
            self.queue(event.name, &guid, &payload, repository_id, receiver);
        }
    }

    /// Tells one hook alone that it is there, as GitHub does when it is made.
    pub(crate) fn ping(self: &Arc<Self>, world: &World, owner: &HookOwner, hook: &Hook, sender: &str) {
        let view = View { world, base: self.base() };
        let payload = json!({ "zen": "Steady as she goes.", "hook_id": hook.id, "hook": view.hook(owner, hook) });
        let (repo, org) = match owner {
            HookOwner::Repo(name) => (Some(name.as_str()), None),
            HookOwner::Org(login) => (None, Some(login.as_str())),
            HookOwner::App(_) => (None, None),
        };
        let event = Event { name: "ping", repo, org, sender, payload };
        let (payload, repository_id) = complete(view, &event);
        let receiver = Receiver { hook: hook.id, target: target(world, owner), installation: None };
        self.queue("ping", &uuid::Uuid::new_v4().to_string(), &payload, repository_id, receiver);
    }

    fn queue(self: &Arc<Self>, name: &str, guid: &str, payload: &Value, repository_id: Option<u64>, to: Receiver) {
        let record = Record {
            id: self.next_delivery_id(),
            guid: guid.to_owned(),
            hook_id: to.hook,
            event: name.to_owned(),
            action: payload["action"].as_str().map(str::to_owned),
            repository_id,
            installation_id: to.installation,
            target: to.target,
            payload: payload.to_string(),
            redelivery: false,
            queued_at: Timestamp::now(),
            delivered_at: None,
            duration: 0.0,
            status_code: None,
            status: "pending".to_owned(),
            request_headers: std::collections::BTreeMap::new(),
            response_headers: std::collections::BTreeMap::new(),
            response_body: String::new(),
        };
        let (hook, id) = (record.hook_id, record.id);
        self.deliveries.put(record);
        self.postman.send(self, hook, id);
    }

    /// Sends a delivery once more, under its GUID. None if it is no longer known.
    pub(crate) fn redeliver(self: &Arc<Self>, id: u64) -> Option<()> {
        let first = self.deliveries.get(id)?;
        let record = Record {
            id: self.next_delivery_id(),
            redelivery: true,
            queued_at: Timestamp::now(),
            delivered_at: None,
            status_code: None,
            status: "pending".to_owned(),
            ..first
        };
        let (hook, id) = (record.hook_id, record.id);
        self.deliveries.put(record);
        self.postman.send(self, hook, id);
        Some(())
    }
}

/// Hooks of the repository, of its organisation, and of the apps that are installed there, in this order.
fn receivers(world: &World, event: &Event<'_>) -> Vec<Receiver> {
    let repo = event.repo.and_then(|name| world.repo(name));
    let org_login = event.org.or(repo.map(|repo| repo.owner.as_str()));
    let mut owners = Vec::new();
    if let Some(repo) = repo {
        owners.push((HookOwner::Repo(key(&repo.full_name())), None));
    }
    if let Some(org) = org_login.and_then(|login| world.org(login)) {
        owners.push((HookOwner::Org(org.login.clone()), None));
    }
    let covered =
        |repos: &std::collections::BTreeSet<String>| repo.is_some_and(|r| repos.contains(&key(&r.full_name())));
    for installation in world.installations.values() {
        let here = org_login.is_some_and(|login| installation.account.eq_ignore_ascii_case(login));
        if here && installation.repos.as_ref().is_none_or(covered) {
            owners.push((HookOwner::App(installation.app_id), Some(installation.id)));
        }
    }
    let mut receivers = Vec::new();
    for (owner, installation) in owners {
        for hook in owner.hooks(world).iter().filter(|hook| hook.wants(event.name)) {
            receivers.push(Receiver { hook: hook.id, target: target(world, &owner), installation });
        }
    }
    receivers
}

fn target(world: &World, owner: &HookOwner) -> (String, u64) {
    match owner {
        HookOwner::Repo(name) => ("repository".to_owned(), world.repo(name).map_or(0, |repo| repo.id)),
        HookOwner::Org(login) => ("organization".to_owned(), world.org(login).map_or(0, |org| org.id)),
        HookOwner::App(id) => ("integration".to_owned(), *id),
    }
}

/// The payload with its repository, organisation and sender, and the repository's id.
fn complete(view: View<'_>, event: &Event<'_>) -> (Value, Option<u64>) {
    let mut payload = event.payload.clone();
    let repo = event.repo.and_then(|name| view.world.repo(name));
    if let Some(repo) = repo {
        let mut shown = view.repo(repo);
        if event.name == "push" {
            // The push event alone gives these two as seconds since 1970, and the owner with name and address.
            let owner = json!({ "name": repo.owner, "email": null });
            extend(&mut shown["owner"], owner);
            let numbers = json!({
                "created_at": repo.created_at.as_second(), "pushed_at": repo.pushed_at.as_second(),
                "stargazers": 0, "master_branch": repo.default_branch,
            });
            extend(&mut shown, numbers);
        }
        payload["repository"] = shown;
    }
    let login = event.org.or(repo.map(|repo| repo.owner.as_str()));
    if let Some(org) = login.and_then(|login| view.world.org(login)) {
        payload["organization"] = view.org(org);
    }
    payload["sender"] = view.account(event.sender);
    (payload, repo.map(|repo| repo.id))
}
