//! When the host was not there.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use store::{Inbox, StoreError};
use tokio_util::sync::CancellationToken;

/// The mark that moves as long as a host lives.
const ALIVE: &str = "alive";
/// How often it does.
const BEAT: Duration = Duration::from_secs(10);

/// A time without a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// When the last one is known to have lived.
    pub from: Timestamp,
    /// When this one began to take webhooks.
    pub to: Timestamp,
}

impl Gap {
    /// The time between the last host on this inbox and now; none for the first one.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn until_now(inbox: &Inbox) -> Result<Option<Self>, StoreError> {
        let to = Timestamp::now();
        Ok(inbox.mark(ALIVE).await?.map(|from| Self { from: from.min(to), to }))
    }
}

/// Says that the host lives, until `stop`.
pub async fn beat(inbox: Inbox, stop: CancellationToken) {
    loop {
        if let Err(error) = inbox.advance(ALIVE, Timestamp::now()).await {
            tracing::warn!(%error, "that the host lives cannot be written down");
        }
        if stop.is_cancelled() {
            return;
        }
        // Once more at the end, which is known to the moment then.
        let _ = stop.run_until_cancelled(tokio::time::sleep(BEAT)).await;
    }
}
