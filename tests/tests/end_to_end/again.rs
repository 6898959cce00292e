//! What failed is seen, and run again by hand beside a host that is at work: what was done is not done twice.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use sim::client::{NewPr, Request};
use sim::fault::{FaultKind, FaultSpec, Match};
use store::TaskState;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(60);
const HELP: &str = "help wanted";
const HELD: &str = "do-not-merge/hold";

async fn stage(options: Options) -> Stage {
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

fn example() -> Options {
    demo_config::options(&Programs::find().unwrap()).unwrap()
}

/// Whether `bowsprit deliveries …` goes well, and what it says.
fn deliveries(stage: &Stage, args: &[&str]) -> (bool, String) {
    let state = stage.world.path("state");
    let mut command = Command::new(&stage.world.programs().bowsprit);
    command.arg("deliveries").args(args).arg("--state-dir").arg(state);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

#[track_caller]
fn says(stage: &Stage, args: &[&str]) -> String {
    let (good, said) = deliveries(stage, args);
    assert!(good, "{args:?}: {said}");
    said
}

/// Waits until the plugin's task that does anything is in this state, and gives its reason.
async fn is(stage: &mut Stage, guid: &str, plugin: &str, wanted: TaskState) -> String {
    let inbox = stage.world.inbox().await.unwrap();
    let what = format!("a task of `{plugin}` to be {wanted}");
    let look = stage.world.wait(&what, SOON, async |_| {
        let report = seen(inbox.show(guid).await)?.ok_or("not in the inbox")?;
        let mut own = report.reports.into_iter().filter(|task| task.plugin == plugin);
        let states: Vec<_> = own.clone().map(|task| (task.state, task.reason)).collect();
        own.find(|task| task.state == wanted).map(|task| task.reason.unwrap_or_default()).ok_or(format!("{states:?}"))
    });
    look.await.unwrap()
}

/// Requests that the plugin made, by method and the end of the path.
async fn made(stage: &Stage, plugin: &str, method: &str, path: &str) -> usize {
    let agent = format!("bowsprit.{plugin}/");
    let is_own = |request: &&Request| {
        request.user_agent.contains(&agent) && request.method == method && request.path.ends_with(path)
    };
    stage.world.sim.requests(0).await.unwrap().iter().filter(is_own).count()
}

#[tokio::test]
async fn what_failed_is_listed_and_retried_and_its_effects_are_there_once() {
    let mut stage = stage(example()).await;
    let bob = stage.bob.clone();
    let issue = stage.alice.open_issue(REPO, "It is broken", "").await.unwrap();
    stage.idle().await.unwrap();
    assert_eq!(says(&stage, &["list", "--failed"]), "Nothing has failed.\n");
    assert_eq!(says(&stage, &["retry", "--all-failed"]), "Nothing has failed.\n");

    // The comment is made, the label is refused: the plugin fails with one of its two effects done.
    let (comments, labels) = (format!("/issues/{issue}/comments"), format!("/issues/{issue}/labels"));
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some(format!("{labels}$")),
        user_agent: Some("bowsprit.help/".to_owned()),
        ..Match::default()
    };
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault: FaultKind::Forbidden }).await.unwrap();
    let said = stage.comment(&bob, issue, "/help").await.unwrap();
    let guid = stage.heard(said).await.unwrap().guid;
    let why = is(&mut stage, &guid, "help", TaskState::Failed).await;
    assert!(why.contains("not accessible"), "{why}");
    stage.idle().await.unwrap();
    assert_eq!(stage.world.status().await.unwrap()["inbox"]["failed"], 1);
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.contains(r#"bowsprit_tasks{state="failed"} 1"#), "{metrics}");
    let listed = says(&stage, &["list", "--failed", "--repo", REPO, "--pr", &issue.to_string(), "--since", "1h"]);
    assert!(listed.contains(&guid) && listed.contains("help") && listed.contains("not accessible"), "{listed}");
    let json: Value = serde_json::from_str(&says(&stage, &["list", "--failed", "--output", "json"])).unwrap();
    assert_eq!((json.as_array().unwrap().len(), json[0]["guid"].as_str()), (1, Some(&*guid)));

    let retried: Value = serde_json::from_str(&says(&stage, &["retry", "--all-failed", "--output", "json"])).unwrap();
    assert_eq!(retried[0]["tasks"][0]["fate"], "resumes", "{retried}");
    is(&mut stage, &guid, "help", TaskState::Done).await;
    stage.labels(issue, &[HELP], &[]).await.unwrap();
    assert_eq!(made(&stage, "help", "POST", &comments).await, 1, "what was done is not done again");
    assert_eq!(made(&stage, "help", "POST", &labels).await, 2, "in vain, and with effect");
    assert_eq!(says(&stage, &["list", "--failed"]), "Nothing has failed.\n");
    assert!(says(&stage, &["retry", &guid]).contains("nothing of it has failed"));

    // A replay finds everything done; another journal does it twice, and that has to be asked for.
    let dry = says(&stage, &["replay", &guid, "--plugin", "help", "--dry-run"]);
    assert!(dry.contains("`create-comment`, `add-label` is done"), "{dry}");
    says(&stage, &["replay", &guid]);
    stage.idle().await.unwrap();
    assert_eq!(made(&stage, "help", "POST", &comments).await, 1);
    stage.alice.unlabel(REPO, issue, HELP).await.unwrap();
    let (good, refused) = deliveries(&stage, &["replay", &guid, "--plugin", "help", "--again"]);
    assert!(!good && refused.contains("--yes"), "{refused}");
    says(&stage, &["replay", &guid, "--plugin", "help", "--again", "--yes"]);
    stage.labels(issue, &[HELP], &[]).await.unwrap();
    assert_eq!(made(&stage, "help", "POST", &comments).await, 2);
    let (good, unknown) = deliveries(&stage, &["replay", "no-such-guid"]);
    assert!(!good && unknown.contains("no delivery no-such-guid"), "{unknown}");
}

/// A plugin that was not enabled when the event came gets it by a replay, also when the host is started only after that. And
/// every plugin that is there says why it did not run.
#[tokio::test]
async fn a_replay_hands_an_event_to_who_was_not_asked() {
    let example = example();
    let plugins = example.plugins.replace("    - hold\n", "");
    assert_ne!(plugins, example.plugins);
    let whole = example.plugins.clone();
    let elsewhere = "  other-org:\n    plugins:\n    - hold\n";
    let plugins = plugins.replacen("plugins:\n", &format!("plugins:\n{elsewhere}"), 1);
    let mut stage = stage(Options { plugins, ..example }).await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let guid = stage.says(&bob, pr, "/hold", "help").await.unwrap().guid;
    stage.idle().await.unwrap();
    let shown: Value = serde_json::from_str(&says(&stage, &["show", &guid, "--output", "json"])).unwrap();
    let considered = shown["considered"].as_array().unwrap();
    let hold = considered.iter().find(|considered| considered["plugin"] == "hold").unwrap();
    assert_eq!(hold["runs"], false);
    assert_eq!(hold["why"], format!("is not enabled for {REPO} in plugins.yaml"));

    stage.world.kill_host();
    tests::world::write(stage.world.dir(), "plugins.yaml", whole.as_bytes()).unwrap();
    says(&stage, &["replay", &guid, "--plugin", "hold"]);
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    stage.labels(pr, &[HELD], &[]).await.unwrap();
    stage.handled(&guid, "hold").await.unwrap();
    assert_eq!(made(&stage, "hold", "POST", "/labels").await, 1);
}
