//! Runs that are ended: aborted, superseded, out of time, removed.

use std::fs;

use prow::prowjob::ProwJobState;
use serde_json::json;

use crate::origin::Origin;
use crate::world::{World, is_alive, processes_of};

/// Starts a child in a session of its own that ignores signals, and then waits.
const TREE: &str = r#"setsid sh -c 'trap "" INT TERM HUP; echo daemon > daemon; while :; do sleep 0.1; done' &
    while [ ! -s daemon ]; do sleep 0.01; done
    echo ready
    sleep 600"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_kills_the_whole_tree_and_then_completes() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", TREE, &refs).await;
    world.logged("pj", "ready").await;
    let tree = processes_of(&world.dir("pj"));
    assert!(tree.len() >= 3, "{tree:?}");
    let request = json!({"status": {"state": "aborted", "description": "Aborted by trigger plugin."}});
    world.store.patch("pj", &request).await.unwrap();
    let job = world.complete("pj").await;
    assert_eq!(job.status.state, ProwJobState::Aborted);
    assert_eq!(job.status.description, "Aborted by trigger plugin.");
    assert!(!tree.iter().any(|pid| is_alive(pid)), "some of {tree:?} live");
    world.reported("pj").await;
    assert_eq!(world.github.last(&refs.pulls[0].sha).unwrap().state, "failure");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_aborted_before_it_began_never_begins() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    world.create_with("pj", "unit", "true", &refs, |job| job.status.state = ProwJobState::Aborted).await;
    let controller = world.controller().await;
    let job = world.complete("pj").await;
    assert_eq!((job.status.state, job.status.build_id.as_str()), (ProwJobState::Aborted, ""));
    assert!(!world.dir("pj").log().exists());
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_run_supersedes_and_github_hears_only_of_the_newer() {
    let (world, origin) = (World::new().await, Origin::new());
    let first = origin.pull(7, "x", "one\n");
    let controller = world.controller().await;
    world.create("old", "unit", TREE, &first).await;
    world.create("beside", "lint", "echo ready; sleep 600", &first).await;
    world.logged("old", "ready").await;
    world.reported("old").await;
    let second = origin.pull(7, "x", "two\n");
    world.create("new", "unit", "cat x", &second).await;
    let (old, new) = (world.complete("old").await, world.complete("new").await);
    assert_eq!((old.status.state, new.status.state), (ProwJobState::Aborted, ProwJobState::Success));
    world.reported("new").await;
    let told = world.github.states(&first.pulls[0].sha);
    assert!(!told.contains(&"failure".to_owned()), "{told:?}");
    assert!(processes_of(&world.dir("old")).is_empty());
    assert!(!world.get("beside").await.is_complete(), "another job of the same pull request goes on");
    world.store.delete("beside").await.unwrap();
    world.until("the folder is gone", || async { !world.dir("beside").path().exists() }).await;
    assert!(processes_of(&world.dir("beside")).is_empty(), "a deleted ProwJob has no run");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_superseded_while_github_is_slow_is_not_told_of_as_a_failure() {
    let (world, origin) = (World::new().await, Origin::new());
    let first = origin.pull(7, "x", "one\n");
    let sha = &first.pulls[0].sha;
    world.github.content.lock().unwrap().held.insert(sha.clone());
    let controller = world.controller().await;
    world.create("old", "unit", "sleep 600", &first).await;
    world.until("GitHub is slow", || async { world.github.content.lock().unwrap().has_waited }).await;
    let second = origin.pull(7, "x", "two\n");
    world.create("new", "unit", "true", &second).await;
    world.complete("old").await;
    world.github.content.lock().unwrap().held.clear();
    world.until("GitHub has answered", || async { !world.github.states(sha).is_empty() }).await;
    // It waits for what it has begun.
    controller.stop().await;
    assert_eq!(world.get("old").await.status.prev_report_states["github-reporter"], "aborted");
    assert_eq!(world.github.states(sha), ["pending"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_fails() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    let decoration = json!({"timeout": "1s", "grace_period": "200ms"});
    let script = "trap '' INT; sleep 600";
    world.create_with("pj", "unit", script, &refs, |job| job.spec.decoration_config = Some(decoration)).await;
    let job = world.complete("pj").await;
    assert_eq!(job.status.state, ProwJobState::Failure);
    assert_eq!(job.status.description, "Job failed: it did not finish within 1s.");
    assert!(world.log("pj").contains("Process did not finish before 1s timeout"));
    assert!(processes_of(&world.dir("pj")).is_empty());
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p23_running_beyond_plank_s_limit_is_an_abort() {
    let (world, origin) = (World::with_config("plank: { pod_running_timeout: 2s }\n").await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "sleep 600", &refs).await;
    let job = world.complete("pj").await;
    assert_eq!((job.status.state, job.status.description.as_str()), (ProwJobState::Aborted, "Pod running timeout."));
    world.reported("pj").await;
    assert_eq!(world.github.last(&refs.pulls[0].sha).unwrap().state, "failure");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_removed_with_its_folder() {
    let config = "sinker: { resync_period: 100ms, max_prowjob_age: 24h }\n";
    let (world, origin) = (World::with_config(config).await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let long_ago = jiff::Timestamp::now() - std::time::Duration::from_secs(25 * 3600);
    world.create_with("old", "unit", "true", &refs, |job| job.status.start_time = Some(long_ago)).await;
    world.create("young", "lint", "true", &refs).await;
    fs::create_dir_all(world.dir("stray").path()).unwrap();
    let controller = world.controller().await;
    world.complete("young").await;
    world.until("the old one is gone", || async { world.store.get("old").await.unwrap().is_none() }).await;
    world.until("its folder is gone", || async { !world.dir("old").path().exists() }).await;
    world.until("the stray is gone", || async { !world.dir("stray").path().exists() }).await;
    assert!(world.dir("young").log().exists());
    controller.stop().await;
}
