//! From a delivery to its tasks, and each task to its end.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::delivery::DeliveryState;
use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox, scope_of, time_of};
use crate::journal::{Pins, write_entries, write_pins};
use crate::rerun::EVERYONE;
use crate::task::{Considered, Dispatch, NewTask, Park, ParkKind, Task, TaskEnd, TaskId, TaskKind, TaskState};

impl Inbox {
    /// Writes down what the dispatcher decided, in one transaction; a delivery without a task is done. A delivery that was
    /// dispatched before keeps its tasks, and `dispatch` is not looked at, unless [`Inbox::rerun`] asked for it: then it gets
    /// the tasks that it has not.
    ///
    /// Returns the delivery's unfinished tasks in order.
    ///
    /// # Errors
    /// `NotThere` for an unknown GUID; `Unwritable`: nothing was kept, and the delivery is still undispatched.
    pub async fn dispatch(&self, guid: &str, dispatch: Dispatch) -> Result<Vec<Task>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| write_dispatch(db, &guid, &dispatch)).await,
            Backend::Postgres(postgres) => postgres.dispatch(guid, dispatch).await,
        }
    }

    /// Takes up a redelivery that has its tasks from before ([`has_tasks`](crate::StoredDelivery::has_tasks)): returns the
    /// unfinished ones in order.
    ///
    /// # Errors
    /// As [`Inbox::dispatch`].
    pub async fn resume(&self, guid: &str) -> Result<Vec<Task>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| take_up(db, &guid)).await,
            Backend::Postgres(postgres) => postgres.resume(guid).await,
        }
    }

    /// What is left to run of all dispatched deliveries, in order of arrival and then of dispatch: what a host asks at its
    /// start.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn open_tasks(&self) -> Result<Vec<Task>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(open_tasks).await,
            Backend::Postgres(postgres) => postgres.open_tasks().await,
        }
    }

    /// One task as it stands now; `None` if there is none of this number.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn task(&self, task: TaskId) -> Result<Option<Task>, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.read(move |db| one_task(db, task)).await,
            Backend::Postgres(postgres) => postgres.task(task).await,
        }
    }

    /// Puts an open task aside, durably.
    ///
    /// # Errors
    /// `NotThere` if the task is finished, or in another round by now.
    pub async fn park(&self, task: TaskId, park: Park) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| write_park(db, task, &park)).await,
            Backend::Postgres(postgres) => postgres.park(task, park).await,
        }
    }

    /// Ends an open task, durably, and with its delivery's last task the delivery.
    ///
    /// # Errors
    /// `NotThere` if the task is finished already, or in another round by now.
    pub async fn finish(&self, task: TaskId, end: TaskEnd) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| write_end(db, task, &end)).await,
            Backend::Postgres(postgres) => postgres.finish(task, end).await,
        }
    }
}

fn open_tasks(db: &Connection) -> Result<Vec<Task>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "{TASK} WHERE t.state IN ('queued', 'parked') AND d.state = 'open' ORDER BY d.id, t.seq"
    ))?;
    let tasks = query.query_map([], read_task)?.collect::<Result<_, _>>()?;
    Ok(tasks)
}

fn one_task(db: &Connection, task: TaskId) -> Result<Option<Task>, Fault> {
    let mut query = db.prepare_cached(&format!("{TASK} WHERE t.id = ?1"))?;
    Ok(query.query_row([task.0], read_task).optional()?)
}

fn write_dispatch(db: &Connection, guid: &str, dispatch: &Dispatch) -> Result<Vec<Task>, Fault> {
    let delivery = delivery_id(db, guid)?;
    let first_time =
        db.prepare_cached(
            "UPDATE deliveries SET config_revision = ?2, ordering_key = ?3, considered = ?4, replan = NULL
             WHERE id = ?1 AND state = 'new' AND config_revision IS NULL",
        )?
        .execute(params![
            delivery,
            dispatch.config_revision,
            dispatch.key,
            serde_json::to_string(&dispatch.considered)?
        ])? == 1;
    if first_time {
        write_tasks(db, delivery, &dispatch.tasks)?;
    } else {
        add_to_dispatch(db, delivery, dispatch)?;
    }
    take_up(db, guid)
}

