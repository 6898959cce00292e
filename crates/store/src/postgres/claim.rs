//! Which keys are this host's, and the work that they have.

use std::future::Future;
use std::sync::atomic::Ordering;

use deadpool_postgres::{Object, Transaction};
use futures_util::FutureExt as _;
use serde::Serialize;
use tokio_postgres::Row;

use super::rows::{STORED, TASK, count, stored, task};
use super::session::NO_SESSION;
use super::{Fault, LIMIT, LONG, Postgres, Role, execute, one, query};
use crate::delivery::StoredDelivery;
use crate::error::StoreError;
use crate::inbox::MAX_LOADED_BYTES;
use crate::task::Task;

/// Keys that are taken or let go in one turn, at the most: the first may be many, when a host has gone.
const KEYS: i64 = 500;
/// How many of the deliveries that wait are looked at for keys that are nobody's.
const LOOKED_AT: i64 = 1000;

/// A host that takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Peer {
    /// Its machine's name and its process's number.
    pub host: String,
    /// Its session: the epoch that its writes are fenced by.
    pub session: i64,
    /// How many keys it holds.
    pub keys: u64,
    /// Whether its session stands. One that does not has ended without a word, within the last hour.
    pub alive: bool,
}

impl Postgres {
    pub(crate) async fn arrived(&self) {
        match self.session() {
            Ok(session) => session.arrived().await,
            Err(_) => std::future::pending().await,
        }
    }

    pub(crate) async fn claim(&self) -> Result<Vec<Task>, StoreError> {
        let epoch = self.epoch()?;
        let session = self.session()?;
        let is_first = session.claimed.swap(epoch, Ordering::Relaxed) != epoch;
        let claimed = self.run(LIMIT, move |db| claim(db, epoch, is_first).boxed()).await;
        if claimed.is_err() {
            // Keys may be ours by now whose tasks nobody was told of: they are claimed anew, by another session.
            session.renounce(epoch);
        }
        claimed
    }

    pub(crate) async fn undispatched(&self, limit: usize) -> Result<Vec<StoredDelivery>, StoreError> {
        let epoch = self.reading_as()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(LONG, move |db| undispatched(db, epoch, limit).boxed()).await
    }

    pub(crate) async fn open_tasks(&self) -> Result<Vec<Task>, StoreError> {
        let epoch = self.reading_as()?;
        let sql = format!(
            "{TASK} WHERE t.state IN ('queued', 'parked') AND d.state = 'open' AND {MINE} ORDER BY d.id, t.seq"
        );
        self.run(LONG, move |db| async move { tasks(&query(db, &sql, &[&epoch]).await?) }.boxed()).await
    }

    /// Whose keys are looked at: this host's; everyone's, if it only looks.
    fn reading_as(&self) -> Result<Option<i64>, StoreError> {
        match &self.shared.role {
            Role::Host(_) => self.epoch().map(Some),
            Role::Visitor | Role::Reader => Ok(None),
        }
    }

    /// This host, and all that take part.
    pub(crate) async fn peers(&self) -> Result<(String, Vec<Peer>), StoreError> {
        let host = self.session()?.host().to_owned();
        let sql = "SELECT s.host, s.id, (SELECT count(*) FROM leases l WHERE l.session = s.id),
            s.expires_at > clock_timestamp() FROM sessions s ORDER BY s.id";
        let peer = |row: &Row| -> Result<Peer, Fault> {
            let (host, session, alive) = (row.try_get(0)?, row.try_get(1)?, row.try_get(3)?);
            Ok(Peer { host, session, keys: count(row, 2)?, alive })
        };
        let peers = self.run(LIMIT, move |db| {
            async move { query(db, sql, &[]).await?.iter().map(peer).collect::<Result<Vec<_>, Fault>>() }.boxed()
        });
        Ok((host, peers.await?))
    }

    pub(crate) async fn take_duty(&self, name: String) -> Result<bool, StoreError> {
        let epoch = self.epoch()?;
        self.run(LIMIT, move |db| {
            async move {
                let sql = "INSERT INTO duties (name, session) VALUES ($1, $2)
                    ON CONFLICT (name) DO UPDATE SET session = $2
                      WHERE duties.session = $2 OR NOT EXISTS (
                        SELECT FROM sessions s WHERE s.id = duties.session AND s.expires_at > clock_timestamp())
                    RETURNING name";
                Ok(one(db, sql, &[&name, &epoch]).await?.is_some())
            }
            .boxed()
        })
        .await
    }

    /// A handle whose writes are refused once this host's session is another.
    pub(crate) fn fenced(&self) -> Self {
        let epoch = self.session().ok().and_then(super::Session::epoch);
        Self { shared: self.shared.clone(), epoch: Some(epoch.unwrap_or(NO_SESSION)) }
    }

