//! The journal of one run: fenced, each write one statement and with that one commit.

use deadpool_postgres::Object;
use futures_util::FutureExt as _;
use tokio_postgres::error::SqlState;

use super::dispatch::{lost, standing};
use super::rows::entry;
use super::{Fault, LIMIT, LONG, Postgres, execute, one, query};
use crate::dispatch::may_go_on;
use crate::error::StoreError;
use crate::journal::{At, Entry, EntryState, Pins, not_in_doubt, other_pins};
use crate::task::TaskId;

/// Task `$1` and its delivery, if its key is of session `$2`. Until the transaction ends nobody else can have it: taking a key
/// over has to wait for this lock.
pub(super) const HELD: &str = "held AS MATERIALIZED (
      SELECT t.id, t.delivery FROM tasks t JOIN deliveries d ON d.id = t.delivery
        JOIN leases l ON l.key = d.lease_key JOIN sessions s ON s.id = l.session
      WHERE t.id = $1 AND l.session = $2 AND s.expires_at > clock_timestamp() FOR SHARE OF l)";

impl Postgres {
    pub(crate) async fn journal(&self, task: TaskId, round: u32) -> Result<Vec<Entry>, StoreError> {
        self.run(LONG, move |db| async move { read_round(db, task, round).await }.boxed()).await
    }

    pub(crate) async fn intend(
        &self,
        task: TaskId,
        round: u32,
        pins: Pins,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| intend(db, (task, round), pins, entries, epoch).boxed()).await
    }

    pub(crate) async fn withdraw(&self, at: At) -> Result<(), StoreError> {
        let sql = format!(
            "WITH {HELD} DELETE FROM journal j USING held
             WHERE j.task = held.id AND j.round = $3 AND j.seq = $4 AND j.result IS NULL"
        );
        self.change(at, sql, None).await
    }

    pub(crate) async fn resolve(&self, at: At, result: String) -> Result<(), StoreError> {
        let sql = format!(
            "WITH {HELD} UPDATE journal j SET result = $5 FROM held
             WHERE j.task = held.id AND j.round = $3 AND j.seq = $4 AND j.result IS NULL"
        );
        self.change(at, sql, Some(result)).await
    }

    /// Changes the intent that is in doubt there.
    async fn change(&self, at: At, sql: String, result: Option<String>) -> Result<(), StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| {
            async move {
                let (task, round, seq) = at;
                let (round, seq) = (i64::from(round), i64::from(seq));
                let changed = match &result {
                    Some(result) => execute(db, &sql, &[&task.0, &epoch, &round, &seq, result]).await?,
                    None => execute(db, &sql, &[&task.0, &epoch, &round, &seq]).await?,
                };
                if changed == 1 {
                    return Ok(());
                }
                // As on SQLite, whatever became of the task: what counts is whether the intent is there.
                let there = "SELECT FROM journal WHERE task = $1 AND round = $2 AND seq = $3 AND result IS NULL";
                Err(match one(db, there, &[&task.0, &round, &seq]).await? {
                    Some(_) => lost(task),
                    None => not_in_doubt(at),
                }
                .into())
            }
            .boxed()
        })
        .await
    }
}

async fn intend(
    db: &mut Object,
    (task, round): (TaskId, u32),
    pins: Pins,
    entries: Vec<Entry>,
    epoch: i64,
) -> Result<(), Fault> {
    let sql = format!(
        "WITH {HELD}, begun AS (
            UPDATE tasks t SET component_digest = $4, config_revision = $5, clock = $6, seed = $7
            FROM held WHERE t.id = held.id AND t.round = $3 AND t.state IN ('queued', 'parked')
              AND (t.component_digest IS NULL
                OR (t.component_digest = $4 AND t.config_revision = $5 AND t.clock = $6 AND t.seed = $7))
            RETURNING t.id)
        INSERT INTO journal (task, round, seq, op, args, kind, result)
        SELECT begun.id, $3, e.* FROM begun, unnest($8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[]) AS e"
    );
    let columns = Columns::of(&entries);
    let kept = execute(
        db,
        &sql,
        &[
            &task.0,
            &epoch,
            &i64::from(round),
            &pins.component_digest,
            &pins.config_revision,
            &pins.clock.to_string(),
            &pins.seed.cast_signed(),
            &columns.seqs,
            &columns.ops,
            &columns.args,
            &columns.kinds,
            &columns.results,
        ],
    )
    .await
    .map_err(|fault| columns.clash(task, round, fault))?;
    if kept > 0 { Ok(()) } else { Err(refused(db, task, round, epoch).await?.into()) }
}

/// Why a write of this round was refused.
pub(super) async fn refused(db: &Object, task: TaskId, round: u32, epoch: i64) -> Result<StoreError, Fault> {
    let (state, now, held) = standing(db, task, epoch).await?;
    Ok(match may_go_on(task, round, (state, now)) {
        Err(error) => error,
        Ok(()) if held => other_pins(task),
        Ok(()) => lost(task),
    })
}

pub(super) async fn read_round(db: &Object, task: TaskId, round: u32) -> Result<Vec<Entry>, Fault> {
    let sql = "SELECT seq, op, args, kind, result FROM journal WHERE task = $1 AND round = $2 ORDER BY seq";
    query(db, sql, &[&task.0, &i64::from(round)]).await?.iter().map(entry).collect()
}

/// Entries, column by column.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) seqs: Vec<i64>,
    pub(super) ops: Vec<&'a str>,
    pub(super) args: Vec<&'a str>,
    pub(super) kinds: Vec<&'a str>,
    pub(super) results: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(entries: &'a [Entry]) -> Self {
        let mut columns = Self::default();
        for entry in entries {
            columns.seqs.push(entry.seq.into());
            columns.ops.push(&entry.op);
            columns.args.push(&entry.args);
            columns.kinds.push(entry.kind.as_str());
            columns.results.push(match &entry.state {
                EntryState::Intent => None,
                EntryState::Done(result) => Some(result),
            });
        }
        columns
    }

    /// An entry that is there already is somebody else's.
    pub(super) fn clash(&self, task: TaskId, round: u32, fault: Fault) -> Fault {
        if !fault.is(&SqlState::UNIQUE_VIOLATION) {
            return fault;
        }
        let what = format!("task {task} has an entry of {:?} of round {round} already", self.seqs);
        StoreError::Invalid { what }.into()
    }
}
