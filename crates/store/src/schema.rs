//! Which schema a file has, and how an older one becomes today's. Forward only.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::error::{StoreError, sort};

/// What one kind of file should contain.
pub(crate) struct Schema {
    /// For messages: `delivery inbox`.
    pub(crate) name: &'static str,
    /// SQLite's `application_id`, by which one of our files is known from another.
    pub(crate) application_id: i64,
    /// Step N leads from schema N to N + 1. A released step is never edited.
    pub(crate) steps: &'static [&'static str],
}

impl Schema {
    fn version(&self) -> i64 {
        i64::try_from(self.steps.len()).expect("a schema has few steps")
    }
}

/// Brings the file to the newest schema, in one transaction.
pub(crate) fn prepare(connection: &Connection, schema: &Schema, path: &Path) -> Result<(), StoreError> {
    check(connection, schema, path)?;
    let sql = |error| sort(error, path);
    use_wal(connection).map_err(sql)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(sql)?;
    // Another process may have migrated while this one waited for the lock.
    let upgraded = check(connection, schema, path)
        .and_then(|found| upgrade(connection, schema, found).map_err(sql))
        .and_then(|()| connection.execute_batch("COMMIT").map_err(sql));
    if upgraded.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    upgraded
}

/// The schema number in the file; 0 for an empty one.
pub(crate) fn check(connection: &Connection, schema: &Schema, path: &Path) -> Result<i64, StoreError> {
    let read = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (found, id, tables) = (|| {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok((read("user_version")?, read("application_id")?, tables))
    })()
    .map_err(|error| sort(error, path))?;
    let fresh = found == 0 && id == 0 && tables == 0;
    if !fresh && id != schema.application_id {
        return Err(StoreError::NotOurs { path: path.to_path_buf(), wanted: schema.name });
    }
    if found > schema.version() {
        return Err(StoreError::NewerSchema { path: path.to_path_buf(), found, known: schema.version() });
    }
    Ok(found)
}

/// For readers, who cannot upgrade the file.
pub(crate) fn check_current(connection: &Connection, schema: &Schema, path: &Path) -> Result<(), StoreError> {
    let found = check(connection, schema, path)?;
    if found < schema.version() {
        let what = format!(
            "{} has schema {found}, and this release reads {}: let this release's host or controller open it once",
            path.display(),
            schema.version()
        );
        return Err(StoreError::NotThere { what });
    }
    Ok(())
}

fn upgrade(connection: &Connection, schema: &Schema, found: i64) -> Result<(), rusqlite::Error> {
    let done = usize::try_from(found).expect("checked: between 0 and the number of steps");
    for step in &schema.steps[done..] {
        connection.execute_batch(step)?;
    }
    if done < schema.steps.len() {
        connection.pragma_update(None, "application_id", schema.application_id)?;
        connection.pragma_update(None, "user_version", schema.version())?;
    }
    Ok(())
}

/// Switching to WAL needs the file for itself for a moment, and SQLite's busy timeout does not cover that switch.
fn use_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(10));
            }
            other => return other,
        }
    }
}
