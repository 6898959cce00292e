//! A task: one plugin's handling of one delivery.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Scope;
use crate::journal::{Entry, Pins};
use crate::text_enum::text_enum;

/// A task's number, unique in its inbox, growing in order of dispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(pub i64);

impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

text_enum! {
    /// Which form of the event the plugin is given.
    TaskKind {
        /// The event by its own type.
        Typed = "typed",
        /// The generic comment event made of it.
        Comment = "comment",
        /// As GitHub sent it, to a service of its own.
        Forward = "forward",
    }
}

text_enum! {
    /// How far a task has come. That it runs just now is known to its host alone: writing it would cost every task a commit.
    TaskState {
        /// To be run, or running.
        Queued = "queued",
        /// To be run no sooner than its `not_before`.
        Parked = "parked",
        /// The plugin handled the event.
        Done = "done",
        /// The plugin had nothing to do with the event.
        Ignored = "ignored",
        /// It failed, and a retry is of no use.
        Failed = "failed",
        /// It was given up: too many attempts, or its journal no longer fits.
        Dead = "dead",
        /// An effect that is made at most once may or may not have happened.
        Unknown = "unknown",
    }
}

impl TaskState {
    /// Whether the task is still to be run.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Parked)
    }
}

text_enum! {
    /// How a task ended. The words are those of [`TaskState`].
    Outcome {
        /// The plugin handled the event.
        Done = "done",
        /// The plugin had nothing to do with the event.
        Ignored = "ignored",
        /// It failed, and a retry is of no use; a redelivery queues it again.
        Failed = "failed",
        /// It was given up; a redelivery queues it again.
        Dead = "dead",
        /// An effect that is made at most once may or may not have happened; a redelivery does not run it again.
        Unknown = "unknown",
    }
}

/// Why a plugin runs, or does not run, for a delivery. Kept for whoever asks why nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The plugin's name.
    pub plugin: String,
    /// Whether it got a task.
    pub runs: bool,
    /// The reason, one sentence.
    pub why: String,
}

/// A task to be made for a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// The plugin's name.
    pub plugin: String,
    /// Which form of the event it is given.
    pub kind: TaskKind,
    /// Tasks of one lane run in order, one at a time; lanes do not wait for each other.
    pub lane: String,
    /// SHA-256 of the component that it begins with, hex.
    pub component_digest: String,
}

/// What the dispatcher decided about a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dispatch {
    /// The config that it was decided on; tasks that have no pins yet begin with it.
    pub config_revision: String,
    /// The issue or PR number, push ref or status sha; for the lists that people ask for.
    pub key: Option<String>,
    /// Every plugin that was thought of.
    pub considered: Vec<Considered>,
    /// Those that run, in order. None: the delivery is done.
    pub tasks: Vec<NewTask>,
}

/// An unfinished task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Its delivery's GUID.
    pub guid: String,
    /// Its delivery's event name.
    pub event: String,
    /// Whom its delivery is about.
    pub scope: Scope,
    /// The plugin's name.
    pub plugin: String,
    /// Which form of the event the plugin is given.
    pub kind: TaskKind,
    /// Tasks of one lane run in order.
    pub lane: String,
    /// Its place among its delivery's tasks, from 0.
    pub seq: u32,
    /// Queued or parked.
    pub state: TaskState,
    /// How many runs have failed so far.
    pub attempts: u32,
    /// Not to be run sooner than this.
    pub not_before: Option<Timestamp>,
    /// Which run of the plugin the journal belongs to; grows each time a plugin asked to be woken again, or begins anew.
    pub round: u32,
    /// How often the plugin has asked to be woken again since it began.
    pub woken: u32,
    /// What the run began with, once anything of it is in the journal.
    pub pins: Option<Pins>,
    /// The config that its delivery was dispatched with.
    pub config_revision: String,
    /// The component that it was dispatched with. None, if an older release dispatched it, or it failed without a trace in
    /// the journal and was delivered again: then it begins with what is in force by the time it runs.
    pub component_digest: Option<String>,
    /// Why it was last parked.
    pub reason: Option<String>,
}

/// What parking a task means for its next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParkKind {
    /// An upstream said when to come back: the same run goes on from its journal.
    Resume,
    /// The run failed and may do better later: the same run again from its journal, and one attempt more is counted.
    Retry,
    /// The plugin asked to be called again: a new round with an empty journal and no pins.
    Wake,
}

/// A task put aside until later.
#[derive(Debug, Clone)]
pub struct Park {
    /// The round that was running.
    pub round: u32,
    /// What the run began with; none if it has not begun.
    pub pins: Option<Pins>,
    /// Reads since the last effect, which are journalled with the parking.
    pub reads: Vec<Entry>,
    /// When to run again.
    pub until: Timestamp,
    /// Why, one sentence.
    pub why: String,
    /// What the next run is.
    pub kind: ParkKind,
}

/// How a task ended.
#[derive(Debug, Clone)]
pub struct TaskEnd {
    /// The round that ended.
    pub round: u32,
    /// The outcome.
    pub outcome: Outcome,
    /// Why, one sentence; what the plugin or the host said.
    pub reason: Option<String>,
    /// Reads after the last effect; empty for a task without effects, whose reads are not kept.
    pub reads: Vec<Entry>,
    /// What was asked and answered, as the host records it.
    pub trace: serde_json::Value,
    /// How long the last run took.
    pub duration: Duration,
}
