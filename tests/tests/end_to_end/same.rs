//! One event that two hooks tell of, each under a GUID of its own, is one event.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use sim::client::{NewPr, Request};
use sim::seed::{Seed, SeedHook, SeedOrg};
use store::{DeliverySummary, Filter};
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::World;

const HELD: &str = "do-not-merge/hold";

/// The repository's hook is there; the organisation gets one to the same host, and each event two GUIDs.
async fn stage() -> Stage {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let world = World::start(options).await.unwrap();
    let hook = SeedHook { url: world.hook_url(), secret: Some(world.secret.clone()), events: None };
    let org = SeedOrg { hooks: vec![hook], ..SeedOrg::default() };
    let seed = Seed { orgs: [("my-org".to_owned(), org)].into(), ..Seed::default() };
    world.sim.seed(&seed).await.unwrap();
    world.sim.guid_a_hook(true).await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

/// All deliveries of this kind about this pull request, once there is nothing left to do.
async fn of_thread(stage: &mut Stage, number: u64, event: &str) -> Vec<DeliverySummary> {
    stage.world.sim.quiesce(Duration::from_secs(60)).await.unwrap();
    stage.idle().await.unwrap();
    let filter = Filter { key: Some(format!("#{number}")), ..Filter::default() };
    let listed = stage.world.inbox().await.unwrap().list(&filter).await.unwrap();
    listed.into_iter().filter(|delivery| delivery.event == event).collect()
}

#[tokio::test]
async fn two_hooks_that_tell_of_one_comment_cause_one_effect() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    stage.idle().await.unwrap();
    bob.comment(REPO, pr, "/hold\n/greet").await.unwrap();
    stage.labels(pr, &[HELD], &[]).await.unwrap();

    let told = of_thread(&mut stage, pr, "issue_comment").await;
    let (duplicates, firsts): (Vec<_>, Vec<_>) = told.iter().partition(|it| it.duplicate_of.is_some());
    let of: BTreeSet<_> = duplicates.iter().filter_map(|it| it.duplicate_of.as_deref()).collect();
    // bob's comment and the bot's, each by two hooks.
    assert!(firsts.len() >= 2, "{told:?}");
    assert_eq!(of, firsts.iter().map(|it| it.guid.as_str()).collect(), "one for each: {told:?}");
    assert_eq!(duplicates.len(), firsts.len(), "{told:?}");
    assert!(duplicates.iter().all(|it| it.tasks.is_empty()) && firsts.iter().all(|it| !it.tasks.is_empty()));
    let requests = stage.world.sim.requests(0).await.unwrap();
    for (plugin, path, want) in [("hold", "labels", 1), ("greeter", "comments", 1)] {
        let (agent, path) = (format!("bowsprit.{plugin}/"), format!("/issues/{pr}/{path}"));
        let is_own = |it: &&Request| it.method == "POST" && it.path.ends_with(&path) && it.user_agent.contains(&agent);
        assert_eq!(requests.iter().filter(is_own).count(), want, "{plugin} {path}");
    }

    // Whoever asks about the duplicate is led to the first.
    let mut explain = Command::new(&stage.world.programs().bowsprit);
    let explain = explain.args(["explain", &duplicates[0].guid, "--state-dir"]).arg(stage.world.path("state"));
    let said = String::from_utf8(explain.output().unwrap().stdout).unwrap();
    assert!(said.contains(duplicates[0].duplicate_of.as_deref().unwrap()), "{said}");
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.lines().any(|line| line.starts_with("bowsprit_webhook_duplicates ") && !line.ends_with(" 0")));
}

/// Their bodies are equal but for the label: they are two events, each told of twice.
#[tokio::test]
async fn two_labels_that_are_put_on_at_once_are_two_events() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let _ = of_thread(&mut stage, pr, "pull_request").await;
    let alice = stage.alice.clone();
    let (one, other) = tokio::join!(alice.label(REPO, pr, "one"), alice.label(REPO, pr, "other"));
    one.and(other).unwrap();
    let told = of_thread(&mut stage, pr, "pull_request").await;
    let mut labels = Vec::new();
    for delivery in told.iter().filter(|it| it.duplicate_of.is_none()) {
        let stored = stage.world.inbox().await.unwrap().load(&delivery.guid).await.unwrap().unwrap();
        let payload: serde_json::Value = serde_json::from_slice(stored.payload()).unwrap();
        labels.extend(payload["label"]["name"].as_str().map(str::to_owned));
    }
    // Plugins put on labels of their own.
    labels.retain(|label| ["one", "other"].contains(&label.as_str()));
    labels.sort();
    assert_eq!(labels, ["one", "other"]);
    assert_eq!(told.iter().filter(|it| it.duplicate_of.is_some()).count() * 2, told.len(), "{told:?}");
}
