//! In what order tasks go, and that some come again.

use std::time::{Duration, Instant};

use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Match};
use store::TaskState;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(30);
const HELD: &str = "do-not-merge/hold";
const PLUGINS: &str = "
plugins:
  my-org:
    plugins: [wrecker, hold]
modules:
  wrecker:
    component: ./wrecker.wasm
";

async fn stage() -> Stage {
    let programs = Programs::find().unwrap();
    let component = std::fs::read(programs.plugins.join("examples/wrecker.wasm")).unwrap();
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), PLUGINS);
    options.beside.push(("wrecker.wasm".to_owned(), component));
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

#[tokio::test]
async fn one_pull_requests_comments_are_handled_in_their_order_and_others_meanwhile() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let slow = stage.alice.open_pr(REPO, &NewPr::of_file("slow", "slow.txt", "1\n")).await.unwrap();
    let other = stage.alice.open_pr(REPO, &NewPr::of_file("other", "other.txt", "1\n")).await.unwrap();
    stage.idle().await.unwrap();
    // The first comment's only effect is kept waiting; in disorder the second one would be done before it.
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some(format!("/issues/{}/labels$", slow.number)),
        ..Match::default()
    };
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault: FaultKind::DelayMs(4000) }).await.unwrap();
    let mark = stage.world.sim.requests(0).await.unwrap().last().map_or(0, |request| request.seq);
    let first = stage.comment(&bob, slow.number, "/hold").await.unwrap();
    let second = stage.comment(&bob, slow.number, "/unhold").await.unwrap();
    stage.says(&bob, other.number, "/hold", "hold").await.unwrap();
    stage.labels(other.number, &[HELD], &[]).await.unwrap();

    let (first, second) = (stage.heard(first).await.unwrap(), stage.heard(second).await.unwrap());
    stage.handled(&second.guid, "hold").await.unwrap();
    let requests = stage.world.sim.requests(mark).await.unwrap();
    let writes: Vec<_> = requests
        .iter()
        .filter(|request| request.method != "GET" && request.path.contains("/labels"))
        .map(|request| (request.method.as_str(), request.path.contains(&format!("/issues/{}/", slow.number))))
        .collect();
    assert_eq!(
        writes.iter().filter(|(_, slow)| *slow).map(|(method, _)| *method).collect::<Vec<_>>(),
        ["POST", "DELETE"]
    );
    stage.labels(slow.number, &[], &[HELD]).await.unwrap();

    let inbox = stage.world.inbox().await.unwrap();
    let ended = async |guid: &str, plugin: &str| {
        let report = inbox.show(guid).await.unwrap().unwrap();
        report.reports.iter().filter(|task| task.plugin == plugin).map(|task| task.finished_at.unwrap()).max().unwrap()
    };
    assert!(ended(&first.guid, "hold").await <= ended(&second.guid, "hold").await);
}

/// Both forms of one event are one lane's, the typed one first.
#[tokio::test]
async fn both_forms_of_one_event_reach_a_plugin_one_after_the_other() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let delivery = stage.says(&bob, pr.number, "good morning", "wrecker").await.unwrap();
    let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
    let own: Vec<_> = report.reports.iter().filter(|task| task.plugin == "wrecker").collect();
    assert_eq!(own.len(), 2, "{own:?}");
    assert_eq!(own[0].lane, own[1].lane);
    assert_eq!([own[0].kind, own[1].kind], [store::TaskKind::Typed, store::TaskKind::Comment]);
    assert!(own[0].finished_at.unwrap() <= own[1].finished_at.unwrap());
}

#[tokio::test]
async fn a_plugin_that_asks_to_be_called_again_is_also_after_a_kill() {
    let mut stage = stage().await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let said = stage.comment(&bob, pr.number, "/wreck again").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    let inbox = stage.world.inbox().await.unwrap();
    let aside = stage.world.wait("the task to be put aside", SOON, async |_| {
        let report = seen(inbox.show(&delivery.guid).await)?.ok_or("not there")?;
        let parked = report.reports.iter().any(|task| task.state == TaskState::Parked && task.round == 1);
        if parked { Ok(()) } else { Err(format!("{:?}", report.reports)) }
    });
    aside.await.unwrap();
    stage.world.kill_host();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    let task = stage.handled(&delivery.guid, "wrecker").await.unwrap();
    assert_eq!((task.round, task.reason.as_deref()), (1, Some("called again")), "{task:?}");
}
