//! How much memory this process holds, and whether that comes back to where it was.

use std::time::{Duration, Instant};

/// What an allocator keeps for later, a cache and a log may add.
const SLACK_BYTES: usize = 48 << 20;
/// How long it may take until what is given back shows.
const SOON: Duration = Duration::from_secs(10);

/// Bytes of resident memory.
pub(crate) fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

/// Waits until no more is held than `before`.
pub(crate) async fn is_back(what: &str, before: usize) {
    let begun = Instant::now();
    loop {
        let now = resident();
        if now <= before + SLACK_BYTES {
            println!("{what:<16} memory {} MiB, before {} MiB", now >> 20, before >> 20);
            return;
        }
        assert!(begun.elapsed() < SOON, "{what}: {} MiB are held, and {} MiB before", now >> 20, before >> 20);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
