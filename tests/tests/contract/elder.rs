//! A component that was built for the previous version of the contract runs beside those of today.

use std::time::Duration;

use sim::client::NewPr;
use tests::stage::REPO;
use tests::world::{seen, write};

use crate::script::{self, Services};

/// How long a new plugins.yaml may take to be looked at.
const SOON: Duration = Duration::from_secs(30);

const PLUGINS: &str = "
plugins:
  my-org:
    plugins: [elder, greeter]
modules:
  elder:
    component: ./elder.wasm
    grants: { pull_requests: write }
  greeter:
    component: ./greeter.wasm
    grants: { issues: write, pull_requests: write }
";

#[tokio::test]
async fn a_component_of_the_previous_version_runs_beside_one_of_today() {
    let mut stage = script::start(PLUGINS, &["elder", "greeter"], Services::default()).await;
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let pr = alice.open_pr(REPO, &NewPr::of_file("topic", "a.txt", "1\n")).await.unwrap().number;
    alice.label(REPO, pr, "lgtm").await.unwrap();

    let delivery = stage.says(&bob, pr, "/recount", "elder").await.unwrap();
    let told = stage.handled(&delivery.guid, "elder").await.unwrap().reason.unwrap_or_default();
    let want = "\"Change a.txt\" by alice from topic to main has 1 labels and 1 comments.";
    assert_eq!(told, want);
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();

    assert_eq!(stage.world.sim.labels(REPO, pr).await.unwrap(), ["lgtm", "recounted"]);
    let comments = stage.world.sim.comments(REPO, pr).await.unwrap();
    for text in [want, "first greeter"] {
        assert!(comments.iter().any(|comment| comment.body.contains(text)), "{text}: {comments:?}");
    }
}

#[tokio::test]
async fn what_an_older_component_was_not_granted_is_named_too() {
    let mut stage = script::start(PLUGINS, &["elder", "greeter"], Services::default()).await;
    let plugins = PLUGINS.replace("grants: { pull_requests: write }\n  greeter", "grants: {}\n  greeter");
    write(stage.world.dir(), "plugins.yaml", plugins.as_bytes()).unwrap();
    let refused = stage.world.wait("the refusal on /status", SOON, async |world| {
        let status = seen(world.status().await)?.to_string();
        if status.contains("pull_requests: write") { Ok(status) } else { Err(status) }
    });
    let status = refused.await.unwrap();
    for part in ["`elder`", "github-pull-requests-write", "plugins.yaml:6"] {
        assert!(status.contains(part), "{part}: {status}");
    }
}
