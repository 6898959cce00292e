//! Running again what has ended. No host works on that, so that it takes no session: what locks the delivery's row may do so.

use deadpool_postgres::{GenericClient, Object, Transaction};
use futures_util::FutureExt as _;

use super::rows::word;
use super::session::CHANNEL;
use super::{Fault, LIMIT, LONG, Postgres, execute, one, query, text};
use crate::error::StoreError;
use crate::journal::CHANGED;
use crate::rerun::{Again, Before, EVERYONE, Rerun, TaskBefore};
use crate::task::TaskId;

impl Postgres {
    pub(crate) async fn rerun(&self, guid: String, again: Again) -> Result<Option<Rerun>, StoreError> {
        self.may_rerun()?;
        self.run(LIMIT, move |db| write_rerun(db, guid, again).boxed()).await
    }

    pub(crate) async fn foresee_rerun(&self, guid: String, again: Again) -> Result<Option<Rerun>, StoreError> {
        self.run(LONG, move |db| {
            async move { Ok(before(&*db, &guid, "").await?.map(|before| before.decide(&again))) }.boxed()
        })
        .await
    }
}

/// `lock`: what is added to the look at the delivery.
async fn before(db: &impl GenericClient, guid: &str, lock: &str) -> Result<Option<Before>, Fault> {
    let sql = format!(
        "SELECT id, guid, state, config_revision IS NOT NULL FROM deliveries
         WHERE guid = (SELECT coalesce(duplicate_of, guid) FROM deliveries WHERE guid = $1) {lock}"
    );
    let Some(row) = one(db, &sql, &[&guid]).await? else { return Ok(None) };
    let (delivery, guid, was_dispatched) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
    Ok(Some(Before { delivery, guid, state: word(&row, 2)?, was_dispatched, tasks: tasks(db, delivery).await? }))
}

async fn tasks(db: &impl GenericClient, delivery: i64) -> Result<Vec<TaskBefore>, Fault> {
    let sql = format!(
        "SELECT t.id, t.plugin, t.kind, t.state, ARRAY(
           SELECT j.op FROM (SELECT * FROM journal WHERE {CHANGED}) j
           WHERE j.task = t.id AND j.round >= t.first_round ORDER BY j.round, j.seq)
         FROM tasks t WHERE t.delivery = $1 ORDER BY t.seq"
    );
    let mut tasks = Vec::new();
    for row in query(db, &sql, &[&delivery]).await? {
        let (id, plugin, effects) = (TaskId(row.try_get(0)?), row.try_get(1)?, row.try_get(4)?);
        tasks.push(TaskBefore { id, plugin, kind: word(&row, 2)?, state: word(&row, 3)?, effects });
    }
    Ok(tasks)
}

async fn write_rerun(db: &mut Object, guid: String, again: Again) -> Result<Option<Rerun>, Fault> {
    let change = db.transaction().await?;
    let Some(before) = before(&change, &guid, "FOR UPDATE").await? else { return Ok(None) };
    let delivery = before.delivery;
    let rerun = before.decide(&again);
    let (resume, begin) = rerun.queued();
    requeue_tasks(&change, &numbers(&resume)).await?;
    begin_anew(&change, &numbers(&begin)).await?;
    if rerun.asks_others {
        let whom = again.plugin.as_deref().map_or_else(|| EVERYONE.to_owned(), text);
        // Two in a row: whom either of them means.
        let sql = "UPDATE deliveries SET replan = CASE WHEN replan IS NULL OR replan = $2 THEN $2 ELSE $3 END
            WHERE id = $1";
        execute(&change, sql, &[&delivery, &whom, &EVERYONE]).await?;
    }
    if rerun.asks_others || !resume.is_empty() || !begin.is_empty() {
        execute(&change, "UPDATE deliveries SET state = 'new' WHERE id = $1", &[&delivery]).await?;
        change.batch_execute(&format!("NOTIFY {CHANNEL}")).await?;
    }
    change.commit().await?;
    Ok(Some(rerun))
}

fn numbers(tasks: &[TaskId]) -> Vec<i64> {
    tasks.iter().map(|task| task.0).collect()
}

/// Queues tasks that failed. What was done stays in the journal, and the round and the pins with it, so that it is not done
/// again; what came after it changed nothing, and is asked anew. A run that did nothing begins with what is in force.
pub(super) async fn requeue_tasks(change: &Transaction<'_>, tasks: &[i64]) -> Result<(), Fault> {
    let forget = format!(
        "DELETE FROM journal j USING tasks t
         WHERE t.id = ANY ($1) AND j.task = t.id AND j.round = t.round
           AND j.seq > coalesce((SELECT max(seq) FROM journal c
                                 WHERE c.task = j.task AND c.round = j.round AND {CHANGED}), -1)"
    );
    execute(change, &forget, &[&tasks]).await?;
    let queue = "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL
        WHERE id = ANY ($1)";
    execute(change, queue, &[&tasks]).await?;
    let unpin = "UPDATE tasks t SET component_digest = NULL, config_revision = NULL, clock = NULL, seed = NULL,
          dispatched_digest = NULL
        WHERE t.id = ANY ($1) AND NOT EXISTS (SELECT FROM journal j WHERE j.task = t.id AND j.round = t.round)";
    execute(change, unpin, &[&tasks]).await?;
    Ok(())
}

/// A new round, with an empty journal and no pins, that begins with what is in force by then.
async fn begin_anew(change: &Transaction<'_>, tasks: &[i64]) -> Result<(), Fault> {
    let sql = "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL, trace = NULL,
          duration = NULL, round = round + 1, first_round = round + 1, component_digest = NULL, config_revision = NULL,
          clock = NULL, seed = NULL, dispatched_digest = NULL
        WHERE id = ANY ($1)";
    execute(change, sql, &[&tasks]).await?;
    Ok(())
}
