//! What is replaced while tasks wait: each task goes on with what its event was dispatched with.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use sim::client::{Delivery, NewPr};
use sim::fault::{FaultKind, FaultSpec, Match};
use store::TaskState;
use tests::demo_config::{self, GREETER, GREETING, NEW_GREETING};
use tests::patch::{marked, replace_text};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{World, seen, write};

const SOON: Duration = Duration::from_secs(120);
const HOLD: &str = "do-not-merge/hold";

async fn stage() -> Stage {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

/// Whatever this plugin writes fails, until the faults are taken back.
async fn nothing_is_written_by(stage: &Stage, plugin: &str) {
    let matches =
        Match { method: Some("POST".into()), user_agent: Some(format!("bowsprit.{plugin}/")), ..Match::default() };
    stage.world.sim.fault(&FaultSpec { matches, times: 100_000, fault: FaultKind::InternalError }).await.unwrap();
}

/// Comments, and waits until the plugin's task is as `wanted`.
async fn says(stage: &mut Stage, number: u64, text: &str, plugin: &str, wanted: TaskState) -> Delivery {
    let bob = stage.bob.clone();
    let said = stage.comment(&bob, number, text).await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    is(stage, &delivery, plugin, wanted, "").await;
    delivery
}

/// Waits until the plugin's task is as `wanted`, for a reason with `why` in it.
async fn is(stage: &mut Stage, delivery: &Delivery, plugin: &str, wanted: TaskState, why: &str) {
    let inbox = stage.world.inbox().await.unwrap();
    let what = format!("the task of `{plugin}` to be {wanted}, {why}");
    let look = stage.world.wait(&what, SOON, async |_| {
        let report = seen(inbox.show(&delivery.guid).await)?.ok_or("not in the inbox")?;
        let task = report.reports.into_iter().find(|task| task.plugin == plugin).ok_or("no task")?;
        let reason = task.reason.unwrap_or_default();
        if task.state == wanted && reason.contains(why) { Ok(()) } else { Err(format!("{}, {reason}", task.state)) }
    });
    look.await.unwrap();
}

/// Writes plugins.yaml anew, and waits until `/status` shows what is to be seen then.
async fn reconfigured(stage: &mut Stage, edit: impl Fn(&str) -> String, shown: impl Fn(&serde_json::Value) -> bool) {
    let before = fs::read_to_string(stage.world.path("plugins.yaml")).unwrap();
    let after = edit(&before);
    assert_ne!(before, after);
    write(stage.world.dir(), "plugins.yaml", after.as_bytes()).unwrap();
    let look = stage.world.wait("/status to show the new configuration", SOON, async |world| {
        let status = seen(world.status().await)?;
        if shown(&status["plugins"]) { Ok(()) } else { Err(status.to_string()) }
    });
    look.await.unwrap();
}

#[tokio::test]
async fn a_task_that_waits_for_its_lane_begins_with_what_its_event_was_dispatched_with() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    nothing_is_written_by(&stage, "greeter").await;
    let first = says(&mut stage, pr.number, "/greet", "greeter", TaskState::Parked).await;
    let second = says(&mut stage, pr.number, "/greet", "greeter", TaskState::Queued).await;

    let component = fs::read(stage.world.path(GREETER)).unwrap();
    let newer = replace_text(&component, GREETING, NEW_GREETING).unwrap();
    write(stage.world.dir(), "greeter-2.wasm", &newer).unwrap();
    let old = stage.world.status().await.unwrap()["plugins"]["greeter"]["digest"].clone();
    let edit = |text: &str| text.replace("./greeter.wasm", "./greeter-2.wasm");
    reconfigured(&mut stage, edit, |plugins| plugins["greeter"]["digest"] != old).await;

    stage.world.sim.clear_faults().await.unwrap();
    stage.handled(&first.guid, "greeter").await.unwrap();
    stage.handled(&second.guid, "greeter").await.unwrap();
    assert_eq!(stage.bot_said(pr.number, GREETING).await.unwrap(), 2);
    says(&mut stage, pr.number, "/greet", "greeter", TaskState::Done).await;
    assert_eq!(stage.bot_said(pr.number, NEW_GREETING).await.unwrap(), 1, "the next event sees the new one");
}

