//! A delivery comes in. Any host takes it; it is this host's to handle, if its key is nobody's.

use deadpool_postgres::{Object, Transaction};
use futures_util::FutureExt as _;
use futures_util::future::try_join4;
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::ToSql;

use super::rerun::requeue_tasks;
use super::rows::{STORED, scope, stored, word};
use super::{Fault, LIMIT, LONG, Postgres, execute, one, query, text};
use crate::delivery::{Accepted, DeliveryState, Likeness, NewDelivery, Scope, StoredDelivery};
use crate::error::StoreError;
use crate::same::WITHIN;

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
        Some(first) => first.map_or(Accepted::Stored, Accepted::Duplicate),
        None => again(db, &new, session).await?,
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

/// Keeps what has a new GUID; answers with the GUID of the first delivery of the same event, if this is not it. None if the GUID
/// is known. What is alike is kept one after the other, each with a look of its own: of two at the same moment, on whichever
/// hosts, one is first. All is sent at once, so that keeping a delivery is one turn and one commit.
async fn insert(
    db: &Object,
    new: &NewDelivery,
    key: &str,
    session: Option<i64>,
) -> Result<Option<Option<String>>, Fault> {
    let likeness = new.likeness.as_ref();
    let (kind, scope, body) = (new.scope.kind(), text(new.scope.name()), &new.payload[..]);
    let fingerprint = likeness.map(|likeness| &likeness.fingerprint[..]);
    let hook = likeness.and_then(|likeness| likeness.hook.as_deref()).map(text);
    let within = SignedDuration::from_micros(WITHIN);
    let at = |time: Result<Timestamp, jiff::Error>| time.unwrap_or(new.received_at);
    let since = at(new.received_at.checked_sub(within));
    let until = at(new.received_at.checked_add(within));
    let values: [&(dyn ToSql + Sync); 14] = [
        &new.guid,
        &new.event,
        &kind,
        &scope,
        &new.key_level,
        &new.received_at,
        &key,
        &body,
        &new.headers,
        &session,
        &fingerprint,
        &hook,
        &since,
        &until,
    ];
    let keep = db.prepare_cached(KEEP).await?;
    let kept = if let Some(likeness) = likeness {
        let lock = db.prepare_cached("SELECT pg_advisory_xact_lock($1)").await?;
        let alike = lock_of(likeness);
        // The look comes after the lock, in a statement of its own: it sees what was committed by then.
        let (_, _, kept, _) = try_join4(
            db.batch_execute("BEGIN"),
            db.query_one(&lock, &[&alike]),
            db.query_opt(&keep, &values),
            db.batch_execute("COMMIT"),
        )
        .await?;
        kept
    } else {
        db.query_opt(&keep, &values).await?
    };
    Ok(kept.map(|row| row.try_get(0)).transpose()?)
}

/// A hook is told of an event once, under one GUID: what comes from the same hook with another is another event.
const KEEP: &str = "WITH first AS (
        SELECT guid FROM deliveries
        WHERE (received_at AT TIME ZONE 'UTC')::date
            IN (($13::timestamptz AT TIME ZONE 'UTC')::date, ($14::timestamptz AT TIME ZONE 'UTC')::date)
          AND fingerprint = $11 AND duplicate_of IS NULL AND received_at BETWEEN $13 AND $14
          AND scope_kind = $3 AND scope = $4 AND (hook IS NULL OR $12::text IS NULL OR hook <> $12)
        ORDER BY id LIMIT 1),
      delivery AS (
        INSERT INTO deliveries (guid, event, scope_kind, scope, key_level, received_at, state, lease_key, fingerprint, hook,
          duplicate_of)
        SELECT $1, $2, $3, $4, $5, $6, CASE WHEN first.guid IS NULL THEN 'new' ELSE 'done' END, $7, $11, $12, first.guid
        FROM (VALUES (1)) AS this LEFT JOIN first ON true
        ON CONFLICT (guid) DO NOTHING RETURNING id, duplicate_of),
      payload AS (INSERT INTO payloads (delivery, body, headers) SELECT id, $8, $9 FROM delivery),
      lease AS (
        INSERT INTO leases (key, session)
        SELECT $7, $10::bigint FROM delivery WHERE $10 IS NOT NULL AND duplicate_of IS NULL
        ON CONFLICT DO NOTHING)
    SELECT duplicate_of FROM delivery";

/// A number for what is alike. What has it by chance, too, waits a moment longer.
fn lock_of(likeness: &Likeness) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = likeness.fingerprint;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// What is known under a GUID.
struct Known {
    id: i64,
    state: DeliveryState,
    scope: Scope,
    lease_key: String,
    duplicate_of: Option<String>,
}

async fn again(db: &mut Object, new: &NewDelivery, session: Option<i64>) -> Result<Accepted, Fault> {
    let change = db.transaction().await?;
    let Some(mut known) = known(&change, &new.guid).await? else {
        // Forgotten since: the sender may come again.
        return Err(Fault::Pool(format!("delivery `{}` went away just now", new.guid)));
    };
    // Whoever sends a duplicate again wants its event handled: that is the first one's to do.
    if known.scope == new.scope
        && let Some(first) = &known.duplicate_of
    {
        let Some(first) = self::known(&change, first).await? else { return Ok(Accepted::Done) };
        known = first;
    }
    let accepted = Accepted::again(known.state, &known.scope, new);
    if accepted == Accepted::Requeued {
        requeue(&change, known.id).await?;
        let lease =
            "INSERT INTO leases (key, session) SELECT $1, $2::bigint WHERE $2 IS NOT NULL ON CONFLICT DO NOTHING";
        execute(&change, lease, &[&known.lease_key, &session]).await?;
    }
    change.commit().await?;
    Ok(accepted)
}

async fn known(change: &Transaction<'_>, guid: &str) -> Result<Option<Known>, Fault> {
    let sql = "SELECT id, state, scope_kind, scope, lease_key, duplicate_of FROM deliveries WHERE guid = $1 FOR UPDATE";
    let Some(row) = one(change, sql, &[&guid]).await? else { return Ok(None) };
    let (id, lease_key, duplicate_of) = (row.try_get(0)?, row.try_get(4)?, row.try_get(5)?);
    Ok(Some(Known { id, state: word(&row, 1)?, scope: scope(&row, 2)?, lease_key, duplicate_of }))
}

/// Queues what failed of a delivery.
async fn requeue(change: &Transaction<'_>, delivery: i64) -> Result<(), Fault> {
    let failed = "SELECT id FROM tasks WHERE delivery = $1 AND state IN ('failed', 'dead')";
    let failed = query(change, failed, &[&delivery]).await?;
    let failed = failed.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<i64>, Fault>>()?;
    requeue_tasks(change, &failed).await?;
    execute(change, "UPDATE deliveries SET state = 'new' WHERE id = $1", &[&delivery]).await?;
    Ok(())
}
