//! ProwJobs in one SQLite file that several processes may open.

use std::path::Path;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use prow::prowjob::ProwJob;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::db::Db;
use crate::error::{Fault, StoreError};
use crate::merge_patch::merge_patch;
use crate::prowjobs::{Created, ProwJobStore, Revision, Selector};
use crate::schema::Schema;
use crate::sqlite_watch::SqliteChanges;
use crate::watch::Changes;

static SCHEMA: Schema =
    Schema { name: "ProwJob store", application_id: 0x626f_7770, steps: &[include_str!("prowjobs_schema.sql")] };

/// How long a deletion is remembered for watches that lag behind.
const TOMBSTONES_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The file, and who is to be woken by what is written to it here.
pub(crate) struct SqliteProwJobs {
    db: Db,
    /// The last revision that this process wrote; wakes its watches.
    written: watch::Sender<u64>,
}

impl SqliteProwJobs {
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open(path, &SCHEMA).await?, written: watch::Sender::new(0) })
    }

    pub(crate) async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open_read_only(path, &SCHEMA).await?, written: watch::Sender::new(0) })
    }

    fn wake(&self, revision: u64) {
        self.written.send_if_modified(|last| {
            let newer = revision > *last;
            *last = revision.max(*last);
            newer
        });
    }
}

impl ProwJobStore for SqliteProwJobs {
    fn create<'a>(&'a self, job: &'a ProwJob) -> BoxFuture<'a, Result<Created, StoreError>> {
        Box::pin(async move {
            let name = job.metadata.name.clone();
            let object = to_json(job)?;
            let new = self.db.write(move |db| create(db, &name, object)).await?;
            Ok(match new {
                Some(revision) => {
                    self.wake(revision);
                    Created::New
                }
                None => Created::AlreadyThere,
            })
        })
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        Box::pin(async move {
            let name = name.to_owned();
            let found = self.db.read(move |db| get(db, &name)).await?;
            found.map(from_json).transpose()
        })
    }

    fn list<'a>(&'a self, selector: &'a Selector) -> BoxFuture<'a, Result<Vec<ProwJob>, StoreError>> {
        Box::pin(async move {
            let selector = selector.clone();
            let found = self.db.read(move |db| list(db, &selector)).await?;
            found.into_iter().map(from_json).collect()
        })
    }

    fn patch<'a>(
        &'a self,
        name: &'a str,
        expected: Option<&'a str>,
        merge_patch: &'a Value,
    ) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        Box::pin(async move {
            let (name, expected, patch) = (name.to_owned(), expected.map(str::to_owned), merge_patch.clone());
            let patched = self.db.write(move |db| apply(db, &name, expected.as_deref(), &patch)).await?;
            let Some((object, revision)) = patched else { return Ok(None) };
            self.wake(revision);
            from_json(object).map(Some)
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let name = name.to_owned();
            let revision = self.db.write(move |db| delete(db, &name)).await?;
            if let Some(revision) = revision {
                self.wake(revision);
            }
            Ok(revision.is_some())
        })
    }

    fn watch(&self, since: Revision) -> Box<dyn Changes> {
        Box::new(SqliteChanges::new(self.db.clone(), self.written.subscribe(), since))
    }
}

fn create(db: &Connection, name: &str, mut object: Value) -> Result<Option<u64>, Fault> {
    if get(db, name)?.is_some() {
        return Ok(None);
    }
    let created = Timestamp::now().round(jiff::Unit::Second).unwrap_or_else(|_| Timestamp::now());
    let given = json!({ "metadata": { "uid": uuid::Uuid::new_v4().to_string(), "creationTimestamp": created } });
    merge_patch(&mut object, &given);
    write(db, name, &mut object).map(Some)
}

fn get(db: &Connection, name: &str) -> Result<Option<Value>, Fault> {
    let mut query = db.prepare_cached("SELECT json FROM prowjobs WHERE name = ?1")?;
    let found = query.query_row([name], |row| row.get::<_, String>(0)).optional()?;
    Ok(found.map(|text| serde_json::from_str(&text)).transpose()?)
}

