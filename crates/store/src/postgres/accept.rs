//! A delivery comes in. Any host takes it; it is this host's to handle, if its key is nobody's.

use deadpool_postgres::Object;
use futures_util::FutureExt as _;

use super::rows::{STORED, scope, stored, word};
use super::{Fault, LIMIT, LONG, Postgres, execute, one, text};
use crate::delivery::{Accepted, NewDelivery, Scope, StoredDelivery};
use crate::error::StoreError;

impl Postgres {
    pub(crate) async fn accept(&self, new: NewDelivery) -> Result<Accepted, StoreError> {
        let session = self.session()?.epoch();
        let mine = self.clone();
        self.run(LIMIT, move |db| keep(db, new, mine, session).boxed()).await
    }

    pub(crate) async fn load(&self, guid: String) -> Result<Option<StoredDelivery>, StoreError> {
        self.run(LONG, move |db| {
            async move {
                let row = one(db, &format!("{STORED} WHERE d.guid = $1"), &[&guid]).await?;
                row.as_ref().map(stored).transpose()
            }
            .boxed()
        })
        .await
    }
}

async fn keep(db: &mut Object, new: NewDelivery, mine: Postgres, session: Option<i64>) -> Result<Accepted, Fault> {
    let key = lease_key(&new);
    let accepted = match insert(db, &new, &key, session).await? {
        true => Accepted::Stored,
        false => again(db, &new, &key, session).await?,
    };
    // Here, where a sender that hangs up does not leave a kept delivery unnoticed.
    if accepted.is_work() {
        mine.session()?.tell();
    }
    Ok(accepted)
}

/// What one host at a time works on: the repository, and what orders its lanes. Coarser than a lane by the plugin alone, since a
/// delivery is dispatched to all its plugins at once; finer than the repository, so that hosts share a busy one.
fn lease_key(new: &NewDelivery) -> String {
    let event = prow::event::parse(&new.event, &new.payload).ok();
    let key = event.and_then(|event| event.key().map(|key| key.to_string()));
    text(&format!("{} {} {}", new.scope.kind(), new.scope.name(), key.as_deref().unwrap_or("-")))
}

/// One statement, so that keeping a delivery is one turn and one commit. False if its GUID is known.
async fn insert(db: &Object, new: &NewDelivery, key: &str, session: Option<i64>) -> Result<bool, Fault> {
    let sql = "WITH delivery AS (
            INSERT INTO deliveries (guid, event, scope_kind, scope, key_level, received_at, state, lease_key)
            VALUES ($1, $2, $3, $4, $5, $6, 'new', $7) ON CONFLICT (guid) DO NOTHING RETURNING id),
          payload AS (INSERT INTO payloads (delivery, body, headers) SELECT id, $8, $9 FROM delivery),
          lease AS (
            INSERT INTO leases (key, session) SELECT $7, $10::bigint FROM delivery WHERE $10 IS NOT NULL
            ON CONFLICT DO NOTHING)
        SELECT id FROM delivery";
    let kept = one(
        db,
        sql,
        &[
            &new.guid,
            &new.event,
            &new.scope.kind(),
            &text(new.scope.name()),
            &new.key_level,
            &new.received_at,
            &key,
            &&new.payload[..],
            &new.headers,
            &session,
        ],
    )
    .await?;
    Ok(kept.is_some())
}

async fn again(db: &mut Object, new: &NewDelivery, key: &str, session: Option<i64>) -> Result<Accepted, Fault> {
    let change = db.transaction().await?;
    let known = "SELECT id, state, scope_kind, scope FROM deliveries WHERE guid = $1 FOR UPDATE";
    let Some(row) = one(&change, known, &[&new.guid]).await? else {
        // Forgotten since: the sender may come again.
        return Err(Fault::Pool(format!("delivery `{}` went away just now", new.guid)));
    };
    let (id, known): (i64, Scope) = (row.try_get(0)?, scope(&row, 2)?);
    let accepted = Accepted::again(word(&row, 1)?, &known, new);
    if accepted == Accepted::Requeued {
        requeue(&change, id).await?;
        let lease =
            "INSERT INTO leases (key, session) SELECT $1, $2::bigint WHERE $2 IS NOT NULL ON CONFLICT DO NOTHING";
        execute(&change, lease, &[&key, &session]).await?;
    }
    change.commit().await?;
    Ok(accepted)
}

/// Journal, round and pins stay, so that what was done is not done again. An `unknown` task stays as it is: at most once. A
/// task that left no journal begins anew, with what is in force: its plugin may have been mended since.
async fn requeue(db: &deadpool_postgres::Transaction<'_>, delivery: i64) -> Result<(), Fault> {
    let tasks = "UPDATE tasks SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL,
          dispatched_digest = CASE WHEN component_digest IS NOT NULL THEN dispatched_digest END
        WHERE delivery = $1 AND state IN ('failed', 'dead')";
    execute(db, tasks, &[&delivery]).await?;
    execute(db, "UPDATE deliveries SET state = 'new' WHERE id = $1", &[&delivery]).await?;
    Ok(())
}
