//! A watch on ProwJobs: what other processes write is found by polling, what this one writes wakes it.

use std::collections::VecDeque;
use std::time::Duration;

use prow::prowjob::ProwJob;
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::db::Db;
use crate::error::{Fault, StoreError};
use crate::prowjobs::{Revision, from_json};

/// How long another process's write may stay unnoticed.
const POLL: Duration = Duration::from_millis(50);

/// How many changes are read at once.
const PAGE: usize = 500;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The object is there, or is different now.
    Put(Box<ProwJob>, Revision),
    /// The object was deleted.
    Gone {
        /// Its name.
        name: String,
        /// When in the order of writes.
        revision: Revision,
    },
}

impl Change {
    /// When in the order of writes; a later watch goes on from here.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self {
            Self::Put(_, revision) | Self::Gone { revision, .. } => *revision,
        }
    }
}

/// A stream of changes, made by [`ProwJobs::watch`](crate::ProwJobs::watch). Of several writes to one object in quick
/// succession only the last may be seen; a deletion is always seen.
pub struct Watch {
    db: Db,
    written: watch::Receiver<u64>,
    since: Revision,
    /// Whether what was there at the beginning is still being read: its older part may lie behind the horizon.
    beginning: bool,
    ready: VecDeque<Result<Change, StoreError>>,
}

impl Watch {
    pub(crate) fn new(db: Db, written: watch::Receiver<u64>, since: Revision) -> Self {
        Self { db, written, since, beginning: since == Revision::START, ready: VecDeque::new() }
    }

    /// The next change, as soon as there is one. Nothing is lost if the call is dropped while it waits.
    ///
    /// # Errors
    /// `Expired` if the watch has slept through more than is remembered: list, and watch from there. `Invalid` for an object
    /// that cannot be read; the next call goes on behind it. Other errors concern the file, and the next call tries again.
    pub async fn next(&mut self) -> Result<Change, StoreError> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return change;
            }
            self.written.mark_unchanged();
            self.load().await?;
            if self.ready.is_empty() {
                // Whichever comes first: a write here, or time to look for writes elsewhere. A closed channel is time, too.
                if let Ok(Err(_)) = timeout(POLL, self.written.changed()).await {
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Whatever has changed by now, without waiting; empty if nothing has.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub async fn ready(&mut self) -> Result<Vec<Change>, StoreError> {
        while self.load().await? {}
        self.ready.drain(..).collect()
    }

    /// Reads a page; true if there is more.
    async fn load(&mut self) -> Result<bool, StoreError> {
        let (since, beginning) = (self.since, self.beginning);
        let page = self.db.read(move |db| changes(db, since, beginning)).await?;
        let is_full = page.rows.len() == PAGE;
        for (revision, name, object) in page.rows {
            let revision = Revision(revision);
            self.ready.push_back(match object.map(from_json) {
                Some(Ok(job)) => Ok(Change::Put(Box::new(job), revision)),
                // Told once: the watch goes on behind an object that it cannot read.
                Some(Err(error)) => Err(error),
                None => Ok(Change::Gone { name, revision }),
            });
        }
        self.since = page.until;
        self.beginning &= is_full;
        Ok(is_full)
    }
}

struct Page {
    /// Revision, name, and the object unless it is gone.
    rows: Vec<(u64, String, Option<Value>)>,
    /// Nothing up to here is missing.
    until: Revision,
}

fn changes(db: &Connection, since: Revision, beginning: bool) -> Result<Page, Fault> {
    let (latest, horizon) = db
        .prepare_cached("SELECT revision, horizon FROM counter")?
        .query_row([], |row| Ok((row.get(0)?, row.get::<_, u64>(1)?)))?;
    let until = Revision(latest);
    if since == until {
        return Ok(Page { rows: Vec::new(), until });
    }
    if !beginning && since.0 < horizon {
        return Err(StoreError::Expired { since: since.0 }.into());
    }
    // Who begins has no use for what is gone already. A page that is full ends at its last change.
    let mut query = db.prepare_cached(
        "SELECT revision, name, json FROM prowjobs WHERE revision > ?1
         UNION ALL SELECT revision, name, NULL FROM tombstones WHERE revision > ?1 AND NOT ?2
         ORDER BY revision LIMIT ?3",
    )?;
    let rows = query.query_map(params![since.0, since == Revision::START, PAGE], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let rows = rows.map(|row| {
        let (revision, name, json): (u64, String, Option<String>) = row?;
        Ok::<_, Fault>((revision, name, json.map(|json| serde_json::from_str(&json)).transpose()?))
    });
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let until =
        if rows.len() == PAGE { rows.last().map_or(until, |(revision, ..)| Revision(*revision)) } else { until };
    Ok(Page { rows, until })
}
