//! Forgets what is long finished: a delivery with its payload, its tasks, their journals and traces. In small pieces, between
//! which everything else goes on; the space is used again.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::error::{Fault, StoreError};
use crate::inbox::{Backend, Inbox};

impl Inbox {
    /// Forgets finished deliveries that arrived before this time and of which no task ended since, the oldest first; at most
    /// `limit`. How many there were: fewer than `limit` are all. One that comes again after that is a new one, which is why
    /// nothing younger than [`FORGET_AFTER_AT_LEAST`](crate::FORGET_AFTER_AT_LEAST) should be forgotten.
    ///
    /// # Errors
    /// If the inbox cannot be written.
    pub async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.db.write(move |db| forget(db, before, limit)).await,
            Backend::Postgres(postgres) => postgres.forget(before, limit).await,
        }
    }
}

fn forget(db: &Connection, before: Timestamp, limit: usize) -> Result<usize, Fault> {
    let mut delete = db.prepare_cached(
        "DELETE FROM deliveries WHERE id IN (
           SELECT d.id FROM deliveries d
           WHERE d.received_at < ?1 AND d.state IN ('done', 'failed')
             AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.delivery = d.id AND t.finished_at >= ?1)
           ORDER BY d.received_at LIMIT ?2)",
    )?;
    Ok(delete.execute(params![before.as_microsecond(), i64::try_from(limit).unwrap_or(i64::MAX)])?)
}
