//! The inbox on a PostgreSQL server, which several hosts share.
//!
//! The work of a key (a repository with an issue's or PR's number, a ref or a sha: what lanes are made of, for all plugins) is
//! one host's at a time. A host has a *session*, which it renews; keys point to sessions (`leases`), and a session that was not
//! renewed in time is over: any other host may take its keys. A session's number is the epoch by which writes are fenced:
//! whatever is written for a task is written in the transaction that finds its key to be that session's, by the server's
//! clock, and that keeps the lease's row from being taken meanwhile.

mod accept;
mod claim;
mod dispatch;
mod files;
mod journal;
mod missed;
mod prune;
mod report;
mod rerun;
mod rows;
mod schema;
mod server;
mod session;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{GenericClient, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod};
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

pub use self::claim::Peer;
pub use self::server::{Server, ServerError};
use self::session::Session;
use crate::error::StoreError;

/// Connections of one host besides the one that renews its session. Commits that wait on different connections are synced
/// together.
const CONNECTIONS: usize = 16;
/// How long a write may take, waiting for a connection included: the sender of a webhook has its 503 in time.
const LIMIT: Duration = Duration::from_secs(3);
/// How long what nobody waits for so urgently may take.
const LONG: Duration = Duration::from_secs(10);

/// A handle; its clones are the same inbox.
#[derive(Clone)]
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    /// The session that this handle's writes belong to; none: whichever is the host's by then.
    epoch: Option<i64>,
}

struct Shared {
    pool: Pool,
    /// Where connections are driven: guests' runtimes may be stalled by one of them.
    runtime: Handle,
    name: String,
    role: Role,
}

/// What this process is here for.
enum Role {
    /// It is one of the hosts.
    Host(Session),
    /// To have run again what has ended.
    Visitor,
    /// To look.
    Reader,
}

impl Postgres {
    pub(crate) async fn join(server: &Server) -> Result<Self, StoreError> {
        let (pool, name) = (pool(server), server.to_string());
        let begin = async {
            let mut db = Lent::from(pool.get().await?);
            schema::prepare(db.client(), &name).await?;
            db.give_back();
            Session::begin(server).await
        };
        let session = in_time(LONG, &name, begin).await?;
        Ok(Self::new(pool, name, Role::Host(session)))
    }

    pub(crate) async fn connect_read_only(server: &Server) -> Result<Self, StoreError> {
        Self::drop_by(server, Role::Reader).await
    }

    pub(crate) async fn connect(server: &Server) -> Result<Self, StoreError> {
        Self::drop_by(server, Role::Visitor).await
    }

    /// Whoever only drops by does not change the schema under hosts that may be running.
    async fn drop_by(server: &Server, role: Role) -> Result<Self, StoreError> {
        let (pool, name) = (pool(server), server.to_string());
        let look = async { schema::check(&pool.get().await?, &name).await };
        in_time(LONG, &name, look).await?;
        Ok(Self::new(pool, name, role))
    }

    fn new(pool: Pool, name: String, role: Role) -> Self {
        Self { shared: Arc::new(Shared { pool, runtime: Handle::current(), name, role }), epoch: None }
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.name
    }

    /// The session that is written for.
    fn epoch(&self) -> Result<i64, StoreError> {
        let session = self.session()?;
        let epoch = self.epoch.or_else(|| session.epoch());
        epoch.ok_or_else(|| StoreError::Lost { what: format!("the work on {}", self.shared.name) })
    }

    fn session(&self) -> Result<&Session, StoreError> {
        match &self.shared.role {
            Role::Host(session) => Ok(session),
            Role::Visitor | Role::Reader => Err(self.read_only()),
        }
    }

    /// Whether what has ended may be changed, which no host works on.
    fn may_rerun(&self) -> Result<(), StoreError> {
        match &self.shared.role {
            Role::Host(_) | Role::Visitor => Ok(()),
            Role::Reader => Err(self.read_only()),
        }
    }

    fn read_only(&self) -> StoreError {
        StoreError::ReadOnly { path: PathBuf::from(&self.shared.name) }
    }

