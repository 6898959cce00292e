//! What the inbox can tell people: why something happened, or nothing.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::delivery::{DeliveryState, Scope};
use crate::dispatch::read_pins;
use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox, scope_of, time_of};
use crate::journal::{Entry, Pins, read_round};
use crate::task::{Considered, TaskId, TaskKind, TaskState};

/// Which deliveries to list; every field narrows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this repository (`org/repo`) or organization.
    pub scope: Option<String>,
    /// About this issue or PR number, push ref or status sha.
    pub key: Option<String>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// With a task that failed or was given up, whether others are still to run or not.
    pub failed: bool,
    /// Arrived at this time or later.
    pub since: Option<Timestamp>,
    /// At most so many, the latest; 0 is all.
    pub limit: usize,
}

/// One line of the list of deliveries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliverySummary {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Whom it is about.
    pub scope: Scope,
    /// The issue or PR number, push ref or status sha, once dispatched.
    pub key: Option<String>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// How far it has come.
    pub state: DeliveryState,
    /// The GUID of the delivery that told of the same event first: this one has no tasks.
    pub duplicate_of: Option<String>,
    /// Its tasks, in order.
    pub tasks: Vec<TaskSummary>,
}

/// What a list says of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskSummary {
    /// The plugin's name.
    pub plugin: String,
    /// Which form of the event it is given.
    pub kind: TaskKind,
    /// How far it has come.
    pub state: TaskState,
    /// Why it ended or was parked.
    pub reason: Option<String>,
}

/// All that is known of one delivery, but for its payload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliveryReport {
    /// As in the list.
    #[serde(flatten)]
    pub summary: DeliverySummary,
    /// Which entry of the HMAC file verified it.
    pub key_level: String,
    /// The config that it was dispatched with.
    pub config_revision: Option<String>,
    /// Bytes of the payload.
    pub payload_bytes: u64,
    /// Who was asked, and why or why not.
    pub considered: Vec<Considered>,
    /// Each task with what it did.
    pub reports: Vec<TaskReport>,
}

/// All that is known of one task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskReport {
    /// Its number.
    pub id: TaskId,
    /// The plugin's name.
    pub plugin: String,
    /// Which form of the event it is given.
    pub kind: TaskKind,
    /// Tasks of one lane run in order.
    pub lane: String,
    /// How far it has come.
    pub state: TaskState,
    /// How many runs have failed.
    pub attempts: u32,
    /// Not to be run sooner than this.
    pub not_before: Option<Timestamp>,
    /// Which run of the plugin the journal is of.
    pub round: u32,
    /// How often the plugin has asked to be woken again since it began.
    pub woken: u32,
    /// What that run began with.
    pub pins: Option<Pins>,
    /// Why it ended or was parked.
    pub reason: Option<String>,
    /// What was asked and answered, as the host recorded it at the end.
    pub trace: Option<serde_json::Value>,
    /// How long the last run took.
    pub duration: Option<Duration>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The journal of the present round.
    pub journal: Vec<Entry>,
}

/// How much there is to see to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deliveries that wait for the dispatcher.
    pub undispatched: u64,
    /// Tasks to be run or running.
    pub queued: u64,
    /// Tasks put aside until later.
    pub parked: u64,
    /// Tasks that failed.
    pub failed: u64,
    /// Tasks that were given up.
    pub dead: u64,
    /// Tasks with an effect that may or may not have happened.
    pub unknown: u64,
}

/// What the host's state directory must keep for runs that may still be played again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pinned {
    /// SHA-256 of components, hex, sorted.
    pub digests: Vec<String>,
    /// Revisions of config, hex, sorted.
    pub revisions: Vec<String>,
}

impl Inbox {
    /// The latest deliveries that fit, the latest first.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<DeliverySummary>, StoreError> {
        let filter = filter.clone();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| list(db, &filter)).await,
            Backend::Postgres(postgres) => postgres.list(filter).await,
        }
    }

    /// Everything about one delivery; `None` if it is not known.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn show(&self, guid: &str) -> Result<Option<DeliveryReport>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| show(db, &guid)).await,
            Backend::Postgres(postgres) => postgres.show(guid).await,
        }
    }

    /// How much there is to see to.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(counts).await,
            Backend::Postgres(postgres) => postgres.counts().await,
        }
    }

    /// What unfinished tasks, and those that failed at `failed_since` or later (a redelivery would run them again), were
    /// begun with or will be.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn pinned(&self, failed_since: Timestamp) -> Result<Pinned, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| pinned(db, failed_since)).await,
            Backend::Postgres(postgres) => postgres.pinned(failed_since).await,
        }
    }
}

/// What a summary is read from. A duplicate is never dispatched: it has the first one's key.
pub(crate) const SUMMARY: &str = "d.id, d.guid, d.event, d.scope_kind, d.scope, d.received_at, d.state, d.duplicate_of,
    coalesce(d.ordering_key, (SELECT o.ordering_key FROM deliveries o WHERE o.guid = d.duplicate_of)) AS its_key";

