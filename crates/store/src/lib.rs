//! Where deliveries, the journal and ProwJobs live: SQLite, in two files, so that job writes never stall an ack. The inbox may
//! live on PostgreSQL, where several hosts share it; ProwJobs elsewhere, behind [`ProwJobStore`].

mod db;
mod delivery;
mod dispatch;
mod error;
mod flags;
mod inbox;
mod journal;
mod merge_patch;
mod missed;
mod postgres;
mod prowjobs;
mod prune;
mod report;
mod rerun;
mod same;
mod schema;
mod shared;
mod sqlite_prowjobs;
mod sqlite_watch;
mod task;
mod text_enum;
mod watch;

pub use delivery::{Accepted, DeliveryState, Likeness, NewDelivery, Scope, StoredDelivery};
pub use error::StoreError;
pub use flags::{InboxFlags, OpenError};
pub use inbox::{FORGET_AFTER_AT_LEAST, Inbox};
pub use journal::{EffectKind, Entry, EntryState, Pins};
pub use merge_patch::merge_patch;
pub use missed::{Missed, MissedCounts, NewMissed};
pub use postgres::{Server, ServerError};
pub use prowjobs::{Created, ProwJobStore, ProwJobs, Revision, Selector};
pub use report::{Counts, DeliveryReport, DeliverySummary, Filter, Pinned, TaskReport, TaskSummary};
pub use rerun::{Again, Fate, How, Rerun, TaskFate};
pub use shared::{Folder, Peer, Place};
pub use task::{Considered, Dispatch, NewTask, Outcome, Park, ParkKind, Task, TaskEnd, TaskId, TaskKind, TaskState};
pub use watch::{Change, Changes, Watch};
