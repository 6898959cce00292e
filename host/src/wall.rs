//! The clock on the wall, which may jump.

use std::time::Duration;

use jiff::Timestamp;

/// Waits for a time on the wall's clock.
pub(crate) async fn wait_until(until: Timestamp) {
    // Looked at again each time.
    loop {
        let left = until.duration_since(Timestamp::now());
        if !left.is_positive() {
            return;
        }
        tokio::time::sleep(left.unsigned_abs().min(Duration::from_secs(30))).await;
    }
}
