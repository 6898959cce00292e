//! What a restart finds.

use serde_json::json;
use sim::Options;
use sim::seed::{DemoHook, Seed};

use crate::support::{REPO, Receiver, World, file};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_everything_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let seed = || Seed::demo(Some(DemoHook { url: receiver.url.clone(), secret: "s3cret".to_owned() }));
    let options = || Options {
        state_dir: Some(dir.path().to_owned()),
        external_url: Some("http://github.test".to_owned()),
        ..Options::default()
    };
    let world =
        World::with(options(), "apps: { helper: { permissions: { issues: write }, installed: { my-org: [] } } }").await;
    world.running.seed(seed()).await.unwrap();
    let pr = world.sim.user("mallory").await.unwrap();
    let pr = pr.open_pr(REPO, &sim::client::NewPr::of_file("change", "new.txt", "text\n")).await.unwrap();
    let alice = world.sim.user("alice").await.unwrap();
    alice.comment(REPO, pr.number, "hello").await.unwrap();
    alice.label(REPO, pr.number, "lgtm").await.unwrap();
    world.sim.quiesce(std::time::Duration::from_secs(20)).await.unwrap();
    // These wait when the stand-in goes down.
    world.sim.pause_webhooks().await.unwrap();
    alice.comment(REPO, pr.number, "are you there?").await.unwrap();
    let (state, deliveries) = (world.sim.state().await.unwrap(), world.sim.deliveries().await.unwrap());
    let before = receiver.all().len();
    world.running.shutdown().await;

    let running = sim::serve(options()).await.unwrap();
    let sim = running.client();
    sim.quiesce(std::time::Duration::from_secs(20)).await.unwrap();
    assert_eq!(receiver.all().len(), before + 1);
    assert_eq!(receiver.all().last().unwrap().payload()["comment"]["body"], "are you there?");
    assert_eq!(sim.deliveries().await.unwrap().len(), deliveries.len());
    let again = sim.state().await.unwrap();
    assert_eq!(again["repos"], with_last_codes(&state["repos"], &again["repos"]));
    assert_eq!(again["orgs"], state["orgs"]);
    assert_eq!(again["apps"], state["apps"]);

    // The same document again changes nothing, and life goes on.
    running.seed(seed()).await.unwrap();
    assert_eq!(sim.state().await.unwrap()["repos"], again["repos"]);
    let mallory = sim.user("mallory").await.unwrap();
    let head = mallory.push_to_pr(REPO, pr.number, "More", &file("new.txt", "more\n")).await.unwrap();
    assert_eq!(sim.pr(REPO, pr.number).await.unwrap().head_sha, head);
    running.shutdown().await;
}

/// The code of the last delivery is the one thing that the delivery after the restart changes.
fn with_last_codes(was: &serde_json::Value, is: &serde_json::Value) -> serde_json::Value {
    let mut was = was.clone();
    for (name, repo) in was.as_object_mut().unwrap() {
        for (index, hook) in repo["hooks"].as_array_mut().unwrap().iter_mut().enumerate() {
            hook["last_code"] = is[name]["hooks"][index]["last_code"].clone();
        }
    }
    was
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_contradicts_itself_makes_nothing() {
    let world = World::start().await;
    let before = world.sim.state().await.unwrap();
    let cases = [
        ("repos: { nobody/repo: {} }", "add it under `orgs` or `users`"),
        ("repos: { my-org/../../etc: {} }", "letters, digits"),
        ("users: [{ login: 'a b' }]", "cannot be a login"),
    ];
    for (text, want) in cases {
        let error = world.sim.seed(&Seed::parse(text).unwrap()).await.unwrap_err().to_string();
        assert!(error.contains(want), "{text}: {error}");
    }
    let misspelt = Seed::parse("repos:\n  my-org/hello:\n    privte: true\n").unwrap_err();
    assert!(misspelt.contains("privte"), "{misspelt}");
    assert_eq!(world.sim.state().await.unwrap(), before);
    assert_eq!(world.json("GET", "/users/alice", "token-bob", None).await["login"], json!("alice"));
}
