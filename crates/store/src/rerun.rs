//! Running again what has ended: what failed, or a whole delivery, by hand.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::delivery::DeliveryState;
use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox, requeue_task};
use crate::journal::CHANGED;
use crate::task::{TaskId, TaskKind, TaskState};
use crate::text_enum::text_enum;

/// In `replan`, in place of a plugin's name.
pub(crate) const EVERYONE: &str = "*";

/// What is to be run again of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// Of this plugin alone.
    pub plugin: Option<String>,
    /// Which tasks, and from where.
    pub how: How,
}

/// Which ended tasks run again, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// Those that failed or were given up, from their journals: up to the last change; what was read or refused after it is
    /// asked anew.
    Retry,
    /// All but those that ended well and changed something: their journals would answer for all of it. And who was not asked,
    /// and is to be by now, is asked.
    Replay,
    /// As [`How::Replay`], and all of them from the beginning, without their journals: what they did may be done twice.
    Anew,
}

text_enum! {
    /// What becomes of a task when its delivery is run again.
    Fate {
        /// It runs again, and is answered from its journal up to the last change that it made.
        Resumes = "resumes",
        /// It begins again, since it changed nothing.
        Begins = "begins",
        /// It begins again, and what it changed may be changed twice.
        Doubles = "doubles",
        /// It has ended well, and what it did is done.
        Stays = "stays",
        /// It has not ended.
        Runs = "runs",
    }
}

/// One task of a delivery that is run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskFate {
    /// Its number.
    pub id: TaskId,
    /// The plugin's name.
    pub plugin: String,
    /// Which form of the event it is given.
    pub kind: TaskKind,
    /// How far it had come.
    pub state: TaskState,
    /// What it has changed, in order: functions, `interface.function`; those in doubt too.
    pub effects: Vec<String>,
    /// What becomes of it.
    pub fate: Fate,
}

/// A delivery that is run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rerun {
    /// Its GUID: for a duplicate that of the first.
    pub guid: String,
    /// Whether plugins that were not asked are asked, if they want it by now.
    pub asks_others: bool,
    /// Its tasks, as far as they are meant, in order.
    pub tasks: Vec<TaskFate>,
}

impl Inbox {
    /// Runs ended tasks of a delivery again: they are queued, and a host takes them up, also one that runs in another process.
    /// `None` if the GUID is not known.
    ///
    /// # Errors
    /// `Unwritable`: nothing was changed.
    pub async fn rerun(&self, guid: &str, again: Again) -> Result<Option<Rerun>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| write_rerun(db, &guid, &again)).await,
            Backend::Postgres(postgres) => postgres.rerun(guid, again).await,
        }
    }

    /// What [`Inbox::rerun`] would do, without doing it.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn foresee_rerun(&self, guid: &str, again: Again) -> Result<Option<Rerun>, StoreError> {
        let guid = guid.to_owned();
        match &self.backend {
            Backend::Sqlite(sqlite) => {
                sqlite.db.read(move |db| Ok(before(db, &guid)?.map(|before| before.decide(&again)))).await
            }
            Backend::Postgres(postgres) => postgres.foresee_rerun(guid, again).await,
        }
    }
}

/// What becomes of a task in this state, which has changed something or not.
fn fate(how: How, state: TaskState, has_effects: bool) -> Fate {
    use TaskState as State;
    match (how, state) {
        (_, State::Queued | State::Parked) => Fate::Runs,
        (How::Anew, _) if has_effects => Fate::Doubles,
        (How::Anew, _) => Fate::Begins,
        (How::Retry | How::Replay, State::Failed | State::Dead) => Fate::Resumes,
        (How::Replay, State::Done | State::Ignored) if !has_effects => Fate::Begins,
        (How::Retry | How::Replay, State::Done | State::Ignored | State::Unknown) => Fate::Stays,
    }
}

/// A delivery as it stands before it runs again: for a duplicate the first.
pub(crate) struct Before {
    pub(crate) delivery: i64,
    pub(crate) guid: String,
    pub(crate) state: DeliveryState,
    pub(crate) was_dispatched: bool,
    /// In order.
    pub(crate) tasks: Vec<TaskBefore>,
}

/// One of its tasks.
pub(crate) struct TaskBefore {
    pub(crate) id: TaskId,
    pub(crate) plugin: String,
    pub(crate) kind: TaskKind,
    pub(crate) state: TaskState,
    /// What it has changed since it began, as far as it was not refused: in every round, since a round that a plugin asked for
    /// goes on where the one before ended.
    pub(crate) effects: Vec<String>,
}

impl Before {
    /// What becomes of it.
    pub(crate) fn decide(self, again: &Again) -> Rerun {
        let is_new = self.state == DeliveryState::New && !self.was_dispatched;
        let is_meant = |task: &TaskBefore| again.plugin.as_ref().is_none_or(|plugin| *plugin == task.plugin);
        Rerun {
            guid: self.guid,
            asks_others: again.how != How::Retry && !is_new,
            tasks: self.tasks.into_iter().filter(is_meant).map(|task| task.decide(again.how)).collect(),
        }
    }
}

