//! A delivery as the inbox keeps it.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text_enum::text_enum;

/// Whom a delivery is about: the one name that its signature was checked for, and that selects plugins and scopes the agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "lowercase")]
pub enum Scope {
    /// A repository's full name, `org/repo`.
    Repo(String),
    /// An organization's login; the event names no repository.
    Org(String),
    /// The event names neither; only a key for everything can have signed it.
    Any,
}

impl Scope {
    /// The name, empty for [`Scope::Any`].
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Repo(name) | Self::Org(name) => name,
            Self::Any => "",
        }
    }

    /// The organization or user that the name belongs to.
    #[must_use]
    pub fn org(&self) -> Option<&str> {
        match self {
            Self::Repo(name) => name.split('/').next(),
            Self::Org(name) => Some(name),
            Self::Any => None,
        }
    }

    /// The full name of the repository, if it is about one.
    #[must_use]
    pub fn repo(&self) -> Option<&str> {
        match self {
            Self::Repo(name) => Some(name),
            Self::Org(_) | Self::Any => None,
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Repo(_) => "repo",
            Self::Org(_) => "org",
            Self::Any => "any",
        }
    }

    pub(crate) fn from_parts(kind: &str, name: String) -> Option<Self> {
        match kind {
            "repo" => Some(Self::Repo(name)),
            "org" => Some(Self::Org(name)),
            "any" => Some(Self::Any),
            _ => None,
        }
    }
}

/// A verified delivery on its way into the inbox.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// `X-GitHub-Delivery`, any non-empty text.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Whom it is about.
    pub scope: Scope,
    /// The entry of the HMAC file that verified it: `org/repo`, `org`, `*`, or `plain` for a file of one token.
    pub key_level: String,
    /// The body as received.
    pub payload: Bytes,
    /// The headers that it came with, as lines of `name: value`; those that are about the connection left out.
    pub headers: Vec<u8>,
    /// When its last byte had arrived; kept to the microsecond.
    pub received_at: Timestamp,
    /// By what another delivery of the same event is known; none if that cannot be told of it.
    pub likeness: Option<Likeness>,
}

/// By what a delivery is known to tell of the same event as one with another GUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// A collision-resistant digest of the event's name and of the body, less what is particular to the hook that sent it.
    pub fingerprint: [u8; 32],
    /// `X-GitHub-Hook-ID`: of two deliveries by one hook neither is a duplicate of the other.
    pub hook: Option<String>,
}

/// A delivery read back from the inbox. Only the inbox makes one, and only of what was verified before it came in.
#[derive(Debug, Clone)]
pub struct StoredDelivery {
    pub(crate) guid: String,
    pub(crate) event: String,
    pub(crate) scope: Scope,
    pub(crate) key_level: String,
    pub(crate) payload: Bytes,
    pub(crate) received_at: Timestamp,
    pub(crate) has_tasks: bool,
    pub(crate) headers: Vec<u8>,
}

impl StoredDelivery {
    /// `X-GitHub-Delivery`.
    #[must_use]
    pub fn guid(&self) -> &str {
        &self.guid
    }

    /// `X-GitHub-Event`.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.event
    }

    /// Whom it is about.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Which entry of the HMAC file verified it.
    #[must_use]
    pub fn key_level(&self) -> &str {
        &self.key_level
    }

    /// The body as received.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The headers that it came with, as lines of `name: value`; none, if an older release took it.
    #[must_use]
    pub fn headers(&self) -> &[u8] {
        &self.headers
    }

    /// When it had arrived.
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// True if it has its tasks already and gets no others: a redelivery of one that failed.
    /// [`Inbox::resume`](crate::Inbox::resume) gives them.
    #[must_use]
    pub fn has_tasks(&self) -> bool {
        self.has_tasks
    }
}

/// What the inbox did with a delivery. In every case but `Foreign` it is on disk now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// Kept; its plugins will run.
    Stored,
    /// Kept, and nothing runs: the delivery with this GUID, by another hook, tells of the same event.
    Duplicate(String),
    /// Seen before and finished: nothing to do.
    Done,
    /// Seen before and not finished: nothing to add.
    Waiting,
    /// Seen before, and it had failed: its failed tasks are queued again, each with its journal.
    Requeued,
    /// Its GUID belongs to a delivery about somebody else, so that this sender may not touch it. Nothing was kept.
    Foreign,
}

impl Accepted {
    /// What becomes of a delivery whose GUID is known already, in this state and about `scope`.
    pub(crate) fn again(state: DeliveryState, scope: &Scope, new: &NewDelivery) -> Self {
        match state {
            _ if *scope != new.scope => Self::Foreign,
            DeliveryState::New | DeliveryState::Open => Self::Waiting,
            DeliveryState::Done => Self::Done,
            DeliveryState::Failed => Self::Requeued,
        }
    }

    /// Whether the dispatcher has something to do now.
    pub(crate) fn is_work(&self) -> bool {
        matches!(self, Self::Stored | Self::Requeued)
    }
}

text_enum! {
    /// How far a delivery has come.
    DeliveryState {
        /// On disk, and not yet (or, after a redelivery, not again) handed to the dispatcher.
        New = "new",
        /// Its tasks are known and some are not finished.
        Open = "open",
        /// All its tasks are finished, none of them failed; a duplicate has none.
        Done = "done",
        /// All its tasks are finished, and at least one failed or is a dead letter.
        Failed = "failed",
    }
}

impl DeliveryState {
    /// What follows from the states of a dispatched delivery's tasks: how many are to be run, and how many failed or are dead.
    pub(crate) fn of_tasks(open: i64, failed: i64) -> Self {
        match (open, failed) {
            (0, 0) => Self::Done,
            (0, _) => Self::Failed,
            (_, _) => Self::Open,
        }
    }
}
