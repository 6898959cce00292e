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
/// `turn` is one; no more than `at_once` are had at once. A turn that fails is had again, later with each failure in a
/// row.
pub(crate) async fn drive<T, F>(
    what: &'static str,
    at_once: usize,
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
        while turns.running() < at_once
            && let Some(key) = turns.take(Instant::now())
        {
            let (turn, done) = (Arc::clone(&turn), done.clone());
            running.spawn(async move {
                let outcome = tokio::spawn(turn(key.clone())).await;
                // The receiver is gone only when the loop is.
                let _ = done.send((key, outcome));
            });
        }
        // With no room for another turn it is the end of one that is waited for.
        let next = turns.next().filter(|_| turns.running() < at_once);
        let next = next.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            () = shutdown.cancelled() => break,
            change = watch.next() => match change {
                Ok(change) => interest(&change).iter().for_each(|key| turns.ask(key, Instant::now())),
                Err(StoreError::Expired { .. }) => watch = store.watch(Revision::START),
                Err(error) => {
                    error!(error = %outgoing::chain(&error), "{what}: the ProwJob store cannot be followed just now");
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use prow::prowjob::{ProwJob, ProwJobSpec, ProwJobType};

    use super::*;

    #[tokio::test]
    async fn no_more_turns_than_that_are_had_at_once_and_everyone_has_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = ProwJobs::open(&folder.path().join("jobs.db")).await.unwrap();
        for i in 0..9 {
            let spec = ProwJobSpec::new(ProwJobType::Periodic, "unit");
            store.create(&ProwJob::new(format!("pj-{i}"), spec)).await.unwrap();
        }
        let shutdown = CancellationToken::new();
        let counts = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)));
        let turn = {
            let (counts, shutdown) = (Arc::clone(&counts), shutdown.clone());
            move |_: String| {
                let (counts, shutdown) = (Arc::clone(&counts), shutdown.clone());
                async move {
                    let (now, most, all) = &*counts;
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Everything else that is due is begun meanwhile, if it may be.
                    sleep(Duration::from_millis(20)).await;
                    now.fetch_sub(1, Ordering::SeqCst);
                    if all.fetch_add(1, Ordering::SeqCst) == 8 {
                        shutdown.cancel();
                    }
                    Ok(Next::Nothing)
                }
            }
        };
        let interest = |change: &Change| match change {
            Change::Put(job, _) => vec![job.name().to_owned()],
            Change::Gone { .. } => Vec::new(),
        };
        timeout(Duration::from_secs(60), drive("test", 3, &store, &shutdown, interest, turn)).await.unwrap();
        assert_eq!((counts.1.load(Ordering::SeqCst), counts.2.load(Ordering::SeqCst)), (3, 9));
    }
}
