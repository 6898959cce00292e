//! What one run of a plugin asked of its host, in order, so that a run that was cut off can be played again.

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, params};
use serde::{Deserialize, Serialize};

use crate::dispatch::require_open;
use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox};
use crate::task::TaskId;
use crate::text_enum::text_enum;

text_enum! {
    /// What kind of host call an entry is, and with that what is done when its intent has no result.
    EffectKind {
        /// Changes nothing.
        Read = "read",
        /// Made again: twice is the same as once.
        Idempotent = "idempotent",
        /// Looked for on the far side, and made if it is not there.
        Findable = "findable",
        /// Not made again: at most once.
        Neither = "neither",
    }
}

/// What a run was begun with, and every replay of it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    /// SHA-256 of the component, hex.
    pub component_digest: String,
    /// The config's revision, hex.
    pub config_revision: String,
    /// What the guest's clocks say, to the nanosecond.
    pub clock: Timestamp,
    /// Where the guest's random numbers come from.
    pub seed: u64,
}

/// One host call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the round, from 0; reads and effects count alike.
    pub seq: u32,
    /// The function, `interface.function`.
    pub op: String,
    /// Its arguments, JSON. A replay compares this text.
    pub args: String,
    /// What kind of call it is.
    pub kind: EffectKind,
    /// What came of it.
    pub state: EntryState,
}

/// What came of a host call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// About to be made. If the process ended here, it is in doubt.
    Intent,
    /// Made; the answer that the guest was given, JSON.
    Done(String),
}

impl Inbox {
    /// What is written of one round of a task, in order.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn journal(&self, task: TaskId, round: u32) -> Result<Vec<Entry>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| read_round(db, task, round)).await,
            Backend::Postgres(postgres) => postgres.journal(task, round).await,
        }
    }

    /// Writes down an effect that is about to be made, with the reads before it, in one durable commit. The first entries of
    /// a round bring its pins.
    ///
    /// # Errors
    /// `NotThere` if the task is finished or in another round; `Invalid` if it has other pins, or an entry with this number:
    /// then somebody else runs it, and the effect must not be made.
    pub async fn intend(
        &self,
        task: TaskId,
        round: u32,
        pins: &Pins,
        reads: Vec<Entry>,
        intent: Entry,
    ) -> Result<(), StoreError> {
        let (pins, mut entries) = (pins.clone(), reads);
        entries.push(intent);
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                let work = move |db: &Connection| {
                    require_open(db, task, round)?;
                    write_pins(db, task, &pins)?;
                    write_entries(db, task, round, &entries)
                };
                sqlite.db.write(work).await
            }
            Backend::Postgres(postgres) => postgres.intend(task, round, pins, entries).await,
        }
    }

    /// Takes an intent back: the effect was certainly not made.
    ///
    /// # Errors
    /// `NotThere` if there is no such intent, or it has a result.
    pub async fn withdraw(&self, task: TaskId, round: u32, seq: u32) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| withdraw(db, (task, round, seq))).await,
            Backend::Postgres(postgres) => postgres.withdraw((task, round, seq)).await,
        }
    }

    /// Writes down what came of an intended effect, durably. `result` is the answer that the guest is given, JSON.
    ///
    /// # Errors
    /// `NotThere` if there is no such intent, or it has a result already.
    pub async fn resolve(&self, task: TaskId, round: u32, seq: u32, result: String) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| resolve(db, (task, round, seq), &result)).await,
            Backend::Postgres(postgres) => postgres.resolve((task, round, seq), result).await,
        }
    }
}

/// An entry's place: its task, round and number.
pub(crate) type At = (TaskId, u32, u32);

fn withdraw(db: &Connection, at: At) -> Result<(), Fault> {
    let (task, round, seq) = at;
    let changed = db
        .prepare_cached("DELETE FROM journal WHERE task = ?1 AND round = ?2 AND seq = ?3 AND result IS NULL")?
        .execute(params![task.0, round, seq])?;
    if changed == 1 { Ok(()) } else { Err(not_in_doubt(at).into()) }
}

