//! Components and configurations, for whichever host runs a task again that began with them.

use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::{LONG, Postgres, execute, one};
use crate::error::StoreError;

impl Postgres {
    pub(crate) async fn keep_file(&self, folder: &'static str, name: String, bytes: Vec<u8>) -> Result<(), StoreError> {
        self.session()?;
        self.run(LONG, move |db| {
            async move {
                // Most are there already: bytes that stay the same are not written anew.
                let sql = "INSERT INTO kept (folder, name, bytes) VALUES ($1, $2, $3)
                    ON CONFLICT (folder, name) DO UPDATE SET touched_at = clock_timestamp(),
                      bytes = CASE WHEN kept.bytes = excluded.bytes THEN kept.bytes ELSE excluded.bytes END";
                execute(db, sql, &[&folder, &name, &bytes]).await.map(drop)
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn kept_file(&self, folder: &'static str, name: String) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(LONG, move |db| {
            async move {
                let row = one(db, "SELECT bytes FROM kept WHERE folder = $1 AND name = $2", &[&folder, &name]).await?;
                Ok(row.map(|row| row.try_get(0)).transpose()?)
            }
            .boxed()
        })
        .await
    }

    pub(crate) async fn touch_files(&self, stems: Vec<String>, unused_since: Timestamp) -> Result<(), StoreError> {
        self.session()?;
        self.run(LONG, move |db| {
            async move {
                let touch = "UPDATE kept SET touched_at = clock_timestamp() WHERE split_part(name, '.', 1) = ANY ($1)";
                execute(db, touch, &[&stems]).await?;
                execute(db, "DELETE FROM kept WHERE touched_at < $1", &[&unused_since]).await.map(drop)
            }
            .boxed()
        })
        .await
    }
}
