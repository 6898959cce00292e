//! The inbox: every delivery that was answered with 200, until long after it is finished.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Notify;

use crate::db::Db;
use crate::delivery::{Accepted, DeliveryState, NewDelivery, Scope, StoredDelivery};
use crate::error::{Fault, StoreError};
use crate::schema::Schema;

static SCHEMA: Schema = Schema {
    name: "delivery inbox",
    application_id: 0x626f_7769,
    steps: &[include_str!("inbox_schema.sql"), include_str!("inbox_schema_2.sql"), include_str!("inbox_schema_3.sql")],
};

/// Payload bytes that one call of [`Inbox::undispatched`] loads, give or take one delivery.
const MAX_LOADED_BYTES: usize = 64 << 20;

/// Deliveries, their tasks, journals and traces, in one SQLite file that several processes may open. Cheap to clone;
/// the last clone's drop waits for the commit that is under way and closes the file.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) db: Db,
    arrivals: Arc<Notify>,
}

impl Inbox {
    /// Opens the file, creates it where there is none (its directory must exist), and brings an older schema up to date.
    ///
    /// # Errors
    /// `Corrupt`, `NotOurs`, `NewerSchema` and `Open` each say what to do about the file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open(path, &SCHEMA).await?, arrivals: Arc::default() })
    }

    /// Opens an existing file to look at it; everything that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`Inbox::open`], and if there is no such file.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open_read_only(path, &SCHEMA).await?, arrivals: Arc::default() })
    }

    /// Keeps a delivery. Once this returns, it is on disk.
    ///
    /// # Errors
    /// `Unwritable`: nothing was kept, and the sender should be told to try again.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, StoreError> {
        // Told by the writer: a sender that hangs up must not leave a kept delivery unnoticed.
        let arrivals = self.arrivals.clone();
        let tell = move |accepted: &Accepted| {
            if matches!(accepted, Accepted::Stored | Accepted::Requeued) {
                arrivals.notify_one();
            }
        };
        self.db.write_then(move |db| accept(db, &delivery), tell).await
    }

    /// Waits until [`Inbox::undispatched`] may have something that it had not before: something was accepted in this process
    /// since this was last called. One caller at a time.
    pub async fn arrived(&self) {
        self.arrivals.notified().await;
    }

    /// Deliveries that wait for the dispatcher, at most `limit`, in order of arrival; fewer where payloads are large.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn undispatched(&self, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        self.db.read(move |db| undispatched(db, limit)).await
    }

    /// One delivery with its payload; `None` if it is not known.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn load(&self, guid: &str) -> Result<Option<StoredDelivery>, StoreError> {
        let guid = guid.to_owned();
        self.db.read(move |db| load(db, &guid)).await
    }
}

fn accept(db: &Connection, new: &NewDelivery) -> Result<Accepted, Fault> {
    let known = db
        .prepare_cached("SELECT id, state, scope_kind, scope FROM deliveries WHERE guid = ?1")?
        .query_row([&new.guid], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, DeliveryState>(1)?, scope_of(row, 2)?)))
        .optional()?;
    match known {
        None => insert(db, new).map(|()| Accepted::Stored),
        Some((_, _, scope)) if scope != new.scope => Ok(Accepted::Foreign),
        Some((_, DeliveryState::New | DeliveryState::Open, _)) => Ok(Accepted::Waiting),
        Some((_, DeliveryState::Done, _)) => Ok(Accepted::Done),
        Some((id, DeliveryState::Failed, _)) => requeue(db, id).map(|()| Accepted::Requeued),
    }
}

fn insert(db: &Connection, new: &NewDelivery) -> Result<(), Fault> {
    db.prepare_cached(
        "INSERT INTO deliveries (guid, event, scope_kind, scope, key_level, received_at, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'new')",
    )?
    .execute(params![
        new.guid,
        new.event,
        new.scope.kind(),
        new.scope.name(),
        new.key_level,
        new.received_at.as_microsecond()
    ])?;
    db.prepare_cached("INSERT INTO payloads (delivery, body, headers) VALUES (?1, ?2, ?3)")?.execute(params![
        db.last_insert_rowid(),
        &new.payload[..],
        new.headers
    ])?;
    Ok(())
}

/// Journal, round and pins stay, so that what was done is not done again. An `unknown` task stays as it is: at most once. A
/// task that left no journal begins anew, with what is in force: its plugin may have been mended since.
fn requeue(db: &Connection, delivery: i64) -> Result<(), Fault> {
    db.prepare_cached(
        "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL,
           dispatched_digest = iif(component_digest IS NULL, NULL, dispatched_digest)
         WHERE delivery = ?1 AND state IN ('failed', 'dead')",
    )?
    .execute([delivery])?;
    db.prepare_cached("UPDATE deliveries SET state = 'new' WHERE id = ?1")?.execute([delivery])?;
    Ok(())
}

const STORED: &str = "SELECT d.guid, d.event, d.scope_kind, d.scope, d.key_level, d.received_at, p.body,
        EXISTS (SELECT 1 FROM tasks t WHERE t.delivery = d.id), p.headers
     FROM deliveries d JOIN payloads p ON p.delivery = d.id";

fn undispatched(db: &Connection, limit: usize) -> Result<Vec<StoredDelivery>, Fault> {
    let mut query = db.prepare_cached(&format!("{STORED} WHERE d.state = 'new' ORDER BY d.id"))?;
    let mut rows = query.query([])?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < limit
        && bytes < MAX_LOADED_BYTES
        && let Some(row) = rows.next()?
    {
        let delivery = stored(row)?;
        bytes += delivery.payload.len();
        found.push(delivery);
    }
    Ok(found)
}

fn load(db: &Connection, guid: &str) -> Result<Option<StoredDelivery>, Fault> {
    let mut query = db.prepare_cached(&format!("{STORED} WHERE d.guid = ?1"))?;
    Ok(query.query_row([guid], stored).optional()?)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredDelivery> {
    Ok(StoredDelivery {
        guid: row.get(0)?,
        event: row.get(1)?,
        scope: scope_of(row, 2)?,
        key_level: row.get(4)?,
        received_at: time_of(row, 5)?.unwrap_or_default(),
        payload: Bytes::from(row.get::<_, Vec<u8>>(6)?),
        has_tasks: row.get(7)?,
        headers: row.get(8)?,
    })
}

/// Reads `scope_kind` and `scope` from two columns that stand side by side.
pub(crate) fn scope_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Scope> {
    let kind: String = row.get(column)?;
    Scope::from_parts(&kind, row.get(column + 1)?).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}

/// Reads microseconds since 1970.
pub(crate) fn time_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let Some(microseconds) = row.get::<_, Option<i64>>(column)? else { return Ok(None) };
    let time = Timestamp::from_microsecond(microseconds);
    time.map(Some).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, microseconds))
}
