//! ProwJobs: written by the host, driven by the controller, and asked for by everyone. Where they lie is a seam with two
//! implementations: a SQLite file here, and an API server's custom resources in `crates/kubernetes`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use prow::prowjob::ProwJob;
use serde_json::Value;

use crate::error::StoreError;
use crate::sqlite_prowjobs::SqliteProwJobs;
use crate::watch::{Changes, Watch};

/// ProwJobs, wherever they lie. Cheap to clone.
#[derive(Clone)]
pub struct ProwJobs(Arc<dyn ProwJobStore>);

/// The seam: what a place for ProwJobs does. What each promises stands with the methods of [`ProwJobs`], which callers use.
pub trait ProwJobStore: Send + Sync {
    /// See [`ProwJobs::create`].
    fn create<'a>(&'a self, job: &'a ProwJob) -> BoxFuture<'a, Result<Created, StoreError>>;
    /// See [`ProwJobs::get`].
    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>>;
    /// See [`ProwJobs::list`].
    fn list<'a>(&'a self, selector: &'a Selector) -> BoxFuture<'a, Result<Vec<ProwJob>, StoreError>>;
    /// See [`ProwJobs::patch`], and [`ProwJobs::patch_if`] where a version is expected.
    fn patch<'a>(
        &'a self,
        name: &'a str,
        expected: Option<&'a str>,
        merge_patch: &'a Value,
    ) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>>;
    /// See [`ProwJobs::delete`].
    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;
    /// See [`ProwJobs::watch`].
    fn watch(&self, since: Revision) -> Box<dyn Changes>;
}

/// Where in the order of all writes something stands. As text it is an object's `resourceVersion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Before everything: a watch from here begins with all there is.
    pub const START: Self = Self(0);

    /// The revision of this number; numbers rise with time.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The revision at which this object was written.
    ///
    /// # Errors
    /// `Invalid` if its `resourceVersion` is not one of a store's.
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
            .map_err(|_| StoreError::Invalid { what: format!("`{text}` is not a resourceVersion of a store") })
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
    /// Those of some implementation.
    pub fn new(store: impl ProwJobStore + 'static) -> Self {
        Self(Arc::new(store))
    }

    /// Opens a SQLite file, creates it where there is none (its directory must exist), and brings an older schema up to date.
    ///
    /// # Errors
    /// `Corrupt`, `NotOurs`, `NewerSchema` and `Open` each say what to do about the file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::new(SqliteProwJobs::open(path).await?))
    }

    /// Opens an existing SQLite file to look at it; everything that would write answers `ReadOnly`.
    ///
    /// # Errors
    /// As [`ProwJobs::open`], and if there is no such file.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Ok(Self::new(SqliteProwJobs::open_read_only(path).await?))
    }

    /// Adds an object under its `metadata.name`. The store sets `uid`, `creationTimestamp` and `resourceVersion`, whatever
    /// they were.
    ///
    /// # Errors
    /// `Invalid` for an object without a name, or one that the store's schema refuses; `Unwritable`: nothing was kept. After
    /// `Unavailable` it may or may not be there: creating it again tells.
    pub async fn create(&self, job: &ProwJob) -> Result<Created, StoreError> {
        if job.metadata.name.is_empty() {
            return Err(StoreError::Invalid { what: "a ProwJob needs a metadata.name".to_owned() });
        }
        self.0.create(job).await
    }

    /// One object; `None` if it is not there.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<ProwJob>, StoreError> {
        self.0.get(name).await
    }

    /// The objects that fit, in order of name. What this process has written before is seen.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn list(&self, selector: &Selector) -> Result<Vec<ProwJob>, StoreError> {
        self.0.list(selector).await
    }

    /// Merges a patch (RFC 7386) into an object, whatever its version. Returns the object as it is now; `None` if it is gone.
    /// Name, uid and creation time stay. A patch that changes nothing writes nothing.
    ///
    /// # Errors
    /// `Invalid` if the outcome would not be a ProwJob; `Unwritable`: nothing was changed.
    pub async fn patch(&self, name: &str, merge_patch: &Value) -> Result<Option<ProwJob>, StoreError> {
        self.0.patch(name, None, merge_patch).await
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
        self.0.patch(name, Some(resource_version), merge_patch).await
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
        self.0.delete(name).await
    }

    /// Every change after `since`, by whichever process, in order; from [`Revision::START`], all there is first. It has to be
    /// called within a tokio runtime.
    #[must_use]
    pub fn watch(&self, since: Revision) -> Watch {
        Watch::new(self.0.watch(since))
    }
}
