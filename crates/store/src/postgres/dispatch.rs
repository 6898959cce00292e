//! From a delivery to its tasks, and each task to its end; all of it fenced.

use deadpool_postgres::{Object, Transaction};
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::claim::tasks;
use super::journal::{Columns, HELD, refused};
use super::rows::{TASK, count, task, word};
use super::{Fault, LIMIT, Postgres, execute, one, query, text};
use crate::delivery::DeliveryState;
use crate::dispatch::addition;
use crate::error::StoreError;
use crate::task::{Dispatch, NewTask, Park, ParkKind, Task, TaskEnd, TaskId};

impl Postgres {
    pub(crate) async fn dispatch(&self, guid: String, dispatch: Dispatch) -> Result<Vec<Task>, StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| write_dispatch(db, guid, Some(dispatch), epoch).boxed()).await
    }

    pub(crate) async fn resume(&self, guid: String) -> Result<Vec<Task>, StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| write_dispatch(db, guid, None, epoch).boxed()).await
    }

    /// Of a fenced handle also whether the task is its to run.
    pub(crate) async fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let epoch = self.epoch;
        self.run(LIMIT, move |db| {
            async move {
                let Some(row) = one(db, &format!("{TASK} WHERE t.id = $1"), &[&id.0]).await? else { return Ok(None) };
                let task = task(&row)?;
                match epoch {
                    Some(epoch) if !is_held(db, id, epoch).await? => Err(lost(id).into()),
                    Some(_) | None => Ok(Some(task)),
                }
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn park(&self, task: TaskId, park: Park) -> Result<(), StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| write_park(db, task, park, epoch).boxed()).await
    }

    pub(crate) async fn finish(&self, task: TaskId, end: TaskEnd) -> Result<(), StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| write_end(db, task, end, epoch).boxed()).await
    }
}

pub(super) fn lost(task: TaskId) -> StoreError {
    StoreError::Lost { what: format!("task {task}") }
}

/// Whether the task's key is of session `epoch`.
pub(super) async fn is_held(db: &Object, task: TaskId, epoch: i64) -> Result<bool, Fault> {
    Ok(one(db, &format!("WITH {HELD} SELECT FROM held"), &[&task.0, &epoch]).await?.is_some())
}

/// `dispatch`: none, where the delivery has its tasks from before.
async fn write_dispatch(
    db: &mut Object,
    guid: String,
    dispatch: Option<Dispatch>,
    epoch: i64,
) -> Result<Vec<Task>, Fault> {
    let change = db.transaction().await?;
    let held = "SELECT d.id FROM deliveries d
          JOIN leases l ON l.key = d.lease_key JOIN sessions s ON s.id = l.session
        WHERE d.guid = $1 AND l.session = $2 AND s.expires_at > clock_timestamp()
        FOR SHARE OF l FOR UPDATE OF d";
    let Some(row) = one(&change, held, &[&guid, &epoch]).await? else {
        let known = one(&change, "SELECT FROM deliveries WHERE guid = $1", &[&guid]).await?;
        return Err(match known {
            Some(_) => StoreError::Lost { what: format!("delivery `{guid}`") },
            None => StoreError::no_delivery(&guid),
        }
        .into());
    };
    let delivery: i64 = row.try_get(0)?;
    if let Some(dispatch) = &dispatch
        && !is_first(&change, delivery, dispatch).await?
    {
        add_to_dispatch(&change, delivery, dispatch).await?;
    }
    // From now on it has the state that its tasks say.
    execute(&change, "UPDATE deliveries SET state = 'open' WHERE id = $1", &[&delivery]).await?;
    settle(&change, delivery).await?;
    let sql = format!("{TASK} WHERE t.delivery = $1 AND t.state IN ('queued', 'parked') ORDER BY t.seq");
    let open = tasks(&query(&change, &sql, &[&delivery]).await?)?;
    change.commit().await?;
    Ok(open)
}

/// Dispatches a delivery for the first time; false if it was dispatched before.
async fn is_first(change: &Transaction<'_>, delivery: i64, dispatch: &Dispatch) -> Result<bool, Fault> {
    let first = "UPDATE deliveries SET config_revision = $2, ordering_key = $3, considered = $4, replan = NULL
        WHERE id = $1 AND state = 'new' AND config_revision IS NULL";
    let key = dispatch.key.as_deref().map(text);
    let considered = serde_json::to_string(&dispatch.considered)?;
    if execute(change, first, &[&delivery, &dispatch.config_revision, &key, &considered]).await? == 0 {
        return Ok(false);
    }
    write_tasks(change, delivery, &dispatch.tasks).await?;
    Ok(true)
}

