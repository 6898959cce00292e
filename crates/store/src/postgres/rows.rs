//! What the columns mean.

use bytes::Bytes;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::Fault;
use crate::delivery::{Scope, StoredDelivery};
use crate::error::StoreError;
use crate::journal::{Entry, EntryState, Pins};
use crate::task::{Task, TaskId};

/// What [`task`] reads.
pub(super) const TASK: &str =
    "SELECT t.id, d.guid, d.event, d.scope_kind, d.scope, t.plugin, t.kind, t.lane, t.seq, t.state, t.attempts,
        t.not_before, t.round, t.component_digest, t.config_revision, t.clock, t.seed, d.config_revision, t.reason,
        t.dispatched_digest, t.round - t.first_round
     FROM tasks t JOIN deliveries d ON d.id = t.delivery";

/// What [`stored`] reads.
pub(super) const STORED: &str = "SELECT d.guid, d.event, d.scope_kind, d.scope, d.key_level, d.received_at, p.body,
        d.replan IS NULL AND EXISTS (SELECT FROM tasks t WHERE t.delivery = d.id), p.headers
     FROM deliveries d JOIN payloads p ON p.delivery = d.id";

pub(super) fn task(row: &Row) -> Result<Task, Fault> {
    Ok(Task {
        id: TaskId(row.try_get(0)?),
        guid: row.try_get(1)?,
        event: row.try_get(2)?,
        scope: scope(row, 3)?,
        plugin: row.try_get(5)?,
        kind: word(row, 6)?,
        lane: row.try_get(7)?,
        seq: count(row, 8)?,
        state: word(row, 9)?,
        attempts: count(row, 10)?,
        not_before: row.try_get(11)?,
        round: count(row, 12)?,
        pins: pins(row, 13)?,
        config_revision: row.try_get(17)?,
        reason: row.try_get(18)?,
        component_digest: row.try_get(19)?,
        woken: count(row, 20)?,
    })
}

pub(super) fn stored(row: &Row) -> Result<StoredDelivery, Fault> {
    Ok(StoredDelivery {
        guid: row.try_get(0)?,
        event: row.try_get(1)?,
        scope: scope(row, 2)?,
        key_level: row.try_get(4)?,
        received_at: row.try_get::<_, Timestamp>(5)?,
        payload: Bytes::from(row.try_get::<_, Vec<u8>>(6)?),
        has_tasks: row.try_get(7)?,
        headers: row.try_get(8)?,
    })
}

/// Reads number, function, arguments, kind and result.
pub(super) fn entry(row: &Row) -> Result<Entry, Fault> {
    Ok(Entry {
        seq: count(row, 0)?,
        op: row.try_get(1)?,
        args: row.try_get(2)?,
        kind: word(row, 3)?,
        state: row.try_get::<_, Option<String>>(4)?.map_or(EntryState::Intent, EntryState::Done),
    })
}

/// Reads `scope_kind` and `scope` from two columns that stand side by side.
pub(super) fn scope(row: &Row, column: usize) -> Result<Scope, Fault> {
    let kind: &str = row.try_get(column)?;
    Scope::from_parts(kind, row.try_get(column + 1)?).ok_or_else(|| invalid(format!("a scope of the kind `{kind}`")))
}

/// Reads digest, revision, clock and seed from four columns that stand side by side; all are there or none.
pub(super) fn pins(row: &Row, column: usize) -> Result<Option<Pins>, Fault> {
    let (Some(component_digest), Some(config_revision), Some(clock), Some(seed)) = (
        row.try_get(column)?,
        row.try_get(column + 1)?,
        row.try_get::<_, Option<&str>>(column + 2)?,
        row.try_get::<_, Option<i64>>(column + 3)?,
    ) else {
        return Ok(None);
    };
    let clock = clock.parse().map_err(|error: jiff::Error| invalid(format!("a task's clock: {error}")))?;
    Ok(Some(Pins { component_digest, config_revision, clock, seed: seed.cast_unsigned() }))
}

/// Reads one of our enums.
pub(super) fn word<T: std::str::FromStr<Err = String>>(row: &Row, column: usize) -> Result<T, Fault> {
    row.try_get::<_, &str>(column)?.parse().map_err(invalid)
}

/// Reads a number that is never negative.
pub(super) fn count<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, Fault> {
    let number: i64 = row.try_get(column)?;
    T::try_from(number).map_err(|_| invalid(format!("a count of {number}")))
}

fn invalid(what: String) -> Fault {
    StoreError::Invalid { what: format!("the inbox holds what it should not: {what}") }.into()
}
