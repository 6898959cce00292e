//! The loop of every part that follows ProwJobs: changes come in, each ProwJob gets its turns, one at a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use store::{Change, ProwJobs, Revision, StoreError};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::turns::Turns;

/// How long turns that are under way may take to their end once the end was asked for. They can be cut off anywhere.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);
/// How long to wait before the store is asked again after it failed.
const STORE_POLL: Duration = Duration::from_secs(1);

/// When a ProwJob is to have another turn even if nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Not at all.
    Nothing,
    /// After this long.
    In(Duration),
}

/// Follows all changes until `shutdown`. `interest` names the ProwJobs that are to have a turn because of a change;
/// `turn` is one. A turn that fails is had again, later with each failure in a row.
pub(crate) async fn drive<T, F>(
    what: &'static str,
    store: &ProwJobs,
    shutdown: &CancellationToken,
    mut interest: impl FnMut(&Change) -> Vec<String>,
    turn: T,
) where
    T: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<Next>> + Send + 'static,
{
    let turn = Arc::new(turn);
    let mut watch = store.watch(Revision::START);
    let mut turns = Turns::default();
    let mut running: JoinSet<()> = JoinSet::new();
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel();
    loop {
        while let Some(key) = turns.take(Instant::now()) {
            let (turn, done) = (Arc::clone(&turn), done.clone());
            running.spawn(async move {
                let outcome = tokio::spawn(turn(key.clone())).await;
                // The receiver is gone only when the loop is.
                let _ = done.send((key, outcome));
            });
        }
        let next = turns.next().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            () = shutdown.cancelled() => break,
            change = watch.next() => match change {
                Ok(change) => interest(&change).iter().for_each(|key| turns.ask(key, Instant::now())),
                Err(StoreError::Expired { .. }) => watch = store.watch(Revision::START),
                Err(error) => {
                    error!(error = %chain(&error), "{what}: the ProwJob store cannot be followed just now");
                    sleep(STORE_POLL).await;
                }
            },
            Some((key, outcome)) = finished.recv() => match outcome {
                Ok(Ok(next)) => {
                    turns.done(&key);
                    if let Next::In(after) = next {
                        turns.ask(&key, Instant::now() + after);
                    }
                }
                Ok(Err(error)) => {
                    warn!(prowjob = %key, error = %format!("{error:#}"), "{what}: will try again");
                    turns.failed(&key, Instant::now());
                }
                Err(panic) => {
                    error!(prowjob = %key, error = %panic, "{what}: will try again");
                    turns.failed(&key, Instant::now());
                }
            },
            Some(_) = running.join_next() => (),
            () = sleep_until(next) => (),
        }
    }
    if timeout(SHUTDOWN_LIMIT, async { while running.join_next().await.is_some() {} }).await.is_err() {
        warn!("{what}: {} turns are cut off; they are taken up at the next start", running.len());
    }
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
