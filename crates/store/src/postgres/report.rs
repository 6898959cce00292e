//! What the inbox can tell people.

use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::journal::read_round;
use super::rows::{count, pins, scope, word};
use super::{Fault, LIMIT, LONG, Postgres, one, query};
use crate::error::StoreError;
use crate::report::{Counts, DeliveryReport, DeliverySummary, Filter, Pinned, SUMMARY, TaskReport, TaskSummary};
use crate::task::{TaskId, TaskState};

impl Postgres {
    pub(crate) async fn list(&self, filter: Filter) -> Result<Vec<DeliverySummary>, StoreError> {
        self.run(LONG, move |db| list(db, filter).boxed()).await
    }

    pub(crate) async fn show(&self, guid: String) -> Result<Option<DeliveryReport>, StoreError> {
        self.run(LONG, move |db| show(db, guid).boxed()).await
    }

    pub(crate) async fn counts(&self) -> Result<Counts, StoreError> {
        self.run(LIMIT, move |db| counts(db).boxed()).await
    }

    pub(crate) async fn pinned(&self, failed_since: Timestamp) -> Result<Pinned, StoreError> {
        self.run(LONG, move |db| pinned(db, failed_since).boxed()).await
    }
}

async fn list(db: &mut Object, filter: Filter) -> Result<Vec<DeliverySummary>, Fault> {
    let limit = if filter.limit == 0 { i64::MAX } else { i64::try_from(filter.limit).unwrap_or(i64::MAX) };
    let sql = format!(
        "SELECT {SUMMARY} FROM deliveries d
         WHERE ($1::text IS NULL OR d.scope = $1)
           AND ($2::text IS NULL OR $2 = coalesce(d.ordering_key,
             (SELECT o.ordering_key FROM deliveries o WHERE o.guid = d.duplicate_of)))
           AND ($3::text IS NULL OR d.state = $3) AND ($4::timestamptz IS NULL OR d.received_at >= $4)
           AND (NOT $5 OR d.id IN (SELECT delivery FROM tasks WHERE state IN ('failed', 'dead')))
         ORDER BY d.id DESC LIMIT $6"
    );
    let state = filter.state.map(|state| state.as_str());
    let rows = query(db, &sql, &[&filter.scope, &filter.key, &state, &filter.since, &filter.failed, &limit]).await?;
    let mut found = rows.iter().map(summary).collect::<Result<Vec<_>, Fault>>()?;
    let ids: Vec<i64> = found.iter().map(|(id, _)| *id).collect();
    let sql = "SELECT delivery, plugin, kind, state, reason FROM tasks WHERE delivery = ANY ($1)
        ORDER BY delivery DESC, seq";
    let mut at = 0;
    for row in query(db, sql, &[&ids]).await? {
        let delivery: i64 = row.try_get(0)?;
        // Both are in the same order.
        while found[at].0 != delivery {
            at += 1;
        }
        found[at].1.tasks.push(task_summary(&row)?);
    }
    Ok(found.into_iter().map(|(_, summary)| summary).collect())
}

fn summary(row: &Row) -> Result<(i64, DeliverySummary), Fault> {
    let delivery = DeliverySummary {
        guid: row.try_get(1)?,
        event: row.try_get(2)?,
        scope: scope(row, 3)?,
        received_at: row.try_get(5)?,
        state: word(row, 6)?,
        duplicate_of: row.try_get(7)?,
        key: row.try_get(8)?,
        tasks: Vec::new(),
    };
    Ok((row.try_get(0)?, delivery))
}

fn task_summary(row: &Row) -> Result<TaskSummary, Fault> {
    Ok(TaskSummary { plugin: row.try_get(1)?, kind: word(row, 2)?, state: word(row, 3)?, reason: row.try_get(4)? })
}