    /// Runs `work` on a connection of its own, to its end: also if the caller goes away.
    async fn run<T, F>(&self, limit: Duration, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Object) -> BoxFuture<'c, Result<T, Fault>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let within = async move {
            let run = async {
                let mut db = Lent::from(shared.pool.get().await?);
                let result = work(db.client()).await;
                if !matches!(result, Err(Fault::Sql(_))) {
                    db.give_back();
                }
                result
            };
            in_time(limit, &shared.name, run).await
        };
        match self.shared.runtime.spawn(within).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(StoreError::Closed { path: PathBuf::from(&self.shared.name) }),
            },
        }
    }
}

/// A server that takes longer is as good as none.
async fn in_time<T>(
    limit: Duration,
    server: &str,
    work: impl Future<Output = Result<T, Fault>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result.map_err(|fault| fault.at(server)),
        Err(late) => Err(StoreError::Unavailable { server: server.to_owned(), source: Arc::new(late) }),
    }
}

fn pool(server: &Server) -> Pool {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_connect(tokio_postgres::Config::new(), server.clone(), config);
    Pool::builder(manager).max_size(CONNECTIONS).build().expect("there are no timeouts that would need a runtime")
}

/// A connection that goes back to its pool only if that is said: one that failed, or whose answer was not waited for, is closed
/// instead, so that nobody waits behind what it still does.
struct Lent(Option<Object>);

impl From<Object> for Lent {
    fn from(object: Object) -> Self {
        Self(Some(object))
    }
}

impl Lent {
    fn client(&mut self) -> &mut Object {
        self.0.as_mut().expect("given back once, at the end")
    }

    fn give_back(&mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Runs a statement that is prepared once for each connection.
async fn query(db: &impl GenericClient, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query(&statement, values).await?)
}

/// As [`query`], of which there is at most one row.
async fn one(db: &impl GenericClient, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>, Fault> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.query_opt(&statement, values).await?)
}

/// As [`query`]; how many rows it changed.
async fn execute(db: &impl GenericClient, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Fault> {
    let statement = db.prepare_cached(sql).await?;
    Ok(db.execute(&statement, values).await?)
}

/// Texts of others may hold what PostgreSQL's cannot.
fn text(any: &str) -> String {
    any.replace('\0', "\u{fffd}")
}

/// What a piece of work may fail with; the server is added where it is known.
#[derive(Debug)]
enum Fault {
    Sql(tokio_postgres::Error),
    Pool(String),
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Sql(error),
            other => Self::Pool(other.to_string()),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(StoreError::misshapen(&error))
    }
}

impl Fault {
    fn at(self, server: &str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Pool(message) => {
                StoreError::Unavailable { server: server.to_owned(), source: Arc::from(Box::from(message)) }
            }
            Self::Sql(error) => sort(error, server.to_owned()),
        }
    }

    fn is(&self, state: &SqlState) -> bool {
        matches!(self, Self::Sql(error) if error.code() == Some(state))
    }
}

/// Gives an answer of PostgreSQL its meaning.
fn sort(error: tokio_postgres::Error, server: String) -> StoreError {
    let Some(answer) = error.as_db_error() else {
        return StoreError::Unavailable { server, source: Arc::new(error) };
    };
    let code = answer.code().code();
    match code.get(..2).unwrap_or_default() {
        // Who asks, and for which database; and what a role lacks.
        "28" | "3D" => StoreError::Refused { server, message: answer.message().to_owned() },
        "42" if *answer.code() == SqlState::INSUFFICIENT_PRIVILEGE => {
            StoreError::Refused { server, message: answer.message().to_owned() }
        }
        // The connection, transactions that met, room on the disk, locks and time, shutdown, I/O; a server that only reads just
        // now, as one is that does not lead yet.
        "08" | "25" | "40" | "53" | "55" | "57" | "58" => StoreError::Unavailable { server, source: Arc::new(error) },
        _ => StoreError::Database { server, source: Arc::new(error) },
    }
}
