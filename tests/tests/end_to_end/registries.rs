//! Plugins from a registry: pushed, pinned, run, and run on without it.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;
use sim::client::NewPr;
use tests::demo_config::{self, GREETER, GREETING, NEW_GREETING};
use tests::patch::replace_text;
use tests::programs::Programs;
use tests::registry::Registry;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, write};

use crate::signing::Signatory;

/// Runs `bowsprit plugin ARGS`, and gives what it printed.
fn plugin(programs: &Programs, args: &[&str]) -> String {
    let output = Command::new(&programs.bowsprit).arg("plugin").args(args).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(output.status.success(), "{args:?}: {err}");
    out
}

fn has(text: &Value, part: &str) -> bool {
    text.as_str().is_some_and(|text| text.contains(part))
}

#[tokio::test]
async fn a_plugin_from_a_registry_is_pinned_and_runs_on_without_it() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("registry");
    let Some(registry) = Registry::start("a_plugin_from_a_registry_is_pinned", &dir).unwrap() else { return };
    let programs = Programs::find().unwrap();
    let example = demo_config::options(&programs).unwrap();
    let component = example.beside.iter().find(|(name, _)| *name == GREETER).unwrap().1.clone();
    let file = own.path().join("greeter.wasm");
    fs::write(&file, &component).unwrap();
    let tag = format!("oci://{}/my-org/greeter:1", registry.host);
    let pushed = plugin(&programs, &["push", file.to_str().unwrap(), &tag]);
    let first = pushed.lines().next().unwrap().to_owned();
    assert!(
        first.starts_with("sha256:")
            && pushed.contains(&format!("component: oci://{}/my-org/greeter@{first}", registry.host)),
        "{pushed}"
    );

    let plugins = example.plugins.replace("./greeter.wasm", &tag);
    assert_ne!(plugins, example.plugins);
    let world = World::start(Options { plugins, ..example }).await.unwrap();
    let mut stage = Stage::new(world, Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    stage.bot_says(pr, &[GREETING]).await.unwrap();
    let plugins_yaml = stage.world.path("plugins.yaml");
    let shown = plugin(&programs, &["pins", "--plugin-config", plugins_yaml.to_str().unwrap()]);
    assert!(shown.contains(&tag) && shown.contains(&first) && shown.contains("pinned 2"), "{shown}");
    let origin = |status: &Value| status["plugins"]["greeter"]["origin"].clone();
    let now = origin(&stage.world.status().await.unwrap());
    assert_eq!(
        (&now["reference"], &now["manifest"]),
        (&Value::from(tag.clone()), &Value::from(first.clone())),
        "{now}"
    );

    // The tag moves, and nothing changes until somebody says so.
    fs::write(&file, replace_text(&component, GREETING, NEW_GREETING).unwrap()).unwrap();
    let second = plugin(&programs, &["push", file.to_str().unwrap(), &tag]).lines().next().unwrap().to_owned();
    assert_ne!(first, second);
    stage.world.kill_host();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    let moved = |status: &Value| origin(status)["tag_moved_to"] == second.as_str();
    let now = origin(&stage.shows("that the tag has moved", moved).await.unwrap());
    assert_eq!((&now["manifest"], &now["from"]), (&Value::from(first), &Value::from("cache")));
    plugin(&programs, &["pins", "--update", "--plugin-config", plugins_yaml.to_str().unwrap()]);
    stage.shows("what the tag stands for now", |status| origin(status)["manifest"] == second.as_str()).await.unwrap();
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    stage.bot_says(pr, &[NEW_GREETING]).await.unwrap();

    // Without the registry the cache serves, and that is said.
    registry.kill();
    stage.world.kill_host();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    let said = |status: &Value| has(&origin(status)["registry"], "the cache serves: the registry");
    stage.shows("that the registry is away", said).await.unwrap();
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    assert!(fs::read_to_string(stage.world.path("host.log")).unwrap().contains("its registry fails; the cache serves"));

    // What cannot be had leaves the old one standing, and shows with its place.
    let before = fs::read_to_string(&plugins_yaml).unwrap();
    let line = 1 + before.lines().position(|line| line.contains(&tag)).unwrap();
    write(stage.world.dir(), "plugins.yaml", before.replace("greeter:1", "greeter:2").as_bytes()).unwrap();
    let refused = |status: &Value| {
        has(&status["plugins"]["greeter"]["fault"], &format!("plugins.yaml:{line}:"))
            && has(&status["plugins"]["greeter"]["fault"], "the component of plugin `greeter` cannot be taken")
    };
    let now = stage.shows("the component that cannot be had", refused).await.unwrap();
    assert!(has(&now["plugins"]["greeter"]["fault"], "cannot be reached"), "{now}");
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    assert_eq!(stage.bot_said(pr, NEW_GREETING).await.unwrap(), 3);

    // Where a signature is demanded, one that has none is refused, and the old one stands.
    let (ours, theirs) = (Signatory::number(1), Signatory::number(2));
    let demand = format!("{before}\nsignatures:\n  \"{}\":\n    keys: [./cosign.pub]\n", host_of(&tag));
    write(stage.world.dir(), "cosign.pub", ours.public().as_bytes()).unwrap();
    let _registry = Registry::at(host_of(&tag), &dir).unwrap();
    write(stage.world.dir(), "plugins.yaml", demand.as_bytes()).unwrap();
    let refused = |status: &Value| has(&status["plugins"]["greeter"]["fault"], "is not signed, and `signatures.");
    stage.shows("that it is not signed", refused).await.unwrap();
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();

    // Signed by who is listed, it is taken; by somebody else, not: also when the list is another by now.
    let base = format!("http://{}/v2/my-org/greeter", host_of(&tag));
    ours.sign(&stage.world.http, &base, &second).await;
    let signed = |status: &Value| {
        origin(status)["signed_for"] == host_of(&tag) && status["plugins"]["greeter"]["fault"].is_null()
    };
    touch(&stage, &demand);
    stage.shows("that it is signed", signed).await.unwrap();
    write(stage.world.dir(), "cosign.pub", theirs.public().as_bytes()).unwrap();
    let refused = |status: &Value| has(&status["plugins"]["greeter"]["fault"], "is signed, but not as `signatures.");
    stage.shows("that it is signed by somebody else", refused).await.unwrap();
    stage.world.kill_host();
    write(stage.world.dir(), "cosign.pub", ours.public().as_bytes()).unwrap();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
}

