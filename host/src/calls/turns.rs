//! Long work of the host for one guest, beside all others.

use std::time::{Duration, Instant};

/// How long it may go on before somebody else has a turn.
const TURN: Duration = Duration::from_millis(1);

/// Lets others go on now and then, and the guest's deadline with them: guests share a few threads.
pub(super) struct Turns(Instant);

impl Turns {
    pub(super) fn begin() -> Self {
        Self(Instant::now())
    }

    /// To be called after each small piece.
    pub(super) async fn next(&mut self) {
        if self.0.elapsed() > TURN {
            tokio::task::yield_now().await;
            self.0 = Instant::now();
        }
    }
}
