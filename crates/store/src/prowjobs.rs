//! ProwJobs: written by the host, driven by the controller, and asked for by everyone.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use prow::prowjob::ProwJob;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::db::Db;
use crate::error::{Fault, StoreError};
use crate::merge_patch::merge_patch;
use crate::schema::Schema;
use crate::watch::Watch;

static SCHEMA: Schema =
    Schema { name: "ProwJob store", application_id: 0x626f_7770, steps: &[include_str!("prowjobs_schema.sql")] };

/// How long a deletion is remembered for watches that lag behind.
const TOMBSTONES_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// ProwJobs in one SQLite file that several processes may open. Cheap to clone.
#[derive(Clone)]
pub struct ProwJobs {
    db: Db,
    /// The last revision that this process wrote; wakes its watches.
    written: Arc<watch::Sender<u64>>,
}

/// Where in the order of all writes something stands. As text it is an object's `resourceVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub(crate) u64);

impl Revision {
    /// Before everything: a watch from here begins with all there is.
    pub const START: Self = Self(0);

    /// The revision at which this object was written.
    ///
    /// # Errors
    /// `Invalid` if its `resourceVersion` is not one of this store's.
    pub fn of(job: &ProwJob) -> Result<Self, StoreError> {
        job.metadata.resource_version.parse()
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Revision {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        text.parse()
            .map(Self)
            .map_err(|_| StoreError::Invalid { what: format!("`{text}` is not a resourceVersion of this store") })
    }
}

/// Which ProwJobs to list; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Labels that an object must have, with these values.
    pub labels: BTreeMap<String, String>,
    /// Only those without `status.completionTime`.
    pub incomplete_only: bool,
}

/// What creating came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    New,
    /// One of this name was there already, and stays as it is.
    AlreadyThere,
}

impl ProwJobs {
    /// Opens the file, creates it where there is none (its directory must exist), and brings an older schema up to date.
    ///
    /// # Errors
    /// `Corrupt`, `NotOurs`, `NewerSchema` and `Open` each say what to do about the file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open(path, &SCHEMA).await?, written: Arc::new(watch::Sender::new(0)) })
    }

    /// Opens an existing file to look at it; everything that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`ProwJobs::open`], and if there is no such file.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: Db::open_read_only(path, &SCHEMA).await?, written: Arc::new(watch::Sender::new(0)) })
    }

    /// Adds an object under its `metadata.name`. As an API server would, this sets `uid`, `creationTimestamp` and
    /// `resourceVersion`, whatever they were.
    ///
    /// # Errors
    /// `Invalid` for an object without a name; `Unwritable`: nothing was kept.
    pub async fn create(&self, job: &ProwJob) -> Result<Created, StoreError> {
        let name = job.metadata.name.clone();
        if name.is_empty() {
            return Err(StoreError::Invalid { what: "a ProwJob needs a metadata.name".to_owned() });
        }
        let object = to_json(job)?;
        let new = self.db.write(move |db| create(db, &name, object)).await?;
        Ok(match new {
            Some(revision) => {
                self.wake(revision);
                Created::New
            }
            None => Created::AlreadyThere,
        })
    }

    /// One object; `None` if it is not there.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<ProwJob>, StoreError> {
        let name = name.to_owned();
        let found = self.db.read(move |db| get(db, &name)).await?;
        found.map(from_json).transpose()
    }

    /// The objects that fit, in order of name.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn list(&self, selector: &Selector) -> Result<Vec<ProwJob>, StoreError> {
        let selector = selector.clone();
        let found = self.db.read(move |db| list(db, &selector)).await?;
        found.into_iter().map(from_json).collect()
    }

    /// Merges a patch (RFC 7386) into an object, whatever its version. Returns the object as it is now; `None` if it is gone.
    /// Name, uid and creation time stay. A patch that changes nothing writes nothing.
    ///
    /// # Errors
    /// `Invalid` if the outcome would not be a ProwJob; `Unwritable`: nothing was changed.
    pub async fn patch(&self, name: &str, merge_patch: &Value) -> Result<Option<ProwJob>, StoreError> {
        self.apply(name, None, merge_patch).await
    }

    /// As [`ProwJobs::patch`], provided that the object still has this `resourceVersion`.
    ///
    /// # Errors
    /// `Conflict` if it has another one; else as [`ProwJobs::patch`].
    pub async fn patch_if(
        &self,
        name: &str,
        resource_version: &str,
        merge_patch: &Value,
    ) -> Result<Option<ProwJob>, StoreError> {
        self.apply(name, Some(resource_version), merge_patch).await
    }

    /// Decides on the object as it is and patches just that version; decides anew if it has changed meanwhile. `decide`
    /// returning `None` leaves it as it is. Returns the object as it is now; `None` if it is gone.
    ///
    /// # Errors
    /// As [`ProwJobs::patch`].
    pub async fn update(
        &self,
        name: &str,
        decide: impl Fn(&ProwJob) -> Option<Value>,
    ) -> Result<Option<ProwJob>, StoreError> {
        loop {
            let Some(job) = self.get(name).await? else { return Ok(None) };
            let Some(patch) = decide(&job) else { return Ok(Some(job)) };
            match self.patch_if(name, &job.metadata.resource_version, &patch).await {
                Err(StoreError::Conflict { .. }) => {}
                other => return other,
            }
        }
    }

    /// Removes an object; false if it was not there.
    ///
    /// # Errors
    /// `Unwritable`: it is still there.
    pub async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        let revision = self.db.write(move |db| delete(db, &name)).await?;
        if let Some(revision) = revision {
            self.wake(revision);
        }
        Ok(revision.is_some())
    }

    /// Every change after `since`, by whichever process, in order; from [`Revision::START`], all there is first.
    #[must_use]
    pub fn watch(&self, since: Revision) -> Watch {
        Watch::new(self.db.clone(), self.written.subscribe(), since)
    }

    async fn apply(&self, name: &str, expected: Option<&str>, patch: &Value) -> Result<Option<ProwJob>, StoreError> {
        let (name, expected, patch) = (name.to_owned(), expected.map(str::to_owned), patch.clone());
        let patched = self.db.write(move |db| apply(db, &name, expected.as_deref(), &patch)).await?;
        let Some((object, revision)) = patched else { return Ok(None) };
        self.wake(revision);
        from_json(object).map(Some)
    }

    fn wake(&self, revision: u64) {
        self.written.send_if_modified(|last| {
            let newer = revision > *last;
            *last = revision.max(*last);
            newer
        });
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
        return Ok(Some((after, revision.0)));
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