impl TaskBefore {
    fn decide(self, how: How) -> TaskFate {
        let Self { id, plugin, kind, state, effects } = self;
        // What was forwarded and answered with success has changed whatever it changed.
        let has_effects = !effects.is_empty() || (kind == TaskKind::Forward && state == TaskState::Done);
        TaskFate { id, plugin, kind, state, effects, fate: fate(how, state, has_effects) }
    }
}

impl Rerun {
    /// The tasks that are queued: those that go on from their journals, and those that begin without one.
    pub(crate) fn queued(&self) -> (Vec<TaskId>, Vec<TaskId>) {
        let (mut resume, mut begin) = (Vec::new(), Vec::new());
        for task in &self.tasks {
            match task.fate {
                Fate::Resumes => resume.push(task.id),
                Fate::Begins | Fate::Doubles => begin.push(task.id),
                Fate::Stays | Fate::Runs => {}
            }
        }
        (resume, begin)
    }
}

fn before(db: &Connection, guid: &str) -> Result<Option<Before>, Fault> {
    let found = db
        .prepare_cached(
            "SELECT id, guid, state, config_revision IS NOT NULL FROM deliveries
             WHERE guid = (SELECT coalesce(duplicate_of, guid) FROM deliveries WHERE guid = ?1)",
        )?
        .query_row([guid], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((delivery, guid, state, was_dispatched)) = found else { return Ok(None) };
    Ok(Some(Before { delivery, guid, state, was_dispatched, tasks: tasks_before(db, delivery)? }))
}

fn tasks_before(db: &Connection, delivery: i64) -> Result<Vec<TaskBefore>, Fault> {
    let mut query =
        db.prepare_cached("SELECT id, plugin, kind, state, first_round FROM tasks WHERE delivery = ?1 ORDER BY seq")?;
    let mut rows = query.query([delivery])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let effects = effects(db, id, row.get(4)?)?;
        tasks.push(TaskBefore { id: TaskId(id), plugin: row.get(1)?, kind: row.get(2)?, state: row.get(3)?, effects });
    }
    Ok(tasks)
}

fn effects(db: &Connection, task: i64, first_round: u32) -> Result<Vec<String>, Fault> {
    let mut query = db.prepare_cached(&format!(
        "SELECT op FROM journal WHERE task = ?1 AND round >= ?2 AND {CHANGED} ORDER BY round, seq"
    ))?;
    let found = query.query_map(params![task, first_round], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn write_rerun(db: &Connection, guid: &str, again: &Again) -> Result<Option<Rerun>, Fault> {
    let Some(before) = before(db, guid)? else { return Ok(None) };
    let delivery = before.delivery;
    let rerun = before.decide(again);
    let (resume, begin) = rerun.queued();
    for task in &resume {
        requeue_task(db, *task)?;
    }
    for task in &begin {
        begin_anew(db, *task)?;
    }
    if rerun.asks_others {
        let whom = again.plugin.as_deref().unwrap_or(EVERYONE);
        // Two in a row: whom either of them means.
        db.prepare_cached("UPDATE deliveries SET replan = iif(replan IS NULL OR replan = ?2, ?2, ?3) WHERE id = ?1")?
            .execute(params![delivery, whom, EVERYONE])?;
    }
    if rerun.asks_others || !resume.is_empty() || !begin.is_empty() {
        db.prepare_cached("UPDATE deliveries SET state = 'new' WHERE id = ?1")?.execute([delivery])?;
    }
    Ok(Some(rerun))
}

/// A new round, with an empty journal and no pins, that begins with what is in force by then.
fn begin_anew(db: &Connection, task: TaskId) -> Result<(), Fault> {
    db.prepare_cached(
        "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL, trace = NULL,
           duration = NULL, round = round + 1, first_round = round + 1, component_digest = NULL, config_revision = NULL,
           clock = NULL, seed = NULL, dispatched_digest = NULL
         WHERE id = ?1",
    )?
    .execute([task.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state, with and without effects: retry, replay, anew.
    #[test]
    fn what_is_done_is_not_done_again_unless_it_is_asked_for() {
        let mut table = String::new();
        for &state in TaskState::ALL {
            for has_effects in [false, true] {
                let of = |how| fate(how, state, has_effects);
                let (retry, replay, anew) = (of(How::Retry), of(How::Replay), of(How::Anew));
                let effects = if has_effects { "effects" } else { "-" };
                table.push_str(&format!("{state:8} {effects:8} {retry:8} {replay:8} {anew}\n"));
            }
        }
        let want = "\
queued   -        runs     runs     runs
queued   effects  runs     runs     runs
parked   -        runs     runs     runs
parked   effects  runs     runs     runs
done     -        stays    begins   begins
done     effects  stays    stays    doubles
ignored  -        stays    begins   begins
ignored  effects  stays    stays    doubles
failed   -        resumes  resumes  begins
failed   effects  resumes  resumes  doubles
dead     -        resumes  resumes  begins
dead     effects  resumes  resumes  doubles
unknown  -        stays    stays    begins
unknown  effects  stays    stays    doubles
";
        assert_eq!(table, want);
    }
}