fn list(db: &Connection, selector: &Selector) -> Result<Vec<Value>, Fault> {
    let mut sql = "SELECT json FROM prowjobs j WHERE 1 = 1".to_owned();
    if selector.incomplete_only {
        sql.push_str(" AND complete = 0");
    }
    for _ in &selector.labels {
        sql.push_str(" AND EXISTS (SELECT 1 FROM labels l WHERE l.name = j.name AND l.\"key\" = ? AND l.value = ?)");
    }
    sql.push_str(" ORDER BY name");
    let mut query = db.prepare_cached(&sql)?;
    let values = selector.labels.iter().flat_map(|(key, value)| [key, value]);
    let rows = query.query_map(params_from_iter(values), |row| row.get::<_, String>(0))?;
    rows.map(|text| Ok(serde_json::from_str(&text?)?)).collect()
}

fn apply(db: &Connection, name: &str, expected: Option<&str>, patch: &Value) -> Result<Option<(Value, u64)>, Fault> {
    let Some(before) = get(db, name)? else { return Ok(None) };
    let current = before["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if let Some(expected) = expected
        && expected != current
    {
        let (name, expected, current) = (name.to_owned(), expected.to_owned(), current.to_owned());
        return Err(StoreError::Conflict { name, expected, current }.into());
    }
    let mut after = before.clone();
    merge_patch(&mut after, patch);
    let kept = ["name", "uid", "creationTimestamp", "resourceVersion"];
    let identity: Value = kept.iter().map(|key| ((*key).to_owned(), before["metadata"][key].clone())).collect();
    merge_patch(&mut after, &json!({ "metadata": identity }));
    if after == before {
        let revision = current.parse::<Revision>()?;
        return Ok(Some((after, revision.number())));
    }
    from_json(after.clone())?;
    let revision = write(db, name, &mut after)?;
    Ok(Some((after, revision)))
}

fn delete(db: &Connection, name: &str) -> Result<Option<u64>, Fault> {
    if db.prepare_cached("DELETE FROM prowjobs WHERE name = ?1")?.execute([name])? == 0 {
        return Ok(None);
    }
    let revision = next_revision(db)?;
    let now = Timestamp::now();
    db.prepare_cached("INSERT INTO tombstones (revision, name, deleted_at) VALUES (?1, ?2, ?3)")?.execute(params![
        revision,
        name,
        now.as_microsecond()
    ])?;
    forget_tombstones(db, now)?;
    Ok(Some(revision))
}

fn forget_tombstones(db: &Connection, now: Timestamp) -> Result<(), Fault> {
    let oldest_kept = now.as_microsecond() - i64::try_from(TOMBSTONES_KEPT.as_micros()).expect("a day fits");
    let last: Option<u64> = db
        .prepare_cached("SELECT max(revision) FROM tombstones WHERE deleted_at < ?1")?
        .query_row([oldest_kept], |row| row.get(0))?;
    if let Some(last) = last {
        db.prepare_cached("DELETE FROM tombstones WHERE revision <= ?1")?.execute([last])?;
        db.prepare_cached("UPDATE counter SET horizon = ?1")?.execute([last])?;
    }
    Ok(())
}

fn next_revision(db: &Connection) -> Result<u64, Fault> {
    let mut query = db.prepare_cached("UPDATE counter SET revision = revision + 1 RETURNING revision")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// Writes the object at a new revision, with what it is found by.
fn write(db: &Connection, name: &str, object: &mut Value) -> Result<u64, Fault> {
    let revision = next_revision(db)?;
    merge_patch(object, &json!({ "metadata": { "resourceVersion": revision.to_string() } }));
    let complete = object["status"]["completionTime"].is_string();
    db.prepare_cached(
        "INSERT INTO prowjobs (name, revision, complete, json) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET revision = ?2, complete = ?3, json = ?4",
    )?
    .execute(params![name, revision, complete, object.to_string()])?;
    db.prepare_cached("DELETE FROM labels WHERE name = ?1")?.execute([name])?;
    let mut insert = db.prepare_cached("INSERT INTO labels (name, \"key\", value) VALUES (?1, ?2, ?3)")?;
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        insert.execute(params![name, key, value.as_str().unwrap_or_default()])?;
    }
    Ok(revision)
}

fn to_json(job: &ProwJob) -> Result<Value, StoreError> {
    serde_json::to_value(job).map_err(|error| StoreError::Invalid { what: format!("not a ProwJob: {error}") })
}

pub(crate) fn from_json(object: Value) -> Result<ProwJob, StoreError> {
    serde_json::from_value(object).map_err(|error| StoreError::Invalid { what: format!("not a ProwJob: {error}") })
}
