//! Forgets what is long finished.

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::{LONG, Postgres, execute};
use crate::error::StoreError;

impl Postgres {
    pub(crate) async fn forget(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.session()?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(LONG, move |db| {
            async move {
                // Several hosts may do so at a time: what one has locked the others pass over.
                let sql = "DELETE FROM deliveries WHERE id IN (
                    SELECT d.id FROM deliveries d
                    WHERE d.received_at < $1 AND d.state IN ('done', 'failed')
                      AND NOT EXISTS (SELECT FROM tasks t WHERE t.delivery = d.id AND t.finished_at >= $1)
                    ORDER BY d.received_at LIMIT $2 FOR UPDATE SKIP LOCKED)";
                let forgotten = execute(db, sql, &[&before, &limit]).await?;
                Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
            }
            .boxed()
        })
        .await
    }
}