fn resolve(db: &Connection, at: At, result: &str) -> Result<(), Fault> {
    let (task, round, seq) = at;
    let changed = db
        .prepare_cached(
            "UPDATE journal SET result = ?4 WHERE task = ?1 AND round = ?2 AND seq = ?3 AND result IS NULL",
        )?
        .execute(params![task.0, round, seq, result])?;
    if changed == 1 { Ok(()) } else { Err(not_in_doubt(at).into()) }
}

pub(crate) fn not_in_doubt((task, round, seq): At) -> StoreError {
    StoreError::NotThere { what: format!("task {task} has no effect in doubt at {seq} of round {round}") }
}

pub(crate) fn other_pins(task: TaskId) -> StoreError {
    StoreError::Invalid { what: format!("task {task} was begun with other pins: is another host running it?") }
}

pub(crate) fn read_round(db: &Connection, task: TaskId, round: u32) -> Result<Vec<Entry>, Fault> {
    let mut query = db.prepare_cached(
        "SELECT seq, op, args, kind, result FROM journal WHERE task = ?1 AND round = ?2 ORDER BY seq",
    )?;
    let entries = query.query_map(params![task.0, round], |row| {
        Ok(Entry {
            seq: row.get(0)?,
            op: row.get(1)?,
            args: row.get(2)?,
            kind: row.get(3)?,
            state: row.get::<_, Option<String>>(4)?.map_or(EntryState::Intent, EntryState::Done),
        })
    })?;
    Ok(entries.collect::<Result<_, _>>()?)
}

/// What, in SQL, an entry is by which something was changed, or may have been: an effect that was not refused. Answers are
/// written as `{"Ok": …}` and `{"Err": …}`.
pub(crate) const CHANGED: &str = r#"kind <> 'read' AND (result IS NULL OR result NOT LIKE '{"Err"%')"#;

/// Deletes the end of a task's present round that changed nothing: what was read and what was refused after the last change.
pub(crate) fn forget_what_came_of_nothing(db: &Connection, task: TaskId) -> Result<(), Fault> {
    db.prepare_cached(&format!(
        "DELETE FROM journal WHERE task = ?1 AND round = (SELECT round FROM tasks WHERE id = ?1)
           AND seq > coalesce((SELECT max(seq) FROM journal j
                               WHERE j.task = journal.task AND j.round = journal.round AND {CHANGED}), -1)"
    ))?
    .execute([task.0])?;
    Ok(())
}

/// Gives a round its pins; a round that has others is being run by somebody else.
pub(crate) fn write_pins(db: &Connection, task: TaskId, pins: &Pins) -> Result<(), Fault> {
    let changed = db
        .prepare_cached(
            "UPDATE tasks SET component_digest = ?2, config_revision = ?3, clock = ?4, seed = ?5
             WHERE id = ?1 AND (component_digest IS NULL
               OR (component_digest = ?2 AND config_revision = ?3 AND clock = ?4 AND seed = ?5))",
        )?
        .execute(params![
            task.0,
            pins.component_digest,
            pins.config_revision,
            pins.clock.to_string(),
            pins.seed.cast_signed()
        ])?;
    if changed == 1 {
        return Ok(());
    }
    Err(other_pins(task).into())
}

pub(crate) fn write_entries(db: &Connection, task: TaskId, round: u32, entries: &[Entry]) -> Result<(), Fault> {
    let mut insert = db.prepare_cached(
        "INSERT INTO journal (task, round, seq, op, args, kind, result) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for entry in entries {
        let result = match &entry.state {
            EntryState::Intent => None,
            EntryState::Done(result) => Some(result),
        };
        let values = params![task.0, round, entry.seq, entry.op, entry.args, entry.kind, result];
        insert.execute(values).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => {
                let what = format!("task {task} has entry {} of round {round} already", entry.seq);
                Fault::Store(StoreError::Invalid { what })
            }
            _ => error.into(),
        })?;
    }
    Ok(())
}
