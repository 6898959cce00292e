//! Webhooks and their logs. Nobody listens where these post to, so that every delivery has failed.

use std::time::Duration;

use github::{ApiErrorKind, Client, HookOwner, RepoName};
use sim::seed::SeedHook;

use super::World;

const SOON: Duration = Duration::from_secs(30);

/// A webhook to a port that nobody has.
pub(super) fn unreachable(path: &str) -> SeedHook {
    SeedHook { url: url(path), secret: None, events: None }
}

fn url(path: &str) -> String {
    format!("http://127.0.0.1:1/{path}")
}

pub(super) async fn every_method(client: &Client, world: &World, login: &str) -> Vec<&'static str> {
    world.sim.client().quiesce(SOON).await.unwrap();
    // The personal token's owner administers the repository, and is a plain member of the organisation.
    let is_app = login.ends_with("[bot]");
    owned(client, world, &HookOwner::Repo(RepoName::new("my-org", "hello")), "repo").await;
    let org = HookOwner::Org("my-org".to_owned());
    if is_app {
        owned(client, world, &org, "org").await;
        owned(client, world, &HookOwner::App, "app").await;
    } else {
        let refused = client.list_hooks(&org).await.unwrap_err();
        assert!(matches!(refused.kind, ApiErrorKind::Forbidden { .. }), "{refused}");
        let refused = client.list_hooks(&HookOwner::App).await.unwrap_err();
        assert_eq!(refused.kind, ApiErrorKind::Unauthorized, "{refused}");
    }
    vec!["list_hooks", "list_hook_deliveries", "redeliver"]
}

async fn owned(client: &Client, world: &World, owner: &HookOwner, path: &str) {
    let hooks = client.list_hooks(owner).await.unwrap();
    assert_eq!(hooks.iter().map(|hook| hook.url.as_str()).collect::<Vec<_>>(), [url(path)]);
    let log = owner.log(&hooks[0]);

    let (mut all, mut from, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = client.list_hook_deliveries(&log, from).await.unwrap();
        (pages, from) = (pages + 1, page.older);
        all.extend(page.deliveries);
        if from.is_none() {
            break;
        }
    }
    assert_eq!(pages, all.len().div_ceil(100), "{log}");
    assert!(all.is_sorted_by(|newer, older| newer.id > older.id), "{log}");
    let oldest = all.last().unwrap();
    assert!(!oldest.succeeded() && !oldest.redelivery && !oldest.event.is_empty(), "{oldest:?}");

    client.redeliver(&log, oldest.id).await.unwrap();
    world.sim.client().quiesce(SOON).await.unwrap();
    let newest = client.list_hook_deliveries(&log, None).await.unwrap().deliveries.remove(0);
    assert!(newest.redelivery && newest.id > oldest.id, "{newest:?}");
    assert_eq!((newest.guid, newest.event), (oldest.guid.clone(), oldest.event.clone()));
    assert!(client.redeliver(&log, u64::from(u32::MAX)).await.unwrap_err().is_not_found());
}