/// Takes connections and reads what is asked, and never answers. Its `HOST:PORT`, and how many came.
fn never_answers() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (host, came) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
    let counted = came.clone();
    std::thread::spawn(move || {
        // Kept open: who hangs up has answered, in a way.
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            open.push(stream);
        }
    });
    (host, came)
}

#[tokio::test]
async fn a_registry_that_never_answers_holds_up_its_own_plugin_alone() {
    let programs = Programs::find().unwrap();
    let example = demo_config::options(&programs).unwrap();
    let (registry, came) = never_answers();
    let silent = format!("  silent:\n    component: oci://{registry}/my-org/silent:1\n");
    let plugins = example.plugins.replace("plugins: [", "plugins: [silent, ") + &silent;
    assert_eq!(plugins.matches("silent").count(), 3, "{plugins}");
    let begun = Instant::now();
    // It is ready although one of its plugins is not.
    let world = World::start(Options { plugins, ..example }).await.unwrap();
    println!("ready after {:?}", begun.elapsed());
    let mut stage = Stage::new(world, Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    stage.says(&bob, pr, "/greet\n/hold", "greeter").await.unwrap();
    stage.bot_says(pr, &[GREETING]).await.unwrap();
    stage.labels(pr, &["do-not-merge/hold"], &[]).await.unwrap();
    assert!(came.load(Ordering::SeqCst) > 0, "it was asked");
    let told = |status: &Value| {
        let fault = &status["plugins"]["silent"]["fault"];
        has(fault, "plugins.yaml:") && has(fault, &registry)
    };
    let status = stage.shows("that the registry does not answer", told).await.unwrap();
    println!("{}", status["plugins"]["silent"]);
    assert!(status["plugins"]["greeter"]["fault"].is_null(), "{status}");

    // It goes on so: the configuration changes, and what does not come from there is in force at once.
    let before = fs::read_to_string(stage.world.path("plugins.yaml")).unwrap();
    write(stage.world.dir(), "plugins.yaml", format!("{before}# again\n").as_bytes()).unwrap();
    write(stage.world.dir(), GREETER, &replace_text(&greeter(&stage), GREETING, NEW_GREETING).unwrap()).unwrap();
    let digest = |status: &Value| status["plugins"]["greeter"]["digest"].clone();
    let old = digest(&status);
    stage.shows("the new greeter", |status| digest(status) != old).await.unwrap();
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    stage.bot_says(pr, &[NEW_GREETING]).await.unwrap();
}

fn greeter(stage: &Stage) -> Vec<u8> {
    fs::read(stage.world.path(GREETER)).unwrap()
}

/// Another file of the same meaning: what was refused is looked at again at once.
fn touch(stage: &Stage, plugins: &str) {
    write(stage.world.dir(), "plugins.yaml", format!("{plugins}# again\n").as_bytes()).unwrap();
}

fn host_of(tag: &str) -> &str {
    tag.strip_prefix("oci://").unwrap().split('/').next().unwrap()
}
