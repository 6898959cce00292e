//! The host ends when it is told to, whatever it is doing, and what it had not done is done after the next start.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Match};
use store::{DeliveryState, EntryState, TaskKind, TaskState};
use tests::demo_config::{self, GREETING};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{World, seen};

const SOON: Duration = Duration::from_secs(20);
/// The writes by which the dispatcher takes up a delivery fail, as on a full disk; taking deliveries in goes on.
const FULL: &str =
    "CREATE TRIGGER full BEFORE UPDATE ON deliveries BEGIN SELECT RAISE(ABORT, 'as if the disk were full'); END";

#[tokio::test]
async fn a_host_that_cannot_write_its_inbox_ends_when_told_and_goes_on_later() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    stage.idle().await.unwrap();

    let inbox = Connection::open(stage.world.inbox_file()).unwrap();
    inbox.execute_batch(FULL).unwrap();
    let said = stage.comment(&bob, pr.number, "/hold").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    let tried = stage.world.wait("the host to have tried", SOON, async |world| {
        let log = world.logs();
        if log.contains("cannot be dispatched yet") { Ok(()) } else { Err(log) }
    });
    tried.await.unwrap();

    let asked = Instant::now();
    let status = stage.world.release_host().unwrap().stop();
    assert!(status.success(), "{status} after {:?}", asked.elapsed());

    inbox.execute_batch("DROP TRIGGER full").unwrap();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    stage.handled(&delivery.guid, "hold").await.unwrap();
    stage.labels(pr.number, &["do-not-merge/hold"], &[]).await.unwrap();
    stage.idle().await.unwrap();
    let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
    assert_eq!(report.summary.state, DeliveryState::Done);
}

/// What a host has that is told to end.
struct Asked {
    stage: Stage,
    number: u64,
    guid: String,
    /// A webhook of which half the body has come.
    half: TcpStream,
}

/// A host whose plugin is in the middle of a call that GitHub answers after `delay`.
async fn in_a_call(delay: Duration) -> Asked {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    let number = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    stage.world.sim.quiesce(SOON).await.unwrap();
    stage.idle().await.unwrap();
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some("/comments$".to_owned()),
        user_agent: Some("bowsprit.greeter/".to_owned()),
        ..Match::default()
    };
    let fault = FaultKind::DelayMs(u64::try_from(delay.as_millis()).unwrap());
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault }).await.unwrap();
    let said = stage.comment(&bob, number, "/greet").await.unwrap();
    let guid = stage.heard(said).await.unwrap().guid;
    let inbox = stage.world.inbox().await.unwrap();
    let begun = stage.world.wait("the plugin's call to be under way", SOON, async |_| {
        let report = seen(inbox.show(&guid).await)?.ok_or("not in the inbox")?;
        let mut entries = report.reports.iter().flat_map(|task| &task.journal);
        if entries.any(|entry| entry.state == EntryState::Intent) { Ok(()) } else { Err(format!("{report:?}")) }
    });
    begun.await.unwrap();
    let mut half = TcpStream::connect(("127.0.0.1", stage.world.ports.hook)).unwrap();
    half.write_all(
        b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\
          x-github-event: push\r\nx-github-delivery: half\r\nx-hub-signature-256: sha256=00\r\nexpect: 100-continue\r\n\r\n",
    )
    .unwrap();
    // The host asks for the body: so it has begun with this request.
    let mut go_on = [0; 12];
    half.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    half.write_all(b"{\"half\": ").unwrap();
    Asked { stage, number, guid, half }
}

/// Has it end; how long that took.
fn ends(asked: &mut Asked) -> Duration {
    let begun = Instant::now();
    let status = asked.stage.world.release_host().unwrap().stop();
    let took = begun.elapsed();
    assert!(status.success(), "{status} after {took:?}");
    let mut answer = String::new();
    asked.half.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("HTTP/1.1 503 ") && answer.contains("shutting down; send the delivery again"), "{answer}");
    took
}

/// The next host leaves the bot with one greeting, and nothing to do.
async fn goes_on(asked: &mut Asked) {
    let Asked { stage, number, guid, .. } = asked;
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    stage.handled(guid, "greeter").await.unwrap();
    stage.bot_says(*number, &[GREETING]).await.unwrap();
    stage.idle().await.unwrap();
    assert_eq!(stage.bot_said(*number, GREETING).await.unwrap(), 1);
}

/// How far the call's task has come; the delivery's other plugins have theirs.
async fn state_of(asked: &Asked) -> TaskState {
    let inbox = asked.stage.world.inbox().await.unwrap();
    let report = inbox.show(&asked.guid).await.unwrap().unwrap();
    let task = report.reports.iter().find(|task| task.plugin == "greeter" && task.kind == TaskKind::Comment);
    task.unwrap().state
}

#[tokio::test]
async fn a_call_that_is_answered_within_the_grace_period_is_finished() {
    let mut asked = in_a_call(Duration::from_secs(2)).await;
    ends(&mut asked);
    assert_eq!(state_of(&asked).await, TaskState::Done);
    assert_eq!(asked.stage.bot_said(asked.number, GREETING).await.unwrap(), 1);
    goes_on(&mut asked).await;
}

/// The grace period of these hosts is five seconds.
#[tokio::test]
async fn what_outlasts_the_grace_period_is_taken_up_by_the_next_host() {
    let mut asked = in_a_call(Duration::from_secs(60)).await;
    let took = ends(&mut asked);
    assert!(took >= Duration::from_secs(4), "it did not wait: {took:?}");
    assert_eq!(state_of(&asked).await, TaskState::Queued);
    assert_eq!(asked.stage.bot_said(asked.number, GREETING).await.unwrap(), 0);
    goes_on(&mut asked).await;
}
