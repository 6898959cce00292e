//! The inbox: every delivery that was answered with 200, until long after it is finished.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Notify;

use crate::db::Db;
use crate::delivery::{Accepted, DeliveryState, NewDelivery, Scope, StoredDelivery};
use crate::error::{Fault, StoreError};
use crate::journal::forget_what_came_of_nothing;
use crate::postgres::{Postgres, Server};
use crate::same::first_like;
use crate::schema::Schema;
use crate::task::{Task, TaskId};

static SCHEMA: Schema = Schema {
    name: "delivery inbox",
    application_id: 0x626f_7769,
    steps: &[
        include_str!("inbox_schema.sql"),
        include_str!("inbox_schema_2.sql"),
        include_str!("inbox_schema_3.sql"),
        include_str!("inbox_schema_5.sql"),
        include_str!("inbox_schema_6.sql"),
    ],
};

/// Payload bytes that one call of [`Inbox::undispatched`] loads, give or take one delivery.
pub(crate) const MAX_LOADED_BYTES: usize = 64 << 20;

/// Deliveries, their tasks, journals and traces: in a SQLite file, which is one host's, or on a PostgreSQL server, which
/// several hosts share. Cheap to clone.
///
/// Each method has both in one `match`; what they have in common (what a redelivery does, when a delivery is finished) are
/// functions that both call.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) backend: Backend,
}

/// Where it is.
#[derive(Clone)]
pub(crate) enum Backend {
    /// In a file. The last clone's drop waits for the commit that is under way and closes it.
    Sqlite(Sqlite),
    /// On a server.
    Postgres(Postgres),
}

/// The file, and who waits for what comes into it.
#[derive(Clone)]
pub(crate) struct Sqlite {
    pub(crate) db: Db,
    arrivals: Arc<Notify>,
}

/// How old a finished delivery has to be before it may be forgotten: GitHub sends one again for three days, and knows of none
/// that it did not come already.
pub const FORGET_AFTER_AT_LEAST: Duration = Duration::from_secs(3 * 24 * 3600);

impl Inbox {
    /// Opens the file, creates it where there is none (its directory must exist), and brings an older schema up to date.
    ///
    /// # Errors
    /// `Corrupt`, `NotOurs`, `NewerSchema` and `Open` each say what to do about the file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::sqlite(Db::open(path, &SCHEMA).await?))
    }

    /// Opens an existing file to look at it; everything that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`Inbox::open`], and if there is no such file.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::sqlite(Db::open_read_only(path, &SCHEMA).await?))
    }

    fn sqlite(db: Db) -> Self {
        Self { backend: Backend::Sqlite(Sqlite { db, arrivals: Arc::default() }) }
    }

    /// Joins the hosts of an inbox on PostgreSQL, and brings an older schema up to date. From now on keys may be this host's
    /// ([`Inbox::claim`]), until [`Inbox::release`] or the last clone's drop.
    ///
    /// # Errors
    /// `Unavailable`, `Refused`, `NotOurs` and `NewerSchema` each say what to do.
    pub async fn join(server: &Server) -> Result<Self, StoreError> {
        Ok(Self { backend: Backend::Postgres(Postgres::join(server).await?) })
    }

    /// An inbox on PostgreSQL, to look at; everything that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`Inbox::join`], and if no host has made it yet.
    pub async fn connect_read_only(server: &Server) -> Result<Self, StoreError> {
        Ok(Self { backend: Backend::Postgres(Postgres::connect_read_only(server).await?) })
    }

    /// An inbox on PostgreSQL, to have run again what has ended ([`Inbox::rerun`]) beside the hosts, without being one: everything
    /// else that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`Inbox::connect_read_only`].
    pub async fn connect(server: &Server) -> Result<Self, StoreError> {
        Ok(Self { backend: Backend::Postgres(Postgres::connect(server).await?) })
    }

    /// Keeps a delivery. Once this returns, it is on disk.
    ///
    /// # Errors
    /// `Unwritable`: nothing was kept, and the sender should be told to try again.
    pub async fn accept(&self, delivery: NewDelivery) -> Result<Accepted, StoreError> {
        let Sqlite { db, arrivals } = match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.clone(),
            Backend::Postgres(postgres) => return postgres.accept(delivery).await,
        };
        // Told by the writer: a sender that hangs up must not leave a kept delivery unnoticed.
        let tell = move |accepted: &Accepted| {
            if accepted.is_work() {
                arrivals.notify_one();
            }
        };
        db.write_then(move |db| accept(db, &delivery), tell).await
    }

    /// Waits until [`Inbox::claim`] or [`Inbox::undispatched`] may have something that they had not before: something was
    /// accepted in this process since this was last called; on PostgreSQL also, if another host accepted something or has
    /// ended, and every second. What another process put into a file, such as [`Inbox::rerun`] of the command line, is not
    /// told of: look from time to time. One caller at a time.
    pub async fn arrived(&self) {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.arrivals.notified().await,
            Backend::Postgres(postgres) => postgres.arrived().await,
        }
    }

    /// Makes keys this host's that are nobody's, or of a host that is gone, and have work. Returns the unfinished tasks of
    /// those that had an owner, in order of arrival and then of dispatch; to be taken up before what
    /// [`Inbox::undispatched`] has. On SQLite all keys are this host's from the start, and there is nothing to return.
    ///
    /// # Errors
    /// If the inbox cannot be read or written.
    pub async fn claim(&self) -> Result<Vec<Task>, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(Vec::new()),
            Backend::Postgres(postgres) => postgres.claim().await,
        }
    }

    /// Deliveries that wait for this host's dispatcher, at most `limit`, in order of arrival; fewer where payloads are large.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn undispatched(&self, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| undispatched(db, limit)).await,
            Backend::Postgres(postgres) => postgres.undispatched(limit).await,
        }
    }

    /// One delivery with its payload; `None` if it is not known.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn load(&self, guid: &str) -> Result<Option<StoredDelivery>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| load(db, &guid)).await,
            Backend::Postgres(postgres) => postgres.load(guid).await,
        }
    }
}

