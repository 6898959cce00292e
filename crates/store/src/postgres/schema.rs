//! Which schema a database has, and how an older one becomes today's. Forward only, by one host at a time; hosts of the release
//! before may be at work meanwhile, so that a step adds, and takes nothing away that they use.

use std::path::PathBuf;

use deadpool_postgres::{GenericClient as _, Object};
use tokio_postgres::error::SqlState;

use super::Fault;
use crate::error::StoreError;

/// Step N leads from schema N to N + 1. A released step is never edited.
const STEPS: &[&str] = &[include_str!("schema_1.sql"), include_str!("schema_2.sql")];
/// Whoever holds this lock of the database may change the schema: `bowi`, as a SQLite file has it for its application.
const LOCK: i64 = 0x626f_7769;

fn known() -> i64 {
    i64::try_from(STEPS.len()).expect("a schema has few steps")
}

/// Brings the database to the newest schema, in one transaction.
pub(super) async fn prepare(db: &mut Object, server: &str) -> Result<(), Fault> {
    let change = db.transaction().await?;
    change.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let found = found(&change, server).await?;
    let done = usize::try_from(found).unwrap_or_default();
    for step in &STEPS[done..] {
        change.batch_execute(step).await.map_err(|error| match error.code() {
            Some(&SqlState::DUPLICATE_TABLE) => not_ours(server).into(),
            _ => Fault::from(error),
        })?;
    }
    if done < STEPS.len() {
        change.batch_execute("CREATE TABLE IF NOT EXISTS bowsprit_inbox (schema bigint NOT NULL)").await?;
        change.batch_execute("DELETE FROM bowsprit_inbox").await?;
        change.execute("INSERT INTO bowsprit_inbox (schema) VALUES ($1)", &[&known()]).await?;
    }
    Ok(change.commit().await?)
}

/// For readers, who cannot upgrade the database.
pub(super) async fn check(db: &Object, server: &str) -> Result<(), Fault> {
    let found = found(db, server).await?;
    if found < known() {
        let what = format!(
            "{server} has schema {found}, and this release reads {}: let this release's host open it once",
            known()
        );
        return Err(StoreError::NotThere { what }.into());
    }
    Ok(())
}

/// The schema number in the database; 0 for one that is none of ours yet.
async fn found(db: &impl deadpool_postgres::GenericClient, server: &str) -> Result<i64, Fault> {
    let ours: bool = db.query_one("SELECT to_regclass('bowsprit_inbox') IS NOT NULL", &[]).await?.try_get(0)?;
    if !ours {
        return Ok(0);
    }
    let row = db.query_opt("SELECT schema FROM bowsprit_inbox", &[]).await?;
    let found: i64 = row.ok_or_else(|| not_ours(server))?.try_get(0)?;
    if found > known() {
        return Err(StoreError::NewerSchema { path: PathBuf::from(server), found, known: known() }.into());
    }
    Ok(found)
}

fn not_ours(server: &str) -> StoreError {
    StoreError::NotOurs { path: PathBuf::from(server), wanted: "delivery inbox" }
}