#[tokio::test]
async fn a_task_of_a_plugin_that_is_not_enabled_any_more_goes_on() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    nothing_is_written_by(&stage, "hold").await;
    let first = says(&mut stage, pr.number, "/hold", "hold", TaskState::Parked).await;
    let second = says(&mut stage, pr.number, "/unhold", "hold", TaskState::Queued).await;
    reconfigured(&mut stage, |text| text.replace("    - hold\n", ""), |plugins| plugins["hold"].is_null()).await;
    stage.world.sim.clear_faults().await.unwrap();
    stage.handled(&first.guid, "hold").await.unwrap();
    stage.handled(&second.guid, "hold").await.unwrap();
    stage.labels(pr.number, &[], &[HOLD]).await.unwrap();
}

#[tokio::test]
async fn a_restart_with_new_plugins_and_a_new_config_goes_on_with_the_old_ones() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    nothing_is_written_by(&stage, "hold").await;
    let first = says(&mut stage, pr.number, "/hold", "hold", TaskState::Parked).await;
    let second = says(&mut stage, pr.number, "/unhold", "hold", TaskState::Queued).await;
    let old = stage.world.status().await.unwrap()["plugins"]["hold"]["digest"].as_str().unwrap().to_owned();
    stage.world.kill_host();

    let newer = stage.world.path("newer-plugins");
    copy_with_another_hold(&stage.world.programs().plugins.clone(), &newer);
    stage.world.use_plugins(newer);
    let config = fs::read_to_string(stage.world.path("config.yaml")).unwrap();
    write(stage.world.dir(), "config.yaml", (config + "\n# Another revision.\n").as_bytes()).unwrap();
    // What the tasks began with is there, and cannot be read for a while.
    let kept = stage.world.path("state/components").join(format!("{old}.wasm"));
    let aside = stage.world.path("aside.wasm");
    fs::rename(&kept, &aside).unwrap();
    fs::create_dir(&kept).unwrap();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    is(&mut stage, &first, "hold", TaskState::Parked, "cannot be had now").await;
    fs::remove_dir(&kept).unwrap();
    fs::rename(&aside, &kept).unwrap();

    stage.world.sim.clear_faults().await.unwrap();
    stage.handled(&first.guid, "hold").await.unwrap();
    let task = stage.handled(&second.guid, "hold").await.unwrap();
    assert_eq!(task.trace.unwrap()["digest"], old);
    stage.labels(pr.number, &[], &[HOLD]).await.unwrap();
    let now = stage.world.status().await.unwrap()["plugins"]["hold"]["digest"].clone();
    assert_ne!(now, old, "the new one is in force meanwhile");
}

#[tokio::test]
async fn a_task_whose_component_is_gone_says_so() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    nothing_is_written_by(&stage, "hold").await;
    let delivery = says(&mut stage, pr.number, "/hold", "hold", TaskState::Parked).await;
    let old = stage.world.status().await.unwrap()["plugins"]["hold"]["digest"].as_str().unwrap().to_owned();
    stage.world.kill_host();
    let newer = stage.world.path("newer-plugins");
    copy_with_another_hold(&stage.world.programs().plugins.clone(), &newer);
    stage.world.use_plugins(newer);
    fs::remove_file(stage.world.path("state/components").join(format!("{old}.wasm"))).unwrap();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    is(&mut stage, &delivery, "hold", TaskState::Dead, "is not kept any more").await;
}

/// The bundled plugins with a `hold` of another digest, as an upgrade brings them.
fn copy_with_another_hold(from: &Path, to: &Path) {
    use sha2::Digest as _;
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
    let component = marked(&fs::read(to.join("hold.wasm")).unwrap(), "another build");
    fs::write(to.join("hold.wasm"), &component).unwrap();
    let mut catalogue: serde_json::Value =
        serde_json::from_slice(&fs::read(to.join("catalogue.json")).unwrap()).unwrap();
    let entry = catalogue["plugins"].as_array_mut().unwrap().iter_mut().find(|entry| entry["name"] == "hold").unwrap();
    entry["digest"] = hex::encode(sha2::Sha256::digest(&component)).into();
    fs::write(to.join("catalogue.json"), catalogue.to_string()).unwrap();
}
