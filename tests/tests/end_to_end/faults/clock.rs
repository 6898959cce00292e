//! The wall's clock is set hours forward and back while the host runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use counterparts::{skip, this_test};
use sim::fault::{FaultKind, FaultSpec, Match};
use sim::seed::Seed;
use store::EntryState;
use tests::stage::Stage;
use tests::world::{World, seen, write};

use super::{HELD, SOON, open, options};

const HOURS: i64 = 3600;
const APP: &str = "
apps:
  bowsprit:
    permissions:
      {metadata: read, members: read, issues: write, pull_requests: write, contents: read, statuses: write}
    installed: {my-org: []}
";

/// The library that tells a program another time; none, with the skip noted, where it is not installed.
fn library(test: &str) -> Option<PathBuf> {
    let found = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let found = found.map(|dir| dir.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.is_file());
    if found.is_none() {
        skip(test, "libfaketime is not there: `cargo xtask setup` installs it");
    }
    found
}

/// Starts the host with a clock that is told by the file `offset`, so many seconds away from ours.
async fn start(mut world: World, library: &Path) -> Stage {
    set(&world, 0);
    let told = [
        ("LD_PRELOAD", library.into()),
        ("FAKETIME_TIMESTAMP_FILE", world.path("offset").into_os_string()),
        ("FAKETIME_NO_CACHE", "1".into()),
        // What measures how long something takes is not set by anybody.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
    ];
    let told = told.map(|(name, value): (&str, OsString)| {
        let mut joined = OsString::from(format!("{name}="));
        joined.push(value);
        joined
    });
    world.start_host_by(Path::new("env"), told.into()).unwrap();
    world.ready().await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

fn set(world: &World, seconds: i64) {
    write(world.dir(), "offset", format!("{seconds:+}\n").as_bytes()).unwrap();
}

/// Waits until a task is put aside.
async fn aside(stage: &mut Stage) {
    let inbox = stage.world.inbox().await.unwrap();
    let aside = stage.world.wait("a task to be put aside", SOON, async |_| {
        let counts = seen(inbox.counts().await)?;
        if counts.parked > 0 { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    aside.await.unwrap();
}

#[tokio::test]
async fn what_is_put_aside_comes_back_in_time_whichever_way_the_clock_jumps() {
    let Some(library) = library(&this_test()) else { return };
    let mut stage = start(World::start(options()).await.unwrap(), &library).await;
    let bob = stage.bob.clone();
    let number = open(&mut stage, 1).await[0];
    for (at, then, text, held) in
        [(3 * HOURS, 0, "/hold", true), (0, -5 * HOURS, "/unhold", false), (-5 * HOURS, 2 * HOURS, "/hold", true)]
    {
        set(&stage.world, at);
        let matches = Match { user_agent: Some("bowsprit.hold/".to_owned()), ..Match::default() };
        let fault = FaultKind::TooManyRequests;
        stage.world.sim.fault(&FaultSpec { matches, times: 1, fault }).await.unwrap();
        let said = stage.comment(&bob, number, text).await.unwrap();
        let delivery = stage.heard(said).await.unwrap();
        aside(&mut stage).await;
        let jumped = Instant::now();
        set(&stage.world, then);
        stage.handled(&delivery.guid, "hold").await.unwrap();
        let took = jumped.elapsed();
        assert!(took < Duration::from_secs(45), "{text}: put aside for seconds, and away for {took:?}");
        let (on, off): (&[&str], &[&str]) = if held { (&[HELD], &[]) } else { (&[], &[HELD]) };
        stage.labels(number, on, off).await.unwrap();
    }
    let counts = stage.idle().await.unwrap();
    assert_eq!((counts.failed, counts.dead, counts.unknown), (0, 0, 0));
}

/// GitHub takes no token of an App that is signed for a time far away. Such a task waits, and nothing of it is lost.
#[tokio::test]
async fn an_app_whose_clock_is_wrong_waits_until_it_is_right() {
    let Some(library) = library(&this_test()) else { return };
    let mut world = World::start(options()).await.unwrap();
    let seeded = world.sim.seed(&Seed::parse(APP).unwrap()).await.unwrap();
    let app = &seeded.apps["bowsprit"];
    world.act_as_app(app.id, Path::new(&app.private_key_path));
    let mut stage = start(world, &library).await;
    let bob = stage.bob.clone();
    let number = open(&mut stage, 1).await[0];
    stage.says(&bob, number, "/hold", "hold").await.unwrap();
    stage.labels(number, &[HELD], &[]).await.unwrap();

    set(&stage.world, 3 * HOURS);
    let said = stage.comment(&bob, number, "/unhold").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    aside(&mut stage).await;
    set(&stage.world, 0);
    let task = stage.handled(&delivery.guid, "hold").await.unwrap();
    assert!(task.attempts > 0 && task.journal.iter().all(|entry| entry.state != EntryState::Intent), "{task:?}");
    stage.labels(number, &[], &[HELD]).await.unwrap();
    let counts = stage.idle().await.unwrap();
    assert_eq!((counts.failed, counts.dead, counts.unknown), (0, 0, 0));
}