    pub(crate) async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
        let epoch = self.epoch()?;
        self.session()?.run(epoch, work).await
    }

    pub(crate) async fn release(&self) {
        if let Ok(session) = self.session() {
            session.end().await;
        }
    }
}

/// A key that is of session `$1`; any, if that is none.
const MINE: &str = "($1::bigint IS NULL OR EXISTS (SELECT FROM leases l WHERE l.key = d.lease_key AND l.session = $1))";

async fn claim(db: &mut Object, epoch: i64, is_first: bool) -> Result<Vec<Task>, Fault> {
    let change = db.transaction().await?;
    // A key whose row is locked is written for just now, by a transaction that found its lease good: the next turn has it.
    let of_the_gone = "UPDATE leases SET session = $1 WHERE key IN (
          SELECT l.key FROM leases l WHERE l.session <> $1 AND NOT EXISTS (
            SELECT FROM sessions s WHERE s.id = l.session AND s.expires_at > clock_timestamp())
          ORDER BY l.key LIMIT $2 FOR UPDATE OF l SKIP LOCKED)
        RETURNING key";
    let mut taken = keys(&query(&change, of_the_gone, &[&epoch, &KEYS]).await?)?;
    let free = "INSERT INTO leases (key, session)
        SELECT DISTINCT d.lease_key, $1::bigint
        FROM (SELECT lease_key FROM deliveries WHERE state = 'new' ORDER BY id LIMIT $2) d
        WHERE NOT EXISTS (SELECT FROM leases l WHERE l.key = d.lease_key)
        ORDER BY d.lease_key ON CONFLICT DO NOTHING";
    execute(&change, free, &[&epoch, &LOOKED_AT]).await?;
    if is_first {
        // There are none, unless a backup was played in.
        let ownerless = "INSERT INTO leases (key, session)
            SELECT DISTINCT d.lease_key, $1::bigint FROM deliveries d
            WHERE d.state = 'open' AND NOT EXISTS (SELECT FROM leases l WHERE l.key = d.lease_key)
            ORDER BY d.lease_key ON CONFLICT DO NOTHING RETURNING key";
        taken.extend(keys(&query(&change, ownerless, &[&epoch]).await?)?);
    }
    let_go(&change, epoch).await?;
    let open = if taken.is_empty() {
        Vec::new()
    } else {
        let sql = format!(
            "{TASK} WHERE d.lease_key = ANY ($1) AND d.state = 'open' AND t.state IN ('queued', 'parked')
             ORDER BY d.id, t.seq"
        );
        tasks(&query(&change, &sql, &[&taken]).await?)?
    };
    change.commit().await?;
    if !taken.is_empty() {
        tracing::info!(keys = taken.len(), tasks = open.len(), "took over what was another host's");
    }
    Ok(open)
}

/// Lets keys go that have no work. Each is locked first: whoever dispatches for it then is seen by the second look, or waits
/// and finds its lease gone, and comes again.
async fn let_go(change: &Transaction<'_>, epoch: i64) -> Result<(), Fault> {
    const IDLE: &str = "NOT EXISTS (SELECT FROM deliveries d WHERE d.lease_key = l.key AND d.state IN ('new', 'open'))";
    let idle = format!(
        "SELECT l.key FROM leases l WHERE l.session = $1 AND {IDLE} ORDER BY l.key LIMIT $2 FOR UPDATE OF l SKIP LOCKED"
    );
    let idle = keys(&query(change, &idle, &[&epoch, &KEYS]).await?)?;
    if !idle.is_empty() {
        execute(change, &format!("DELETE FROM leases l WHERE l.key = ANY ($1) AND {IDLE}"), &[&idle]).await?;
    }
    Ok(())
}

async fn undispatched(db: &mut Object, epoch: Option<i64>, limit: i64) -> Result<Vec<StoredDelivery>, Fault> {
    let waiting = format!(
        "SELECT d.id, octet_length(p.body)::bigint FROM deliveries d JOIN payloads p ON p.delivery = d.id
         WHERE d.state = 'new' AND {MINE} ORDER BY d.id LIMIT $2"
    );
    let (mut wanted, mut bytes) = (Vec::new(), 0);
    for row in query(db, &waiting, &[&epoch, &limit]).await? {
        if bytes >= MAX_LOADED_BYTES {
            break;
        }
        wanted.push(row.try_get::<_, i64>(0)?);
        bytes += count::<usize>(&row, 1)?;
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("{STORED} WHERE d.id = ANY ($1) AND d.state = 'new' ORDER BY d.id");
    query(db, &sql, &[&wanted]).await?.iter().map(stored).collect()
}

fn keys(rows: &[Row]) -> Result<Vec<String>, Fault> {
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

pub(super) fn tasks(rows: &[Row]) -> Result<Vec<Task>, Fault> {
    rows.iter().map(task).collect()
}