async fn write_tasks(change: &Transaction<'_>, delivery: i64, all: &[NewTask]) -> Result<(), Fault> {
    let plugins: Vec<_> = all.iter().map(|task| text(&task.plugin)).collect();
    let kinds: Vec<_> = all.iter().map(|task| task.kind.as_str()).collect();
    let lanes: Vec<_> = all.iter().map(|task| text(&task.lane)).collect();
    let digests: Vec<_> = all.iter().map(|task| task.component_digest.as_str()).collect();
    let insert = "INSERT INTO tasks (delivery, seq, plugin, kind, lane, state, dispatched_digest)
        SELECT $1, (SELECT count(*) FROM tasks WHERE delivery = $1) + n.seq - 1, n.plugin, n.kind, n.lane, 'queued',
          n.digest
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
          WITH ORDINALITY AS n (plugin, kind, lane, digest, seq)
        ORDER BY n.seq";
    execute(change, insert, &[&delivery, &plugins, &kinds, &lanes, &digests]).await?;
    Ok(())
}

/// Gives a delivery that was dispatched before, and is to be again, the tasks that it has not.
async fn add_to_dispatch(change: &Transaction<'_>, delivery: i64, dispatch: &Dispatch) -> Result<(), Fault> {
    let before = "SELECT replan, considered FROM deliveries WHERE id = $1 AND replan IS NOT NULL";
    let Some(row) = one(change, before, &[&delivery]).await? else { return Ok(()) };
    let considered = serde_json::from_str(row.try_get(1)?)?;
    let has = query(change, "SELECT plugin, kind FROM tasks WHERE delivery = $1", &[&delivery]).await?;
    let has = has.iter().map(|row| Ok((row.try_get(0)?, word(row, 1)?))).collect::<Result<_, Fault>>()?;
    let (missing, considered) = addition(dispatch, row.try_get(0)?, &has, considered);
    write_tasks(change, delivery, &missing).await?;
    // What has not begun begins with what is in force: the revision below is not the one of its component.
    let unbind = "UPDATE tasks SET dispatched_digest = NULL
        WHERE delivery = $1 AND component_digest IS NULL AND state IN ('queued', 'parked')";
    execute(change, unbind, &[&delivery]).await?;
    let sql = "UPDATE deliveries SET config_revision = $2, ordering_key = $3, considered = $4, replan = NULL
        WHERE id = $1";
    let (key, considered) = (dispatch.key.as_deref().map(text), serde_json::to_string(&considered)?);
    execute(change, sql, &[&delivery, &dispatch.config_revision, &key, &considered]).await?;
    Ok(())
}

/// One statement: what it locks is not held while anybody is waited for.
async fn write_park(db: &mut Object, task: TaskId, park: Park, epoch: i64) -> Result<(), Fault> {
    let sql = format!(
        "WITH {HELD}, parked AS (
            UPDATE tasks t SET state = 'parked', not_before = $4, reason = $5,
              attempts = CASE WHEN $6 THEN 0 ELSE t.attempts + $7 END,
              round = t.round + $6::boolean::int,
              component_digest = CASE WHEN NOT $6 THEN coalesce($8::text, t.component_digest) END,
              config_revision = CASE WHEN NOT $6 THEN coalesce($9::text, t.config_revision) END,
              clock = CASE WHEN NOT $6 THEN coalesce($10::text, t.clock) END,
              seed = CASE WHEN NOT $6 THEN coalesce($11::bigint, t.seed) END
            FROM held WHERE t.id = held.id AND t.round = $3 AND t.state IN ('queued', 'parked')
              AND ($8::text IS NULL OR t.component_digest IS NULL
                OR (t.component_digest = $8::text AND t.config_revision = $9::text AND t.clock = $10::text
                  AND t.seed = $11::bigint))
            RETURNING t.id),
          kept AS (
            INSERT INTO journal (task, round, seq, op, args, kind, result)
            SELECT parked.id, $3, e.* FROM parked,
              unnest($12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[]) AS e)
        SELECT FROM parked"
    );
    let (wake, retries) = (park.kind == ParkKind::Wake, i64::from(park.kind == ParkKind::Retry));
    let (pins, reads) = (park.pins.as_ref(), Columns::of(&park.reads));
    let parked = one(
        db,
        &sql,
        &[
            &task.0,
            &epoch,
            &i64::from(park.round),
            &park.until,
            &text(&park.why),
            &wake,
            &retries,
            &pins.map(|pins| &pins.component_digest),
            &pins.map(|pins| &pins.config_revision),
            &pins.map(|pins| pins.clock.to_string()),
            &pins.map(|pins| pins.seed.cast_signed()),
            &reads.seqs,
            &reads.ops,
            &reads.args,
            &reads.kinds,
            &reads.results,
        ],
    )
    .await
    .map_err(|fault| reads.clash(task, park.round, fault))?;
    if parked.is_some() { Ok(()) } else { Err(refused(db, task, park.round, epoch).await?.into()) }
}