/// What is known under a GUID.
struct Known {
    id: i64,
    state: DeliveryState,
    scope: Scope,
    duplicate_of: Option<String>,
}

fn accept(db: &Connection, new: &NewDelivery) -> Result<Accepted, Fault> {
    let Some(mut known) = known(db, &new.guid)? else { return keep(db, new) };
    // Whoever sends a duplicate again wants its event handled: that is the first one's to do.
    if known.scope == new.scope
        && let Some(first) = &known.duplicate_of
    {
        let Some(first) = self::known(db, first)? else { return Ok(Accepted::Done) };
        known = first;
    }
    let accepted = Accepted::again(known.state, &known.scope, new);
    if accepted == Accepted::Requeued {
        requeue(db, known.id)?;
    }
    Ok(accepted)
}

fn known(db: &Connection, guid: &str) -> Result<Option<Known>, Fault> {
    let mut query =
        db.prepare_cached("SELECT id, state, scope_kind, scope, duplicate_of FROM deliveries WHERE guid = ?1")?;
    let found = query.query_row([guid], |row| {
        Ok(Known { id: row.get(0)?, state: row.get(1)?, scope: scope_of(row, 2)?, duplicate_of: row.get(4)? })
    });
    Ok(found.optional()?)
}

/// Keeps what has a new GUID. Looked for its like in the transaction that keeps it: of two at the same moment one is first.
fn keep(db: &Connection, new: &NewDelivery) -> Result<Accepted, Fault> {
    let first = first_like(db, new)?;
    insert(db, new, first.as_deref())?;
    Ok(first.map_or(Accepted::Stored, Accepted::Duplicate))
}

fn insert(db: &Connection, new: &NewDelivery, duplicate_of: Option<&str>) -> Result<(), Fault> {
    let state = if duplicate_of.is_some() { DeliveryState::Done } else { DeliveryState::New };
    let likeness = new.likeness.as_ref();
    db.prepare_cached(
        "INSERT INTO deliveries (guid, event, scope_kind, scope, key_level, received_at, state, fingerprint, hook,
           duplicate_of)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        new.guid,
        new.event,
        new.scope.kind(),
        new.scope.name(),
        new.key_level,
        new.received_at.as_microsecond(),
        state,
        likeness.map(|likeness| &likeness.fingerprint[..]),
        likeness.and_then(|likeness| likeness.hook.as_deref()),
        duplicate_of
    ])?;
    db.prepare_cached("INSERT INTO payloads (delivery, body, headers) VALUES (?1, ?2, ?3)")?.execute(params![
        db.last_insert_rowid(),
        &new.payload[..],
        new.headers
    ])?;
    Ok(())
}

/// Queues what failed of a delivery.
fn requeue(db: &Connection, delivery: i64) -> Result<(), Fault> {
    let mut query = db.prepare_cached("SELECT id FROM tasks WHERE delivery = ?1 AND state IN ('failed', 'dead')")?;
    let failed: Vec<i64> = query.query_map([delivery], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for task in failed {
        requeue_task(db, TaskId(task))?;
    }
    db.prepare_cached("UPDATE deliveries SET state = 'new' WHERE id = ?1")?.execute([delivery])?;
    Ok(())
}

/// What was done stays in the journal, and the round and the pins with it, so that it is not done again; what came after it
/// changed nothing (it was read, or refused), and is asked anew: it may have been mended since. A run that did nothing begins
/// with what is in force. An `unknown` task is never queued so: at most once.
pub(crate) fn requeue_task(db: &Connection, task: TaskId) -> Result<(), Fault> {
    forget_what_came_of_nothing(db, task)?;
    db.prepare_cached(
        "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL WHERE id = ?1",
    )?
    .execute([task.0])?;
    db.prepare_cached(
        "UPDATE tasks SET component_digest = NULL, config_revision = NULL, clock = NULL, seed = NULL,
           dispatched_digest = NULL
         WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM journal j WHERE j.task = tasks.id AND j.round = tasks.round)",
    )?
    .execute([task.0])?;
    Ok(())
}

const STORED: &str = "SELECT d.guid, d.event, d.scope_kind, d.scope, d.key_level, d.received_at, p.body,
        d.replan IS NULL AND EXISTS (SELECT 1 FROM tasks t WHERE t.delivery = d.id), p.headers
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
