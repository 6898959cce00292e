//! A watch on ProwJobs in SQLite: what other processes write is found by polling, what this one writes wakes it.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::db::Db;
use crate::error::{Fault, StoreError};
use crate::prowjobs::Revision;
use crate::sqlite_prowjobs::from_json;
use crate::watch::{Change, Changes};

/// How long another process's write may stay unnoticed.
const POLL: Duration = Duration::from_millis(50);

/// How many changes are read at once.
const PAGE: usize = 500;

/// Looks into the file for what has changed since.
pub(crate) struct SqliteChanges {
    db: Db,
    written: watch::Receiver<u64>,
    since: Revision,
    /// Whether what was there at the beginning is still being read: its older part may lie behind the horizon.
    beginning: bool,
    ready: VecDeque<Result<Change, StoreError>>,
}

impl SqliteChanges {
    pub(crate) fn new(db: Db, written: watch::Receiver<u64>, since: Revision) -> Self {
        Self { db, written, since, beginning: since == Revision::START, ready: VecDeque::new() }
    }

    async fn load(&mut self) -> Result<(), StoreError> {
        let (since, beginning) = (self.since, self.beginning);
        let page = self.db.read(move |db| changes(db, since, beginning)).await?;
        self.beginning &= page.rows.len() == PAGE;
        for (revision, name, object) in page.rows {
            let revision = Revision::new(revision);
            self.ready.push_back(match object.map(from_json) {
                Some(Ok(job)) => Ok(Change::Put(Box::new(job), revision)),
                // Told once: the watch goes on behind an object that it cannot read.
                Some(Err(error)) => Err(error),
                None => Ok(Change::Gone { name, revision }),
            });
        }
        self.since = page.until;
        Ok(())
    }
}

impl Changes for SqliteChanges {
    fn next(&mut self) -> BoxFuture<'_, Result<Change, StoreError>> {
        Box::pin(async move {
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
        })
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
    let until = Revision::new(latest);
    if since == until {
        return Ok(Page { rows: Vec::new(), until });
    }
    if !beginning && since.number() < horizon {
        return Err(StoreError::Expired { since: since.number() }.into());
    }
    // Who begins has no use for what is gone already. A page that is full ends at its last change.
    let mut query = db.prepare_cached(
        "SELECT revision, name, json FROM prowjobs WHERE revision > ?1
         UNION ALL SELECT revision, name, NULL FROM tombstones WHERE revision > ?1 AND NOT ?2
         ORDER BY revision LIMIT ?3",
    )?;
    let rows = query.query_map(params![since.number(), since == Revision::START, PAGE], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let rows = rows.map(|row| {
        let (revision, name, json): (u64, String, Option<String>) = row?;
        Ok::<_, Fault>((revision, name, json.map(|json| serde_json::from_str(&json)).transpose()?))
    });
    let rows: Vec<_> = rows.collect::<Result<_, _>>()?;
    let until =
        if rows.len() == PAGE { rows.last().map_or(until, |(revision, ..)| Revision::new(*revision)) } else { until };
    Ok(Page { rows, until })
}
