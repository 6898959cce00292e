//! The one decision that moves a ProwJob: what is known of it goes in, the next thing to do comes out.
//!
//! Nothing else picks a state, but for the abort request (`aborted` without a completion time) that plugins, commands
//! and Prow's own tools write.

use std::time::Duration;

use jiff::Timestamp;

use crate::concurrency::Room;
use crate::prowjob::ProwJobState as State;
use crate::prowjob::{KUBERNETES_AGENT, ProwJob, ProwJobState};
use crate::shorten::shortened;

/// How soon to look again where the runner cannot tell yet.
pub const UNKNOWN_POLL: Duration = Duration::from_secs(1);
/// How soon to look for room again.
pub const ROOM_POLL: Duration = Duration::from_secs(10);
/// How soon to look again at a run that was asked to stop.
pub const STOP_POLL: Duration = Duration::from_millis(500);
/// How long after its grace period a run that was asked to stop is killed from outside.
pub const STOP_MARGIN: Duration = Duration::from_secs(15);

/// The longest description; whatever is longer stands as a whole in the job's log.
pub const MAX_DESCRIPTION_BYTES: usize = 1024;

/// All that one turn may look at, the clock included.
#[derive(Debug, Clone)]
pub struct Observed<'a> {
    /// The ProwJob as stored.
    pub job: &'a ProwJob,
    /// What the runner sees of it.
    pub run: Run,
    /// Whether there is room to start it.
    pub room: Room,
    /// Whether a newer run of the same presubmit makes it pointless.
    pub superseded: bool,
    /// How long things may take.
    pub patience: Patience,
    /// The clock.
    pub now: Timestamp,
}

/// How long things may take: `plank`'s limits, with the job's own before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From its start until its command runs.
    pub pending: Duration,
    /// From its start until it is done.
    pub running: Duration,
    /// From the request to stop until it is stopped.
    pub grace: Duration,
}

/// What the runner sees of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// The runner cannot tell yet. Taking this for `Absent` would start a second run.
    Unknown,
    /// There is none.
    Absent,
    /// It was started and its command does not run yet: it is cloning.
    Starting {
        /// When it was started.
        since: Timestamp,
    },
    /// Its command runs.
    Running {
        /// When it was started.
        since: Timestamp,
    },
    /// It was asked to stop and has not yet.
    Stopping {
        /// When it was asked.
        since: Timestamp,
    },
    /// It is over, and this is how.
    Exited(Exit),
    /// It was started, is gone, and left no word of how it ended.
    Lost,
    /// This job cannot be run here; the text says why.
    Invalid(String),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// Its command ended with this code.
    Code(i32),
    /// Its command was killed by this signal, which we did not send.
    Signal(i32),
    /// Its command did not end in time; the text says in which time.
    TimedOut(String),
    /// It was asked to stop; the text says what for.
    Stopped(String),
    /// Its command could not be started; the text says why.
    NotStarted(String),
    /// Its source could not be cloned; the text says why.
    NotCloned(String),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a step does nothing until the reconciler carries it out"]
pub enum Step {
    /// Nothing, until something changes.
    Wait,
    /// Nothing, until something changes or this long.
    LookAgain(Duration),
    /// Assign it to its cluster: `scheduling` becomes `triggered`.
    Schedule,
    /// Start a run. Where one is there already, nothing.
    Start,
    /// Write down that it runs: `triggered` becomes `pending`, with build id, address and pending time.
    MarkPending,
    /// Ask the run to stop, with this reason.
    Stop(String),
    /// Kill the run: it was asked and did not stop.
    Kill,
    /// Write an abort request: `aborted` without a completion time.
    RequestAbort {
        /// The description to write; none leaves the one that is there.
        description: Option<String>,
        /// Whether GitHub is not to be told: the newer run's status already stands there.
        hush_github: bool,
    },
    /// Write this final state, with the completion time.
    Finish {
        /// `success`, `failure` or `error`.
        state: ProwJobState,
        /// A sentence for people.
        description: String,
    },
    /// The abort is carried out: write the completion time.
    Complete,
}