fn list(db: &Connection, filter: &Filter) -> Result<Vec<DeliverySummary>, Fault> {
    let limit = if filter.limit == 0 { -1 } else { i64::try_from(filter.limit).unwrap_or(i64::MAX) };
    let mut query = db.prepare_cached(&format!(
        "SELECT {SUMMARY} FROM deliveries d
         WHERE (?1 IS NULL OR d.scope = ?1) AND (?2 IS NULL OR its_key = ?2) AND (?3 IS NULL OR d.state = ?3)
           AND (?4 IS NULL OR d.received_at >= ?4)
           AND (NOT ?5 OR d.id IN (SELECT delivery FROM tasks WHERE state IN ('failed', 'dead')))
         ORDER BY d.id DESC LIMIT ?6"
    ))?;
    let since = filter.since.map(Timestamp::as_microsecond);
    let rows =
        query.query_map(params![filter.scope, filter.key, filter.state, since, filter.failed, limit], summary)?;
    let mut found = Vec::new();
    for row in rows {
        let (id, mut delivery) = row?;
        delivery.tasks = task_summaries(db, id)?;
        found.push(delivery);
    }
    Ok(found)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<(i64, DeliverySummary)> {
    let delivery = DeliverySummary {
        guid: row.get(1)?,
        event: row.get(2)?,
        scope: scope_of(row, 3)?,
        received_at: time_of(row, 5)?.unwrap_or_default(),
        state: row.get(6)?,
        duplicate_of: row.get(7)?,
        key: row.get(8)?,
        tasks: Vec::new(),
    };
    Ok((row.get(0)?, delivery))
}

fn task_summaries(db: &Connection, delivery: i64) -> Result<Vec<TaskSummary>, Fault> {
    let mut query =
        db.prepare_cached("SELECT plugin, kind, state, reason FROM tasks WHERE delivery = ?1 ORDER BY seq")?;
    let tasks = query.query_map([delivery], |row| {
        Ok(TaskSummary { plugin: row.get(0)?, kind: row.get(1)?, state: row.get(2)?, reason: row.get(3)? })
    })?;
    Ok(tasks.collect::<Result<_, _>>()?)
}

fn show(db: &Connection, guid: &str) -> Result<Option<DeliveryReport>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT {SUMMARY}, d.key_level, d.config_revision, length(p.body), d.considered
         FROM deliveries d JOIN payloads p ON p.delivery = d.id WHERE d.guid = ?1"
    ))?;
    let found = query
        .query_row([guid], |row| {
            let (id, summary) = summary(row)?;
            Ok((id, summary, row.get(9)?, row.get(10)?, row.get(11)?, row.get::<_, String>(12)?))
        })
        .optional()?;
    let Some((id, mut summary, key_level, config_revision, payload_bytes, considered)) = found else { return Ok(None) };
    summary.tasks = task_summaries(db, id)?;
    let considered = serde_json::from_str(&considered)?;
    let reports = task_reports(db, id)?;
    Ok(Some(DeliveryReport { summary, key_level, config_revision, payload_bytes, considered, reports }))
}

fn task_reports(db: &Connection, delivery: i64) -> Result<Vec<TaskReport>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT id, plugin, kind, lane, state, attempts, not_before, round, component_digest, config_revision, clock, seed,
                reason, trace, duration, finished_at, round - first_round
         FROM tasks WHERE delivery = ?1 ORDER BY seq",
    )?;
    let rows = query.query_map([delivery], |row| {
        let report = TaskReport {
            id: TaskId(row.get(0)?),
            plugin: row.get(1)?,
            kind: row.get(2)?,
            lane: row.get(3)?,
            state: row.get(4)?,
            attempts: row.get(5)?,
            not_before: time_of(row, 6)?,
            round: row.get(7)?,
            woken: row.get(16)?,
            pins: read_pins(row, 8)?,
            reason: row.get(12)?,
            trace: None,
            duration: row.get::<_, Option<u64>>(14)?.map(Duration::from_micros),
            finished_at: time_of(row, 15)?,
            journal: Vec::new(),
        };
        Ok((report, row.get::<_, Option<String>>(13)?))
    })?;
    let mut reports = Vec::new();
    for row in rows {
        let (mut report, trace) = row?;
        report.trace = trace.map(|trace| serde_json::from_str(&trace)).transpose()?;
        report.journal = read_round(db, report.id, report.round)?;
        reports.push(report);
    }
    Ok(reports)
}

fn counts(db: &Connection) -> Result<Counts, Fault> {
    let mut counts = Counts {
        undispatched: db
            .prepare_cached("SELECT count(*) FROM deliveries WHERE state = 'new'")?
            .query_row([], |row| row.get(0))?,
        ..Counts::default()
    };
    // Not by GROUP BY: that would count through all finished tasks too.
    let mut query = db.prepare_cached("SELECT count(*) FROM tasks WHERE state = ?1")?;
    for state in TaskState::ALL {
        let count = match state {
            TaskState::Queued => &mut counts.queued,
            TaskState::Parked => &mut counts.parked,
            TaskState::Failed => &mut counts.failed,
            TaskState::Dead => &mut counts.dead,
            TaskState::Unknown => &mut counts.unknown,
            TaskState::Done | TaskState::Ignored => continue,
        };
        *count = query.query_row([state], |row| row.get(0))?;
    }
    Ok(counts)
}

fn pinned(db: &Connection, failed_since: Timestamp) -> Result<Pinned, Fault> {
    let needed = "FROM tasks t JOIN deliveries d ON d.id = t.delivery
        WHERE t.state IN ('queued', 'parked') OR (t.state IN ('failed', 'dead') AND t.finished_at >= ?1)";
    let strings = |columns: &str| -> Result<Vec<String>, Fault> {
        let sql = format!("SELECT DISTINCT {columns} AS pin {needed} ORDER BY pin");
        let mut query = db.prepare_cached(&sql)?;
        let found = query.query_map([failed_since.as_microsecond()], |row| row.get::<_, Option<String>>(0))?;
        Ok(found.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    };
    Ok(Pinned {
        // A run without pins will begin with what it was dispatched with.
        digests: strings("coalesce(t.component_digest, t.dispatched_digest)")?,
        revisions: strings("coalesce(t.config_revision, d.config_revision)")?,
    })
}
