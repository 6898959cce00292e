//! The torture test's short tier, in a process of its own with nothing beside it; and whether its judge sees what is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod judge;

use counterparts::skip;
use tests::torture::{Settings, lives, run};

/// Held by the one that runs: these tests share the machine's two processors, and say how long they take.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// As much of it as `BOWSPRIT_LONG=1` says, from the seed that `BOWSPRIT_SEED` says.
async fn torture(short: Settings, long: (usize, usize)) {
    let _alone = ALONE.lock().await;
    let seed = match std::env::var("BOWSPRIT_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(rand::random::<u32>()),
    };
    let settings = match std::env::var_os("BOWSPRIT_LONG") {
        Some(_) => Settings { seed, kills: long.0, faults: long.1, threads: 32, steps: 30, ..short },
        None => Settings { seed, ..short },
    };
    let sum = run(&settings, None).await.unwrap();
    assert!(sum.killed() >= settings.kills && sum.between > 0, "{sum}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand, as `cargo xtask torture` is"]
async fn a_host_that_is_killed_and_failed_again_and_again_leaves_what_an_undisturbed_one_leaves() {
    let short = Settings { seed: 0, kills: 10, faults: 50, threads: 24, steps: 8, several: false };
    torture(short, (1000, 9000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand, as `cargo xtask torture` is"]
async fn three_hosts_on_one_inbox_that_are_killed_and_failed_leave_what_undisturbed_ones_leave() {
    if !database::Server::is_here() {
        let test = "three_hosts_on_one_inbox_that_are_killed_and_failed_leave_what_undisturbed_ones_leave";
        return skip(test, "PostgreSQL is not here: `cargo xtask setup` installs it");
    }
    let short = Settings { seed: 0, kills: 5, faults: 20, threads: 16, steps: 4, several: true };
    torture(short, (300, 2700)).await;
}

/// A test of its own, so that its absence shows: without it, kills at the disk are left out of the one above.
#[test]
fn programs_can_be_traced_here_so_that_hosts_are_killed_at_the_disk() {
    if let Some(why) = lives::untraceable() {
        skip("programs_can_be_traced_here_so_that_hosts_are_killed_at_the_disk", &why);
    }
}
