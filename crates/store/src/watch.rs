//! A watch on ProwJobs, wherever they lie.

use futures_util::future::BoxFuture;
use prow::prowjob::ProwJob;

use crate::error::StoreError;
use crate::prowjobs::Revision;

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The object is there, or is different now.
    Put(Box<ProwJob>, Revision),
    /// The object was deleted.
    Gone {
        /// Its name.
        name: String,
        /// When in the order of writes.
        revision: Revision,
    },
}

impl Change {
    /// When in the order of writes; a later watch goes on from here.
    #[must_use]
    pub fn revision(&self) -> Revision {
        match self {
            Self::Put(_, revision) | Self::Gone { revision, .. } => *revision,
        }
    }
}

/// What an implementation of the seam watches with.
pub trait Changes: Send {
    /// See [`Watch::next`].
    fn next(&mut self) -> BoxFuture<'_, Result<Change, StoreError>>;
}

/// A stream of changes, made by [`ProwJobs::watch`](crate::ProwJobs::watch). Of several writes to one object in quick
/// succession only the last may be seen; a deletion is always seen, unless an object of the same name follows at once.
pub struct Watch(Box<dyn Changes>);

impl Watch {
    pub(crate) fn new(changes: Box<dyn Changes>) -> Self {
        Self(changes)
    }

    /// The next change, as soon as there is one. Nothing is lost if the call is dropped while it waits.
    ///
    /// # Errors
    /// `Expired` if the watch began further back than is remembered, or has slept through more: watch from the start.
    /// `Invalid` for an object that cannot be read; the next call goes on behind it. Other errors concern the store, and the
    /// next call tries again.
    pub async fn next(&mut self) -> Result<Change, StoreError> {
        self.0.next().await
    }
}
