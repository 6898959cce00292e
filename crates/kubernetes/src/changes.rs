//! A watch on ProwJobs of an API server. A task of its own lists, then follows; what it finds waits in a channel. A watch
//! that breaks goes on where it was; one that cannot (410 Gone) lists again, and what is missing then was deleted.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::Value;
use store::{Change, Changes, Revision, StoreError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info};

use crate::cluster::{Cluster, Events, WATCH_IDLE};
use crate::error::{CallError, is_expired};
use crate::prowjobs::from_json;
use crate::seen::Seen;
use kube_core::watch::WatchEvent;

/// Changes that may wait to be taken; the server is not read on meanwhile.
const WAITING: usize = 256;
/// The first pause after a failure; each one more in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often an outage is told of while it lasts.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// After so many failures in a row to go on from a version, everything is listed anew: it may be one that this server, set
/// back to an older state, has yet to reach.
const DOUBTFUL: u32 = 5;

/// The receiving end, and the task that ends with it.
pub(crate) struct KubernetesChanges {
    changes: mpsc::Receiver<Result<Change, StoreError>>,
    since: Revision,
    _follower: JoinSet<()>,
}

impl KubernetesChanges {
    /// Begins to follow what is below `path`.
    pub(crate) fn start(cluster: Cluster, path: String, since: Revision) -> Self {
        let (out, changes) = mpsc::channel(WAITING);
        let place = if since == Revision::START { Place::Start } else { Place::After(since.to_string()) };
        let seen = (since == Revision::START).then(Seen::default);
        let mut follower = JoinSet::new();
        follower.spawn(Follower { cluster, path, out, place, seen, since }.run());
        Self { changes, since, _follower: follower }
    }
}

impl Changes for KubernetesChanges {
    fn next(&mut self) -> BoxFuture<'_, Result<Change, StoreError>> {
        Box::pin(async move {
            // The task ends by itself only where going on makes no sense.
            let expired = StoreError::Expired { since: self.since.number() };
            self.changes.recv().await.unwrap_or(Err(expired))
        })
    }
}

/// How far the follower has come.
enum Place {
    /// Nothing is known yet, or no longer.
    Start,
    /// Everything up to this version has been told.
    After(String),
}

/// Why it stopped.
enum Stop {
    /// Nobody listens any more.
    Unheard,
    /// The server does not know that far back.
    Expired,
    /// Something failed.
    Failed(CallError),
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        if error.is_expired() { Self::Expired } else { Self::Failed(error) }
    }
}

struct Follower {
    cluster: Cluster,
    path: String,
    out: mpsc::Sender<Result<Change, StoreError>>,
    place: Place,
    /// What has been told; `None` where the watch began behind the start, so that it is not known what there was.
    seen: Option<Seen>,
    since: Revision,
}

impl Follower {
    async fn run(mut self) {
        let (mut failures, mut told): (u32, Option<Instant>) = (0, None);
        loop {
            let stop = match &self.place {
                Place::Start => self.list().await,
                Place::After(version) => {
                    let version = version.clone();
                    self.follow(&version, &mut failures).await
                }
            };
            match stop {
                // A list is done, or the server has ended a watch in its usual way.
                Ok(()) => (failures, told) = (0, None),
                Err(Stop::Unheard) => return,
                Err(Stop::Expired) if self.seen.is_none() => {
                    let _ = self.out.send(Err(StoreError::Expired { since: self.since.number() })).await;
                    return;
                }
                Err(Stop::Expired) => {
                    info!(server = self.cluster.server(), "the watch is too far behind: listing all ProwJobs anew");
                    self.place = Place::Start;
                }
                Err(Stop::Failed(error)) => {
                    failures = failures.saturating_add(1);
                    debug!(?error, failures, "the watch broke");
                    if told.is_none_or(|at| at.elapsed() >= TELL_AGAIN) && failures > 1 {
                        told = Some(Instant::now());
                        if self.out.send(Err(error.of_store(self.cluster.server()))).await.is_err() {
                            return;
                        }
                    }
                    if failures.is_multiple_of(DOUBTFUL) && self.seen.is_some() {
                        self.place = Place::Start;
                    }
                    sleep(pause(failures)).await;
                }
            }
        }
    }

    /// Lists all there is, and tells what is different from what was told before.
    async fn list(&mut self) -> Result<(), Stop> {
        let (objects, version) = self.cluster.list(&self.path, None).await?;
        let seen = self.seen.as_mut().expect("only a watch from the start lists");
        for change in seen.all(objects, &version) {
            self.out.send(change).await.map_err(|_| Stop::Unheard)?;
        }
        self.place = Place::After(version);
        Ok(())
    }

    /// Follows until the server ends the watch or something breaks. An event ends a row of failures.
    async fn follow(&mut self, version: &str, failures: &mut u32) -> Result<(), Stop> {
        let mut events = self.cluster.watch(&self.path, version).await?;
        while let Some(event) = self.next(&mut events).await? {
            *failures = 0;
            let (version, change) = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => (version_of(&object), self.put(object)),
                WatchEvent::Deleted(object) => (version_of(&object), self.gone(&object)),
                WatchEvent::Bookmark(mark) => (mark.metadata.resource_version, None),
                WatchEvent::Error(status) if is_expired(&status) => return Err(Stop::Expired),
                WatchEvent::Error(status) => return Err(Stop::Failed(CallError::Answer(status))),
            };
            if let Some(change) = change {
                self.out.send(change).await.map_err(|_| Stop::Unheard)?;
            }
            self.place = Place::After(version);
        }
        Ok(())
    }

    /// The next event; none at the end. Somebody who no longer listens is noticed while nothing happens, too.
    async fn next(&self, events: &mut Events) -> Result<Option<WatchEvent<Value>>, Stop> {
        use futures_util::StreamExt as _;
        tokio::select! {
            () = self.out.closed() => Err(Stop::Unheard),
            event = timeout(WATCH_IDLE, events.next()) => match event {
                Ok(event) => Ok(event.transpose()?),
                // A connection that died without a word.
                Err(_) => Ok(None),
            },
        }
    }

    fn put(&mut self, object: Value) -> Option<Result<Change, StoreError>> {
        match &mut self.seen {
            Some(seen) => seen.put(object),
            None => Some(read(object)),
        }
    }

    fn gone(&mut self, object: &Value) -> Option<Result<Change, StoreError>> {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(seen) = &mut self.seen {
            seen.forget(name);
        }
        Some(version_of(object).parse().map(|revision| Change::Gone { name: name.to_owned(), revision }))
    }
}

/// An object as a change.
pub(crate) fn read(object: Value) -> Result<Change, StoreError> {
    let job = from_json(object)?;
    let revision = Revision::of(&job)?;
    Ok(Change::Put(Box::new(job), revision))
}

pub(crate) fn version_of(object: &Value) -> String {
    object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned()
}

fn pause(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        let millis = |failures| pause(failures).as_millis();
        assert_eq!([1, 2, 3, 6, 7, 40, u32::MAX].map(millis), [100, 200, 400, 3200, 5000, 5000, 5000]);
    }
}
