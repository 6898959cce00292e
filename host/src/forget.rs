//! Forgets deliveries that are long finished, a few at a time, while everything else goes on.

use std::time::Duration;

use jiff::Timestamp;
use store::Inbox;
use tokio_util::sync::CancellationToken;

/// How often it is looked for them.
const LOOK: Duration = Duration::from_secs(60);
/// How many go in one write, which others wait for.
const AT_ONCE: usize = 100;
/// Between two such writes.
const PAUSE: Duration = Duration::from_millis(50);

/// Forgets until `stop` what has been finished for longer than `keep`; nothing, if that is zero.
pub(crate) async fn run(inbox: Inbox, keep: Duration, stop: CancellationToken) {
    if keep.is_zero() {
        return;
    }
    while stop.run_until_cancelled(turn(&inbox, keep)).await.is_some() {}
}

async fn turn(inbox: &Inbox, keep: Duration) {
    let before = Timestamp::now().checked_sub(keep).unwrap_or_default();
    let pause = match inbox.forget(before, AT_ONCE).await {
        Ok(AT_ONCE..) => PAUSE,
        Ok(_) => LOOK,
        Err(error) => {
            tracing::warn!(%error, "what is long finished cannot be forgotten just now");
            LOOK
        }
    };
    tokio::time::sleep(pause).await;
}
