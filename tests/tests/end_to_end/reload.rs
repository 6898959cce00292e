//! Files that change while the host runs: what is good takes effect, what is not shows and changes nothing, and what was
//! too early is tried again.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;
use sim::client::NewPr;
use store::Filter;
use tests::demo_config::{self, GREETER, GREETING, NEW_GREETING};
use tests::patch::{marked, replace_text};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen, write};

const SOON: Duration = Duration::from_secs(120);

fn example() -> Options {
    demo_config::options(&Programs::find().unwrap()).unwrap()
}

async fn stage() -> Stage {
    Stage::new(World::start(example()).await.unwrap(), Instant::now()).await.unwrap()
}

fn fault_has(fault: &Value, part: &str) -> bool {
    fault.as_str().is_some_and(|fault| fault.contains(part))
}

#[tokio::test]
async fn a_plugin_whose_component_is_not_there_yet_stays_as_it_was_and_holds_up_nobody() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let plugins = fs::read_to_string(stage.world.path("plugins.yaml")).unwrap();
    let plugins =
        plugins.replace("./greeter.wasm", "./greeter-2.wasm").replace("    - hold\n", "    - hold\n    - late\n");
    let plugins = format!("{plugins}  late: {{ component: ./late.wasm }}\n");
    let revision = stage.world.status().await.unwrap()["config"]["revision"].clone();
    write(stage.world.dir(), "plugins.yaml", plugins.as_bytes()).unwrap();
    let early = |status: &Value| {
        let faults = |name: &str, file| fault_has(&status["plugins"][name]["fault"], file);
        faults("greeter", "greeter-2.wasm") && faults("late", "late.wasm")
    };
    let before = stage.shows("the components that are missing", early).await.unwrap();
    assert!(before["config"]["revision"] != revision && before["config"]["fault"].is_null(), "{before}");
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    stage.bot_says(pr, &[GREETING]).await.unwrap();

    let newer = replace_text(&fs::read(stage.world.path(GREETER)).unwrap(), GREETING, NEW_GREETING).unwrap();
    write(stage.world.dir(), "greeter-2.wasm", &newer).unwrap();
    let after = stage.shows("no fault", |status| status["plugins"]["greeter"]["fault"].is_null()).await.unwrap();
    assert!(fault_has(&after["plugins"]["late"]["fault"], "late.wasm"), "{after}");
    assert_ne!(after["plugins"]["greeter"]["digest"], before["plugins"]["greeter"]["digest"]);
    stage.says(&bob, pr, "/greet", "greeter").await.unwrap();
    stage.bot_says(pr, &[NEW_GREETING]).await.unwrap();
}

#[tokio::test]
async fn a_bundled_plugin_is_replaced_with_its_catalogue_and_never_without() {
    let mut world = World::start(Options { started: false, ..example() }).await.unwrap();
    let (bundled, own) = (world.programs().plugins.clone(), world.path("plugins"));
    fs::create_dir(&own).unwrap();
    for file in fs::read_dir(bundled).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        fs::copy(&file, own.join(file.file_name().unwrap())).unwrap();
    }
    world.use_plugins(own.clone());
    world.start_host().unwrap();
    world.start_controller().unwrap();
    world.ready().await.unwrap();
    let mut stage = Stage::new(world, Instant::now()).await.unwrap();
    let before = stage.world.status().await.unwrap()["plugins"]["trigger"]["digest"].clone();

    // Somebody drops another file where the catalogue grants much.
    let other = marked(&fs::read(own.join("trigger.wasm")).unwrap(), "another build");
    write(&own, "trigger.wasm", &other).unwrap();
    let refused = |status: &Value| fault_has(&status["plugins"]["trigger"]["fault"], "build the plugins again");
    let shown = stage.shows("the other component refused", refused).await.unwrap();
    assert_eq!(shown["plugins"]["trigger"]["digest"], before);

    let catalogue = fs::read_to_string(own.join("catalogue.json")).unwrap();
    let digest = {
        use sha2::Digest as _;
        hex::encode(sha2::Sha256::digest(&other))
    };
    let catalogue = catalogue.replace(before.as_str().unwrap(), &digest);
    write(&own, "catalogue.json", catalogue.as_bytes()).unwrap();
    let taken = |status: &Value| status["plugins"]["trigger"]["digest"] == digest.as_str();
    let shown = stage.shows("the other component with its catalogue", taken).await.unwrap();
    assert!(shown["plugins"]["trigger"]["fault"].is_null() && shown["config"]["fault"].is_null(), "{shown}");
}

#[tokio::test]
async fn a_plugin_that_is_not_configured_any_more_has_no_fault() {
    let mut stage = stage().await;
    write(stage.world.dir(), GREETER, b"no component").unwrap();
    stage.shows("the damaged component", |status| !status["plugins"]["greeter"]["fault"].is_null()).await.unwrap();
    let series = "bowsprit_reload_failed{what=\"greeter\"}";
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.contains(&format!("{series} 1")), "{metrics}");

    let plain = demo_config::example("plugins.yaml").unwrap();
    write(stage.world.dir(), "plugins.yaml", plain.as_bytes()).unwrap();
    stage.shows("no greeter", |status| status["plugins"]["greeter"].is_null()).await.unwrap();
    let gone = stage.world.wait("its series to be gone", SOON, async |world| {
        let metrics = seen(world.metrics().await)?;
        if metrics.contains(series) { Err(metrics) } else { Ok(()) }
    });
    gone.await.unwrap();
}

#[tokio::test]
async fn the_next_event_sees_a_new_configuration_and_no_event_sees_two() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let config = fs::read_to_string(stage.world.path("config.yaml")).unwrap();
    let component = fs::read(stage.world.path(GREETER)).unwrap();
    for n in 0..5 {
        let job = format!(
            "  - name: job-{n}\n    trigger: '^/run {n}$'\n    rerun_command: /run {n}\n    spec:\n      containers: [{{image: x, command: [\"true\"]}}]\n"
        );
        let (head, tail) = config.split_once("  my-org/hello:\n").unwrap();
        let before = stage.world.status().await.unwrap();
        write(stage.world.dir(), GREETER, &marked(&component, &format!("build {n}"))).unwrap();
        let text = format!("{head}  my-org/hello:\n{job}{tail}");
        write(stage.world.dir(), "config.yaml", text.as_bytes()).unwrap();
        // This one arrives in the middle of it.
        stage.says(&bob, pr, "/greet\n/hold", "greeter").await.unwrap();
        let newer = |status: &Value| {
            status["config"]["revision"] != before["config"]["revision"]
                && status["plugins"]["greeter"]["digest"] != before["plugins"]["greeter"]["digest"]
        };
        stage.shows("the new configuration and component", newer).await.unwrap();
        let delivery = stage.says(&bob, pr, &format!("/run {n}"), "trigger").await.unwrap();
        stage.started(&delivery.guid, &[&format!("job-{n}")]).await.unwrap();
    }
    stage.idle().await.unwrap();
    let inbox = stage.world.inbox().await.unwrap();
    let mut revisions = std::collections::BTreeSet::new();
    for delivery in inbox.list(&Filter::default()).await.unwrap() {
        let report = inbox.show(&delivery.guid).await.unwrap().unwrap();
        for task in &report.reports {
            let ran_with = task.trace.as_ref().unwrap()["config_revision"].as_str().map(str::to_owned);
            assert_eq!(ran_with, report.config_revision, "{} of {}", task.plugin, delivery.guid);
            revisions.extend(ran_with);
        }
    }
    assert!(revisions.len() > 5, "{revisions:?}");
}
