//! The torture test's short tier, in a process of its own with nothing beside it; and whether its judge sees what is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod judge;

use counterparts::skip;
use tests::torture::{Settings, lives, run};

/// Kills and faults of the short tier and of the long one (`BOWSPRIT_LONG=1`).
const KILLS: (usize, usize) = (12, 1000);
const FAULTS: (usize, usize) = (60, 9000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "by hand, as `cargo xtask torture` is"]
async fn a_host_that_is_killed_and_failed_again_and_again_leaves_what_an_undisturbed_one_leaves() {
    let long = std::env::var_os("BOWSPRIT_LONG").is_some();
    let (kills, faults) = if long { (KILLS.1, FAULTS.1) } else { (KILLS.0, FAULTS.0) };
    let seed = match std::env::var("BOWSPRIT_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => u64::from(rand::random::<u32>()),
    };
    let settings = Settings { seed, kills, faults, threads: 24, steps: if long { 30 } else { 12 } };
    let sum = run(&settings, None).await.unwrap();
    assert!(sum.killed() >= kills && sum.between > 0, "{sum}");
}

/// A test of its own, so that its absence shows: without it, kills at the disk are left out of the one above.
#[test]
fn programs_can_be_traced_here_so_that_hosts_are_killed_at_the_disk() {
    if let Some(why) = lives::untraceable() {
        skip("programs_can_be_traced_here_so_that_hosts_are_killed_at_the_disk", &why);
    }
}
