//! One call of one guest: a fresh store, its limits, and how the call ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use store::{Entry, ParkKind};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, UpdateDeadline};

use crate::agent::{ClientAgent, Grants};
use crate::contract::{github_types, log, types};
use crate::journal::{CallTrace, Interrupt, Journal};
use crate::memory::Memory;
use crate::plugin::{Limits, Plugin};

/// The most handles that one call may hold.
const MAX_HANDLES: usize = 1000;
/// The most log lines of one call that are kept, and the most bytes of each.
const MAX_LOG_LINES: usize = 200;
const MAX_LOG_BYTES: usize = 4 << 10;

/// How soon a task is tried again that found no room.
const NO_ROOM: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// What the host keeps beside one guest.
pub struct GuestState {
    pub(crate) table: ResourceTable,
    memory: Memory,
    ends: Instant,
    task: Option<Box<TaskContext>>,
}

/// Everything that a task's host calls work with.
pub struct TaskContext {
    pub(crate) journal: Journal,
    pub(crate) facts: Arc<TaskFacts>,
    pub(crate) log: Vec<LogLine>,
    /// Comments that this task has listed or made, by repository, number and id: these are known to stand where the plugin
    /// says.
    pub(crate) comments: HashSet<(String, u32, u64)>,
}

/// What stays as it is while one task runs.
pub struct TaskFacts {
    /// The plugin's name.
    pub plugin: String,
    /// What it may do.
    pub grants: Grants,
    /// How many effects it may have.
    pub max_effects: u32,
    /// The delivery's GUID.
    pub guid: String,
    /// The repository that the event belongs to.
    pub home: Option<types::RepoRef>,
    /// The event, typed.
    pub event: Arc<prow::event::Event>,
    /// The webhook's body.
    pub payload: Bytes,
    /// The configuration that the task began with.
    pub loaded: Arc<config::Loaded>,
    /// The far sides.
    pub clients: Clients,
}

/// The far sides that a client-agent speaks to.
#[derive(Clone)]
pub struct Clients {
    /// GitHub.
    pub github: github::Client,
    /// The base URLs that `github` was given.
    pub github_endpoints: Vec<String>,
    /// The repositories, by git.
    pub mirrors: git::Mirrors,
    /// What their OWNERS files say.
    pub owners: git::Owners,
    /// Slack, Jira and Bugzilla.
    pub services: services::Services,
    /// Where ProwJobs live.
    pub prowjobs: store::ProwJobs,
    /// Nothing is changed anywhere.
    pub dry_run: bool,
}

/// One line that a plugin wrote.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// Cut to 4 KiB.
    pub message: String,
}

impl TaskContext {
    /// The context of one run.
    pub fn new(journal: Journal, facts: Arc<TaskFacts>) -> Self {
        TaskContext { journal, facts, log: Vec::new(), comments: HashSet::new() }
    }
}

impl GuestState {
    /// For `describe` and `help`, which get no handle and so can call nothing but the log.
    pub fn without_task(limits: Limits) -> Self {
        Self::new(limits, None)
    }

    fn new(limits: Limits, task: Option<Box<TaskContext>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        GuestState { table, memory: Memory::new(limits.memory), ends: Instant::now() + limits.deadline, task }
    }

    /// The task of this call.
    pub(crate) fn task(&mut self) -> &mut TaskContext {
        self.task.as_mut().expect("calls other than the log need a handle, which only a task has")
    }

    /// What `agent` stands for.
    ///
    /// # Errors
    /// If the guest made the handle up, which ends its call.
    pub(crate) fn client(&self, agent: &Resource<ClientAgent>) -> wasmtime::Result<ClientAgent> {
        Ok(self.table.get(agent)?.clone())
    }
}

/// A store for one call, with its limits in force.
pub(crate) fn store(engine: &Engine, state: GuestState) -> Store<GuestState> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    // Looked at here and not by a timer: a guest that never waits cannot hold this up.
    store.epoch_deadline_callback(|context| {
        if Instant::now() > context.data().ends { Err(OutOfTime.into()) } else { Ok(UpdateDeadline::Yield(1)) }
    });
    store
}

#[derive(Debug, thiserror::Error)]
#[error("over its deadline")]
struct OutOfTime;

/// How a guest's `handle` ended.
#[derive(Debug)]
pub enum End {
    /// It did something.
    Done(String),
    /// It had nothing to do.
    Ignored(String),
    /// It wants to be called again.
    Again(Duration),
    /// It failed, for a reason of its own.
    Failed(String),
    /// It trapped, or went over its memory.
    Trapped(String),
    /// Its time was up, and it had computed for most of it.
    OutOfTime,
    /// Its time was up, and most of it had gone by while the host waited for a far side or for its own disk.
    OutOfTimeWaiting,
    /// The host ended the run.
    Interrupted(Interrupt),
}