/// The next thing to do.
pub fn step(seen: &Observed<'_>) -> Step {
    let state = seen.job.status.state;
    if seen.job.spec.agent != KUBERNETES_AGENT {
        // Others wait for a cluster as well, and are passed through; what comes then is their agent's.
        let waits = state == State::Scheduling && !seen.job.is_complete();
        return if waits { Step::Schedule } else { Step::Wait };
    }
    if seen.job.is_complete() {
        // Someone else wrote the end while its run goes on: no run without a job.
        return if seen.run.is_live() { stop("its ProwJob is complete", seen) } else { Step::Wait };
    }
    match state {
        State::Scheduling => Step::Schedule,
        State::Triggered | State::Pending if seen.superseded => {
            Step::RequestAbort { description: None, hush_github: true }
        }
        State::Triggered => triggered(seen),
        State::Pending => pending(seen),
        State::Aborted => aborted(seen),
        // The first is nobody's; the others carry their completion time in the same write, or someone broke the schema.
        State::Unset | State::Success | State::Failure | State::Error => Step::Wait,
    }
}

fn triggered(seen: &Observed<'_>) -> Step {
    match &seen.run {
        Run::Unknown => Step::LookAgain(UNKNOWN_POLL),
        Run::Absent => match &seen.room {
            Room::Free => Step::Start,
            Room::Full(_) | Room::NoSuchQueue(_) => Step::LookAgain(ROOM_POLL),
        },
        Run::Invalid(why) => cannot_run(why),
        // It was started and the write that says so was lost: only the write is left to do.
        Run::Starting { .. } | Run::Running { .. } | Run::Stopping { .. } | Run::Exited(_) | Run::Lost => {
            Step::MarkPending
        }
    }
}

fn pending(seen: &Observed<'_>) -> Step {
    match &seen.run {
        Run::Unknown => Step::LookAgain(UNKNOWN_POLL),
        Run::Absent => Step::Start,
        Run::Invalid(why) => cannot_run(why),
        Run::Starting { since } => match left(*since, seen.patience.pending, seen.now) {
            Some(left) => Step::LookAgain(left),
            None => Step::Stop("Pod pending timeout.".to_owned()),
        },
        Run::Running { since } => match left(*since, seen.patience.running, seen.now) {
            Some(left) => Step::LookAgain(left),
            None => Step::RequestAbort { description: Some("Pod running timeout.".to_owned()), hush_github: false },
        },
        Run::Stopping { .. } => stop("", seen),
        Run::Exited(exit) => finished(exit),
        Run::Lost => finish(
            State::Error,
            "Job was lost: its supervisor is gone and left no result. Nothing of it was started again.",
        ),
    }
}

fn aborted(seen: &Observed<'_>) -> Step {
    match &seen.run {
        Run::Unknown => Step::LookAgain(UNKNOWN_POLL),
        Run::Starting { .. } | Run::Running { .. } | Run::Stopping { .. } => stop("its ProwJob is aborted", seen),
        Run::Absent | Run::Exited(_) | Run::Lost | Run::Invalid(_) => Step::Complete,
    }
}

/// Ask it once, give it its time, then kill it.
fn stop(reason: &str, seen: &Observed<'_>) -> Step {
    match seen.run {
        Run::Stopping { since } => match left(since, seen.patience.grace + STOP_MARGIN, seen.now) {
            Some(_) => Step::LookAgain(STOP_POLL),
            None => Step::Kill,
        },
        _ => Step::Stop(reason.to_owned()),
    }
}

fn finished(exit: &Exit) -> Step {
    match exit {
        Exit::Code(0) => finish(State::Success, "Job succeeded."),
        Exit::Code(_) | Exit::Signal(_) => finish(State::Failure, "Job failed."),
        Exit::TimedOut(after) => finish(State::Failure, &format!("Job failed: it did not finish within {after}.")),
        Exit::NotStarted(why) => {
            finish(State::Failure, &format!("Job failed: its command could not be started: {why}"))
        }
        Exit::NotCloned(why) => finish(State::Failure, &format!("Job failed: its source could not be cloned: {why}")),
        Exit::Stopped(reason) => finish(State::Error, reason),
    }
}

fn cannot_run(why: &str) -> Step {
    finish(State::Error, &format!("Pod can not be created: {why}"))
}

fn finish(state: ProwJobState, description: &str) -> Step {
    Step::Finish { state, description: shortened(description, MAX_DESCRIPTION_BYTES) }
}

/// What is left of `limit` counted from `since`; none: it is used up. A clock that went back leaves all of it.
fn left(since: Timestamp, limit: Duration, now: Timestamp) -> Option<Duration> {
    let elapsed = Duration::try_from(now.duration_since(since)).unwrap_or(Duration::ZERO);
    limit.checked_sub(elapsed).filter(|left| !left.is_zero())
}

impl Run {
    /// Whether processes of it may be there.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Starting { .. } | Self::Running { .. } | Self::Stopping { .. } => true,
            Self::Unknown | Self::Absent | Self::Exited(_) | Self::Lost | Self::Invalid(_) => false,
        }
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