async fn write_end(db: &mut Object, task: TaskId, end: TaskEnd, epoch: i64) -> Result<(), Fault> {
    let sql = format!(
        "WITH {HELD}, locked AS MATERIALIZED (
            SELECT d.id FROM deliveries d JOIN held ON held.delivery = d.id FOR UPDATE OF d),
          ended AS (
            UPDATE tasks t SET state = $4, reason = $5, trace = $6, duration = $7, finished_at = $8, not_before = NULL
            FROM held JOIN locked ON locked.id = held.delivery
            WHERE t.id = held.id AND t.round = $3 AND t.state IN ('queued', 'parked')
            RETURNING t.id, t.delivery),
          kept AS (
            INSERT INTO journal (task, round, seq, op, args, kind, result)
            SELECT ended.id, $3, e.* FROM ended,
              unnest($9::bigint[], $10::text[], $11::text[], $12::text[], $13::text[]) AS e)
        SELECT delivery FROM ended"
    );
    let reads = Columns::of(&end.reads);
    let change = db.transaction().await?;
    let ended = one(
        &change,
        &sql,
        &[
            &task.0,
            &epoch,
            &i64::from(end.round),
            &end.outcome.as_str(),
            &end.reason.as_deref().map(text),
            &end.trace.to_string(),
            &i64::try_from(end.duration.as_micros()).unwrap_or(i64::MAX),
            &Timestamp::now(),
            &reads.seqs,
            &reads.ops,
            &reads.args,
            &reads.kinds,
            &reads.results,
        ],
    )
    .await
    .map_err(|fault| reads.clash(task, end.round, fault))?;
    let Some(row) = ended else {
        drop(change);
        return Err(refused(db, task, end.round, epoch).await?.into());
    };
    settle(&change, row.try_get(0)?).await?;
    Ok(change.commit().await?)
}

/// Gives a delivery the state that follows from its tasks'. Its row was locked before, and before any of its tasks': of two that
/// end at a time, the second sees the first. One that waits for the dispatcher goes on waiting: a task of it may end while
/// others were queued anew.
async fn settle(change: &Transaction<'_>, delivery: i64) -> Result<(), Fault> {
    let counts = "SELECT count(*) FILTER (WHERE state IN ('queued', 'parked')),
            count(*) FILTER (WHERE state IN ('failed', 'dead'))
        FROM tasks WHERE delivery = $1";
    let row = one(change, counts, &[&delivery]).await?.expect("a count is one row");
    let state = DeliveryState::of_tasks(row.try_get(0)?, row.try_get(1)?);
    let sql = "UPDATE deliveries SET state = $2 WHERE id = $1 AND state NOT IN ('new', $2)";
    execute(change, sql, &[&delivery, &state.as_str()]).await?;
    Ok(())
}

/// State and round of a task, and whether its key is of session `epoch`.
pub(super) async fn standing(db: &Object, task: TaskId, epoch: i64) -> Result<(crate::TaskState, u32, bool), Fault> {
    let row = one(db, "SELECT state, round FROM tasks WHERE id = $1", &[&task.0]).await?;
    let row = row.ok_or_else(|| StoreError::no_task(task))?;
    Ok((word(&row, 0)?, count(&row, 1)?, is_held(db, task, epoch).await?))
}