async fn show(db: &mut Object, guid: String) -> Result<Option<DeliveryReport>, Fault> {
    let sql = format!(
        "SELECT {SUMMARY}, d.key_level, d.config_revision, octet_length(p.body)::bigint, d.considered
         FROM deliveries d JOIN payloads p ON p.delivery = d.id WHERE d.guid = $1"
    );
    let Some(row) = one(db, &sql, &[&guid]).await? else { return Ok(None) };
    let (id, mut summary) = summary(&row)?;
    let reports = task_reports(db, id).await?;
    summary.tasks = reports.iter().map(summary_of).collect();
    Ok(Some(DeliveryReport {
        summary,
        key_level: row.try_get(9)?,
        config_revision: row.try_get(10)?,
        payload_bytes: count(&row, 11)?,
        considered: serde_json::from_str(row.try_get(12)?)?,
        reports,
    }))
}

fn summary_of(report: &TaskReport) -> TaskSummary {
    let (plugin, reason) = (report.plugin.clone(), report.reason.clone());
    TaskSummary { plugin, kind: report.kind, state: report.state, reason }
}

async fn task_reports(db: &Object, delivery: i64) -> Result<Vec<TaskReport>, Fault> {
    let sql =
        "SELECT id, plugin, kind, lane, state, attempts, not_before, round, component_digest, config_revision, clock,
            seed, reason, trace, duration, finished_at, round - first_round
        FROM tasks WHERE delivery = $1 ORDER BY seq";
    let mut reports = Vec::new();
    for row in query(db, sql, &[&delivery]).await? {
        let (id, round) = (TaskId(row.try_get(0)?), count(&row, 7)?);
        let duration: Option<i64> = row.try_get(14)?;
        reports.push(TaskReport {
            id,
            plugin: row.try_get(1)?,
            kind: word(&row, 2)?,
            lane: row.try_get(3)?,
            state: word(&row, 4)?,
            attempts: count(&row, 5)?,
            not_before: row.try_get(6)?,
            round,
            woken: count(&row, 16)?,
            pins: pins(&row, 8)?,
            reason: row.try_get(12)?,
            trace: row.try_get::<_, Option<&str>>(13)?.map(serde_json::from_str).transpose()?,
            duration: duration.map(|micros| Duration::from_micros(micros.unsigned_abs())),
            finished_at: row.try_get(15)?,
            journal: read_round(db, id, round).await?,
        });
    }
    Ok(reports)
}

async fn counts(db: &mut Object) -> Result<Counts, Fault> {
    let sql = "SELECT 'new', count(*) FROM deliveries WHERE state = 'new'
        UNION ALL
        SELECT state, count(*) FROM tasks WHERE state IN ('queued', 'parked', 'failed', 'dead', 'unknown') GROUP BY state";
    let mut counts = Counts::default();
    for row in query(db, sql, &[]).await? {
        let word: &str = row.try_get(0)?;
        let count = count(&row, 1)?;
        match word.parse::<TaskState>() {
            Ok(TaskState::Queued) => counts.queued = count,
            Ok(TaskState::Parked) => counts.parked = count,
            Ok(TaskState::Failed) => counts.failed = count,
            Ok(TaskState::Dead) => counts.dead = count,
            Ok(TaskState::Unknown) => counts.unknown = count,
            Ok(TaskState::Done | TaskState::Ignored) => {}
            Err(_) => counts.undispatched = count,
        }
    }
    Ok(counts)
}

async fn pinned(db: &mut Object, failed_since: Timestamp) -> Result<Pinned, Fault> {
    // A run without pins will begin with what it was dispatched with.
    let digests = strings(db, "coalesce(t.component_digest, t.dispatched_digest)", failed_since).await?;
    let revisions = strings(db, "coalesce(t.config_revision, d.config_revision)", failed_since).await?;
    Ok(Pinned { digests, revisions })
}

async fn strings(db: &Object, columns: &str, failed_since: Timestamp) -> Result<Vec<String>, Fault> {
    let sql = format!(
        "SELECT DISTINCT {columns} COLLATE \"C\" AS pin FROM tasks t JOIN deliveries d ON d.id = t.delivery
         WHERE (t.state IN ('queued', 'parked') OR (t.state IN ('failed', 'dead') AND t.finished_at >= $1))
           AND {columns} IS NOT NULL
         ORDER BY pin"
    );
    query(db, &sql, &[&failed_since]).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
