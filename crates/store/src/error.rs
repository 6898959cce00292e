//! What can go wrong with a store, sorted by what the caller would do about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::task::TaskId;

/// A failed store operation. Cheap to clone: one failed commit answers everyone whose work was in it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file is not a database, or its pages contradict each other. Nothing was written.
    #[error(
        "{path} is damaged or not a database: stop everything that uses it, move it and the files `{path}-wal` and `{path}-shm` \
         away, and start again with a fresh one (`sqlite3 OLD .recover` may save what is in the old)"
    )]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite found.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// A newer release wrote this file; nothing was changed in it.
    #[error(
        "{path} has schema {found}, and this release knows schemas up to {known}: run the newer release, or give another place"
    )]
    NewerSchema {
        /// The database file.
        path: PathBuf,
        /// The schema number in the file.
        found: i64,
        /// The newest schema number that this release can read.
        known: i64,
    },
    /// Some other database lies where ours should be.
    #[error("{path} is a database, but not a {wanted}: give another --state-dir, or move the file away")]
    NotOurs {
        /// The database file.
        path: PathBuf,
        /// What should be there: `delivery inbox` or `ProwJob store`.
        wanted: &'static str,
    },
    /// The file cannot be opened or created.
    #[error("cannot open {path} (does its directory exist, and may this user write there?)")]
    Open {
        /// The database file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Writing is impossible just now (disk full, read-only, locked by another process). Nothing of the operation was kept;
    /// the next one may succeed without a restart.
    #[error("cannot write {path} (disk full, read-only, or locked by another process?)")]
    Unwritable {
        /// The database file.
        path: PathBuf,
        /// What SQLite answered.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// Opened for reading only, and asked to write.
    #[error("{path} was opened for reading only")]
    ReadOnly {
        /// The database file.
        path: PathBuf,
    },
    /// The object has changed since it was read: read it again and decide anew.
    #[error("ProwJob `{name}` is at resourceVersion {current} and no longer at {expected}: read it again")]
    Conflict {
        /// The object's name.
        name: String,
        /// The version that the caller had read.
        expected: String,
        /// The version that is stored.
        current: String,
    },
    /// A watch asked for changes that are older than what is kept: list again, and watch from there.
    #[error("changes since revision {since} are no longer known: list again and watch from there")]
    Expired {
        /// Where the watch wanted to go on.
        since: u64,
    },
    /// No such delivery or task, or it is in a state where this cannot be done to it.
    #[error("{what}")]
    NotThere {
        /// What was looked for.
        what: String,
    },
    /// An object that cannot be stored or a stored one that cannot be read.
    #[error("{what}")]
    Invalid {
        /// Which, and why.
        what: String,
    },
    /// Any other answer of SQLite: a bug here, most likely.
    #[error("query failed on {path}")]
    Query {
        /// The database file.
        path: PathBuf,
        /// What SQLite answered.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// This host's lease is over: another may work on the same by now. Nothing was written, and nothing may be made.
    #[error("{what} is not this host's any more: its lease is over, and another may have it")]
    Lost {
        /// What it wanted to write for.
        what: String,
    },
    /// Any other answer of PostgreSQL: a bug here, most likely.
    #[error("query failed on {server}")]
    Database {
        /// Which server.
        server: String,
        /// What it answered.
        #[source]
        source: Arc<tokio_postgres::Error>,
    },
    /// The store is a server, and it cannot be reached or cannot answer just now. Whether a write took place is not known.
    #[error("{server} does not answer just now (is it up, and can it be reached from here?)")]
    Unavailable {
        /// Where it was looked for.
        server: String,
        /// What happened instead.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The store is a server, and it does not let us. Nothing was changed.
    #[error("{server} refuses: {message} (does a role allow it to this user or service account?)")]
    Refused {
        /// Which server.
        server: String,
        /// Its own words, which name who asked for what.
        message: String,
    },
    /// The writer has ended: the process is shutting down.
    #[error("the store at {path} is closed")]
    Closed {
        /// The database file.
        path: PathBuf,
    },
}

impl StoreError {
    /// What is stored as JSON cannot be read.
    pub(crate) fn misshapen(error: &serde_json::Error) -> Self {
        Self::Invalid { what: format!("stored JSON does not have the shape it should: {error}") }
    }

    pub(crate) fn no_delivery(guid: &str) -> Self {
        Self::NotThere { what: format!("no delivery `{guid}` in the inbox") }
    }

    pub(crate) fn no_task(task: TaskId) -> Self {
        Self::NotThere { what: format!("no task {task} in the inbox") }
    }

    /// Whether the same call may succeed later with nothing but time passing. The webhook's answer is 503 then.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unwritable { .. } | Self::Unavailable { .. } | Self::Closed { .. })
    }
}

/// What a piece of work inside the database may fail with; the path is added where it is known.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
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
    pub(crate) fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => sort(error, path),
        }
    }
}

/// Gives an answer of SQLite its meaning.
pub(crate) fn sort(error: rusqlite::Error, path: &Path) -> StoreError {
    use rusqlite::ErrorCode as Code;
    let path = path.to_path_buf();
    let code = error.sqlite_error_code();
    let source = Arc::new(error);
    match code {
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => StoreError::Corrupt { path, source },
        Some(
            Code::DiskFull
            | Code::ReadOnly
            | Code::SystemIoFailure
            | Code::DatabaseBusy
            | Code::DatabaseLocked
            | Code::OutOfMemory
            | Code::FileLockingProtocolFailed
            | Code::CannotOpen,
        ) => StoreError::Unwritable { path, source },
        _ => StoreError::Query { path, source },
    }
}