fn write_tasks(db: &Connection, delivery: i64, tasks: &[NewTask]) -> Result<(), Fault> {
    let mut insert = db.prepare_cached(
        "INSERT INTO tasks (delivery, seq, plugin, kind, lane, state, dispatched_digest)
         SELECT ?1, count(*), ?2, ?3, ?4, 'queued', ?5 FROM tasks WHERE delivery = ?1",
    )?;
    for task in tasks {
        insert.execute(params![delivery, task.plugin, task.kind, task.lane, task.component_digest])?;
    }
    Ok(())
}

/// Gives a delivery that was dispatched before, and is to be again, the tasks that it has not.
fn add_to_dispatch(db: &Connection, delivery: i64, dispatch: &Dispatch) -> Result<(), Fault> {
    let (replan, considered): (Option<String>, String) = db
        .prepare_cached("SELECT replan, considered FROM deliveries WHERE id = ?1")?
        .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(whom) = replan else { return Ok(()) };
    let mut query = db.prepare_cached("SELECT plugin, kind FROM tasks WHERE delivery = ?1")?;
    let has = query.query_map([delivery], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let (missing, considered) = addition(dispatch, &whom, &has, serde_json::from_str(&considered)?);
    write_tasks(db, delivery, &missing)?;
    // What has not begun begins with what is in force: the revision below is not the one of its component.
    db.prepare_cached(
        "UPDATE tasks SET dispatched_digest = NULL
         WHERE delivery = ?1 AND component_digest IS NULL AND state IN ('queued', 'parked')",
    )?
    .execute([delivery])?;
    db.prepare_cached(
        "UPDATE deliveries SET config_revision = ?2, ordering_key = ?3, considered = ?4, replan = NULL WHERE id = ?1",
    )?
    .execute(params![delivery, dispatch.config_revision, dispatch.key, serde_json::to_string(&considered)?])?;
    Ok(())
}

/// What a second dispatch adds for whom it is meant: the tasks that are not there yet, and who was considered, all in all.
pub(crate) fn addition(
    dispatch: &Dispatch,
    whom: &str,
    has: &BTreeSet<(String, TaskKind)>,
    mut considered: Vec<Considered>,
) -> (Vec<NewTask>, Vec<Considered>) {
    let is_meant = |plugin: &str| whom == EVERYONE || whom == plugin;
    let is_missing = |task: &&NewTask| is_meant(&task.plugin) && !has.contains(&(task.plugin.clone(), task.kind));
    considered.retain(|before| !is_meant(&before.plugin));
    considered.extend(dispatch.considered.iter().filter(|now| is_meant(&now.plugin)).cloned());
    (dispatch.tasks.iter().filter(is_missing).cloned().collect(), considered)
}

fn take_up(db: &Connection, guid: &str) -> Result<Vec<Task>, Fault> {
    let delivery = delivery_id(db, guid)?;
    // From now on it has the state that its tasks say.
    db.prepare_cached("UPDATE deliveries SET state = 'open' WHERE id = ?1")?.execute([delivery])?;
    settle(db, delivery)?;
    let mut query =
        db.prepare_cached(&format!("{TASK} WHERE t.delivery = ?1 AND t.state IN ('queued', 'parked') ORDER BY t.seq"))?;
    let tasks = query.query_map([delivery], read_task)?.collect::<Result<_, _>>()?;
    Ok(tasks)
}

fn write_park(db: &Connection, task: TaskId, park: &Park) -> Result<(), Fault> {
    require_open(db, task, park.round)?;
    if let Some(pins) = &park.pins {
        write_pins(db, task, pins)?;
    }
    write_entries(db, task, park.round, &park.reads)?;
    let retries = u32::from(park.kind == ParkKind::Retry);
    db.prepare_cached(
        "UPDATE tasks SET state = 'parked', not_before = ?2, reason = ?3, attempts = attempts + ?4 WHERE id = ?1",
    )?
    .execute(params![task.0, park.until.as_microsecond(), park.why, retries])?;
    if park.kind == ParkKind::Wake {
        db.prepare_cached(
            "UPDATE tasks SET round = round + 1, attempts = 0, component_digest = NULL, config_revision = NULL,
               clock = NULL, seed = NULL
             WHERE id = ?1",
        )?
        .execute([task.0])?;
    }
    Ok(())
}

fn write_end(db: &Connection, task: TaskId, end: &TaskEnd) -> Result<(), Fault> {
    let delivery = require_open(db, task, end.round)?;
    write_entries(db, task, end.round, &end.reads)?;
    db.prepare_cached(
        "UPDATE tasks SET state = ?2, reason = ?3, trace = ?4, duration = ?5, finished_at = ?6, not_before = NULL
         WHERE id = ?1",
    )?
    .execute(params![
        task.0,
        end.outcome,
        end.reason,
        end.trace.to_string(),
        i64::try_from(end.duration.as_micros()).unwrap_or(i64::MAX),
        Timestamp::now().as_microsecond()
    ])?;
    settle(db, delivery)
}

/// Gives a dispatched delivery the state that follows from its tasks'. One that waits for the dispatcher goes on waiting: a
/// task of it may end while others were queued anew.
fn settle(db: &Connection, delivery: i64) -> Result<(), Fault> {
    let (open, failed) = db
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE state IN ('queued', 'parked')),
                    count(*) FILTER (WHERE state IN ('failed', 'dead'))
             FROM tasks WHERE delivery = ?1",
        )?
        .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let state = DeliveryState::of_tasks(open, failed);
    db.prepare_cached("UPDATE deliveries SET state = ?2 WHERE id = ?1 AND state NOT IN ('new', ?2)")?
        .execute(params![delivery, state])?;
    Ok(())
}