/// What one run leaves behind besides its end.
pub struct Leavings {
    /// The host calls.
    pub calls: Vec<CallTrace>,
    /// Reads that no effect has committed.
    pub reads: Vec<Entry>,
    /// What the plugin wrote.
    pub log: Vec<LogLine>,
    /// How many effects there were.
    pub effects: u32,
}

/// Calls `plugin` with one event. Whatever happens to the guest is in the [`End`]; the host goes on.
pub async fn handle(plugin: &Plugin, context: TaskContext, event: &types::Event) -> (End, Leavings) {
    let waited = context.journal.waited();
    let agent = ClientAgent { repo: context.facts.home.clone(), read_only: false };
    let state = GuestState::new(plugin.limits, Some(Box::new(context)));
    let (mut store, instance) = match plugin.instantiate(state).await {
        Ok(ready) => ready,
        Err(error) => {
            let none = Leavings { calls: Vec::new(), reads: Vec::new(), log: Vec::new(), effects: 0 };
            return (not_begun(&error), none);
        }
    };
    let called = async {
        // Owned by the guest: a borrow that a garbage-collected guest drops late would trap.
        let handle = store.data_mut().table.push(agent)?;
        instance.handle(&mut store, event, handle).await
    };
    let end = match tokio::time::timeout(plugin.limits.deadline, called).await {
        Err(_) => End::OutOfTime,
        Ok(Ok(Ok(types::Outcome::Done(said)))) => End::Done(said),
        Ok(Ok(Ok(types::Outcome::Ignored(why)))) => End::Ignored(why),
        Ok(Ok(Ok(types::Outcome::AgainAfter(ms)))) => End::Again(Duration::from_millis(ms)),
        Ok(Ok(Err(failure))) => End::Failed(failure.message),
        Ok(Err(error)) => trapped(error),
    };
    // Whose time was it? A plugin that has computed for most of it would do so again.
    let end = match end {
        End::OutOfTime if waited.most_of(plugin.limits.deadline) => End::OutOfTimeWaiting,
        end => end,
    };
    let context = store.into_data().task.expect("the task was put in above");
    let effects = context.journal.effects();
    let (calls, reads) = context.journal.into_parts();
    (end, Leavings { calls, reads, log: context.log, effects })
}

/// A pool without room is no fault of the plugin.
fn not_begun(error: &wasmtime::Error) -> End {
    if error.is::<PoolConcurrencyLimitError>() {
        let until = jiff::Timestamp::now().saturating_add(NO_ROOM).expect("a second is no calendar's unit");
        let why = format!("no room for another instance: {error:#}");
        return End::Interrupted(Interrupt::Park { until, why, kind: ParkKind::Resume });
    }
    End::Trapped(format!("{error:#}"))
}

fn trapped(error: wasmtime::Error) -> End {
    if error.is::<OutOfTime>() {
        return End::OutOfTime;
    }
    match error.downcast::<Interrupt>() {
        Ok(interrupt) => End::Interrupted(interrupt),
        Err(error) => End::Trapped(format!("{error:#}")),
    }
}

/// A message as it goes into the log: one line, since a second one could pass for the host's own, and not too long.
fn line(mut message: String) -> String {
    if message.len() > MAX_LOG_BYTES {
        message.truncate(message.floor_char_boundary(MAX_LOG_BYTES));
        message.push('…');
    }
    if message.contains(char::is_control) {
        message = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    }
    message
}

impl log::Host for GuestState {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let message = line(message);
        let Some(task) = self.task.as_mut() else { return Ok(()) };
        if task.log.len() == MAX_LOG_LINES {
            return Ok(());
        }
        let plugin = &task.facts.plugin;
        let level = match level {
            log::Level::Debug => {
                tracing::debug!(%plugin, message);
                "debug"
            }
            log::Level::Info => {
                tracing::info!(%plugin, message);
                "info"
            }
            log::Level::Warn => {
                tracing::warn!(%plugin, message);
                "warn"
            }
            log::Level::Error => {
                tracing::error!(%plugin, message);
                "error"
            }
        };
        task.log.push(LogLine { level, message });
        Ok(())
    }
}

impl types::Host for GuestState {}

impl github_types::Host for GuestState {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guest_writes_is_one_line_and_not_too_long() {
        for (message, want) in [
            ("as it is, ü", "as it is, ü".to_owned()),
            ("one\nERROR host: two\r\x1b[31m\u{85}\tthree", "one ERROR host: two  [31m  three".to_owned()),
            (&"x".repeat(5000), "x".repeat(4096) + "…"),
            (&"ü".repeat(3000), "ü".repeat(2048) + "…"),
            (&("x".to_owned() + &"ü".repeat(3000)), "x".to_owned() + &"ü".repeat(2047) + "…"),
        ] {
            assert_eq!(line(message.to_owned()), want);
        }
    }
}
