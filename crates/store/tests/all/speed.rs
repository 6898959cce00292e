//! Measurements, run by hand: `cargo test -p store speed -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use store::Inbox;

use crate::inbox::delivery;

/// Accepts per second on the disk under the target directory, which a temporary directory may not be on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn accepts_per_second() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    for callers in [1, 64] {
        let inbox = Inbox::open(&dir.path().join(format!("{callers}.db"))).await.unwrap();
        let started = Instant::now();
        let each = (0..callers).map(|caller| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let mut accepted = 0_u32;
                while started.elapsed() < Duration::from_secs(2) {
                    inbox.accept(delivery(&format!("{caller} {accepted}"))).await.unwrap();
                    accepted += 1;
                }
                accepted
            })
        });
        let mut total = 0;
        for caller in each.collect::<Vec<_>>() {
            total += caller.await.unwrap();
        }
        println!("{callers} callers: {:.0} accepts/s", f64::from(total) / started.elapsed().as_secs_f64());
        assert_ne!(total, 0);
    }
}
