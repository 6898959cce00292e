//! The host ends when it is told to, whatever it is doing, and what it had not done is done after the next start.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use sim::client::NewPr;
use store::DeliveryState;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::World;

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
