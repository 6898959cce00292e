//! One SQLite file: a thread that owns the writing connection, and a few connections that only read.
//!
//! Writes are group-committed: the thread takes whatever waits, runs it in one transaction with a savepoint around each
//! piece, syncs once, and only then answers. An answer therefore means that the work is on disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::error::{Fault, StoreError, sort};
use crate::schema::{self, Schema};

/// Most pieces of work in one transaction; more wait for the next one.
const MAX_BATCH: usize = 256;
/// Pieces of work that may wait before callers do.
const QUEUE: usize = 1024;
/// Connections that read at the same time.
const READERS: usize = 4;
/// How long a connection waits for another process's write lock.
const BUSY: Duration = Duration::from_secs(5);
/// What the write-ahead log shrinks to once it has been copied into the file.
const JOURNAL_BYTES: i64 = 64 << 20;

/// A database file that is open. Cheap to clone; the last clone's drop ends the writer and closes the file.
#[derive(Clone)]
pub(crate) struct Db(Arc<Inner>);

struct Inner {
    path: PathBuf,
    writer: Option<Writer>,
    readers: Readers,
}

impl Db {
    /// Opens or creates the file and brings its schema up to date.
    pub(crate) async fn open(path: &Path, schema: &'static Schema) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        blocking(move || {
            create_private(&path)?;
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            schema::prepare(&connection, schema, &path)?;
            let writer = Some(Writer::start(connection, &path)?);
            Ok(Self(Arc::new(Inner { readers: Readers::new(&path), path, writer })))
        })
        .await
    }

    /// Opens an existing file without ever writing to it.
    pub(crate) async fn open_read_only(path: &Path, schema: &'static Schema) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        blocking(move || {
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            schema::check_current(&connection, schema, &path)?;
            Ok(Self(Arc::new(Inner { readers: Readers::new(&path), path, writer: None })))
        })
        .await
    }

    /// Runs `work` in a write transaction; returns once it is on disk. If it fails, nothing of it stays.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.write_then(work, |_| ()).await
    }

    /// As [`Db::write`], and calls `then` when the work is on disk, also if the caller has gone away by then.
    pub(crate) async fn write_then<T, F, G>(&self, work: F, then: G) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        G: FnOnce(&T) + Send + 'static,
    {
        let path = &self.0.path;
        let Some(writer) = &self.0.writer else {
            return Err(StoreError::ReadOnly { path: path.clone() });
        };
        let closed = || StoreError::Closed { path: path.clone() };
        let (reply, answer) = oneshot::channel();
        let call = Call { work: Some(work), then, result: None, reply };
        let queue = writer.queue.as_ref().ok_or_else(closed)?;
        queue.send(Box::new(call)).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Runs `work` on one consistent snapshot.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let _permit = inner.readers.permits.acquire().await.expect("the semaphore is never closed");
        let inner = Arc::clone(&self.0);
        blocking(move || inner.readers.run(work)).await
    }
}

/// SQLite's calls block, so they run where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Closed { path: PathBuf::new() }),
        },
    }
}

/// Payloads may be private: the file, and with it SQLite's side files, is for its owner alone.
fn create_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let open = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    open.map(drop).map_err(|source| StoreError::Open { path: path.to_path_buf(), source: Arc::new(source) })
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|source| StoreError::Open { path: path.to_path_buf(), source: Arc::new(source) })?;
    let set = || {
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A burst of large payloads does not leave a large log behind for good.
        connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(())
    };
    set().map_err(|error| sort(error, path))?;
    Ok(connection)
}

struct Readers {
    path: PathBuf,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), permits: Semaphore::new(READERS), idle: Mutex::new(Vec::new()) }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, StoreError> {
        let kept = self.idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let result = snapshot(&connection, work).map_err(|fault| fault.at(&self.path))?;
        // After a failure the connection is dropped instead: a new one starts clean.
        self.idle().push(connection);
        Ok(result)
    }
}

fn snapshot<T>(connection: &Connection, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
    let transaction = connection.unchecked_transaction()?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

struct Writer {
    /// `None` only while dropping: closing the queue is what ends the thread.
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(connection: Connection, path: &Path) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let owned = path.to_path_buf();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&connection, waiting, &owned))
            .map_err(|source| StoreError::Open { path: path.to_path_buf(), source: Arc::new(source) })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // Short: at most one commit. Whoever dropped the last handle may open the file anew at once.
            let _ = thread.join();
        }
    }
}

fn write_all(connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Work>>, path: &Path) {
    while let Some(first) = waiting.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < MAX_BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.push(next);
        }
        let committed = commit(connection, &mut batch).map_err(|error| sort(error, path));
        for work in batch {
            work.answer(committed.clone(), path);
        }
    }
}

/// Runs a batch in one transaction. An error here means that nothing of it is on disk.
fn commit(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), rusqlite::Error> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    match run_batch(connection, batch) {
        Ok(()) => connection.execute_batch("COMMIT").inspect_err(|_| roll_back(connection)),
        Err(error) => {
            roll_back(connection);
            Err(error)
        }
    }
}

/// Each piece under a savepoint, so that one piece's failure is its own.
fn run_batch(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), rusqlite::Error> {
    for work in batch {
        connection.execute_batch("SAVEPOINT piece")?;
        let kept = work.run(connection);
        // A full disk makes SQLite roll the whole transaction back by itself; the pieces before this one are gone too.
        if connection.is_autocommit() {
            return Err(work.take_sql_error().unwrap_or(rusqlite::Error::ExecuteReturnedResults));
        }
        connection.execute_batch(if kept { "RELEASE piece" } else { "ROLLBACK TO piece; RELEASE piece" })?;
    }
    Ok(())
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "could not roll back");
    }
}

/// One caller's piece of a transaction.
trait Work: Send {
    /// Does the work; false if it failed and is to be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// The SQLite error that the work ended with, if it did.
    fn take_sql_error(&mut self) -> Option<rusqlite::Error>;
    /// Tells the caller, after the commit.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>, path: &Path);
}

struct Call<F, G, T> {
    work: Option<F>,
    then: G,
    result: Option<Result<T, Fault>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, G, T> Work for Call<F, G, T>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Fault> + Send,
    G: FnOnce(&T) + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn take_sql_error(&mut self) -> Option<rusqlite::Error> {
        match self.result.take() {
            Some(Err(Fault::Sql(error))) => Some(error),
            other => {
                self.result = other;
                None
            }
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>, path: &Path) {
        let result = match (self.result, committed) {
            (Some(Err(fault)), _) => Err(fault.at(path)),
            (Some(Ok(value)), Ok(())) => {
                (self.then)(&value);
                Ok(value)
            }
            (Some(Ok(_)) | None, Err(error)) => Err(error),
            (None, Ok(())) => Err(StoreError::Closed { path: path.to_path_buf() }),
        };
        // A caller that went away does not undo what is on disk.
        let _ = self.reply.send(result);
    }
}