fn delivery_id(db: &Connection, guid: &str) -> Result<i64, Fault> {
    let id = db
        .prepare_cached("SELECT id FROM deliveries WHERE guid = ?1")?
        .query_row([guid], |row| row.get(0))
        .optional()?;
    id.ok_or_else(|| StoreError::no_delivery(guid).into())
}

/// Holds off a run that was overtaken: by its own end, or by a later round. Returns the delivery's row.
pub(crate) fn require_open(db: &Connection, task: TaskId, round: u32) -> Result<i64, Fault> {
    let found = db
        .prepare_cached("SELECT delivery, state, round FROM tasks WHERE id = ?1")?
        .query_row([task.0], |row| Ok((row.get(0)?, row.get::<_, TaskState>(1)?, row.get::<_, u32>(2)?)))
        .optional()?;
    let (delivery, state, now) = found.ok_or_else(|| StoreError::no_task(task))?;
    may_go_on(task, round, (state, now))?;
    Ok(delivery)
}

/// Whether a run of `round` may write: the task is open, and in that round.
pub(crate) fn may_go_on(task: TaskId, round: u32, (state, now): (TaskState, u32)) -> Result<(), StoreError> {
    if state.is_open() && now == round {
        return Ok(());
    }
    let what = format!("task {task} is {state} in round {now}, so that round {round} cannot go on");
    Err(StoreError::NotThere { what })
}

const TASK: &str =
    "SELECT t.id, d.guid, d.event, d.scope_kind, d.scope, t.plugin, t.kind, t.lane, t.seq, t.state, t.attempts,
        t.not_before, t.round, t.component_digest, t.config_revision, t.clock, t.seed, d.config_revision, t.reason,
        t.dispatched_digest, t.round - t.first_round
     FROM tasks t JOIN deliveries d ON d.id = t.delivery";

fn read_task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: TaskId(row.get(0)?),
        guid: row.get(1)?,
        event: row.get(2)?,
        scope: scope_of(row, 3)?,
        plugin: row.get(5)?,
        kind: row.get(6)?,
        lane: row.get(7)?,
        seq: row.get(8)?,
        state: row.get(9)?,
        attempts: row.get(10)?,
        not_before: time_of(row, 11)?,
        round: row.get(12)?,
        pins: read_pins(row, 13)?,
        config_revision: row.get(17)?,
        reason: row.get(18)?,
        component_digest: row.get(19)?,
        woken: row.get(20)?,
    })
}

/// Reads digest, revision, clock and seed from four columns that stand side by side; all are there or none.
pub(crate) fn read_pins(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Pins>> {
    let (Some(component_digest), Some(config_revision), Some(clock), Some(seed)) = (
        row.get(column)?,
        row.get(column + 1)?,
        row.get::<_, Option<String>>(column + 2)?,
        row.get::<_, Option<i64>>(column + 3)?,
    ) else {
        return Ok(None);
    };
    let clock = clock.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(column + 2, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(Some(Pins { component_digest, config_revision, clock, seed: seed.cast_unsigned() }))
}
