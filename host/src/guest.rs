//! One call of one guest: a fresh store, its limits, and how the call ended.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use store::{Entry, ParkKind};
use tokio::sync::Semaphore;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::agent::{ClientAgent, Grants};
use crate::calls::own_jobs::Told;
use crate::contract::{cluster_types, github_types, log, types};
use crate::http::{AT_A_TIME, Gate};
use crate::journal::{CallTrace, Denials, Interrupt, Journal};
use crate::limits::Limits;
use crate::log_book::{Flooded, LogBook, LogLine, one_line};
use crate::memory::Memory;
use crate::metrics::ConfigMapSizes;
use crate::plugin::Plugin;
use crate::trap::{Cause, OutOfTime, OverLimit, cause};
use crate::wasi::Wasi;

/// How long a plugin may take to say what it is, if its deadline is not shorter: that is the same every time.
const DESCRIBE: Duration = Duration::from_secs(5);

/// How soon a task is tried again that found no room.
const NO_ROOM: jiff::SignedDuration = jiff::SignedDuration::from_secs(1);

/// What the host keeps beside one guest.
pub struct GuestState {
    pub(crate) table: ResourceTable,
    limits: Limits,
    memory: Memory,
    log: LogBook,
    pub(crate) wasi: Option<Box<Wasi>>,
    ends: Instant,
    task: Option<Box<TaskContext>>,
}

/// Everything that a task's host calls work with.
pub struct TaskContext {
    pub(crate) journal: Journal,
    pub(crate) facts: Arc<TaskFacts>,
    /// Comments that this task has listed or made, by repository, number and id: these are known to stand where the plugin
    /// says.
    pub(crate) comments: HashSet<(String, u32, u64)>,
    /// Jobs of which this task was told that the repository defines them.
    pub(crate) own_jobs: Told,
}

/// What stays as it is while one task runs.
#[derive(Clone)]
pub struct TaskFacts {
    /// The plugin's name.
    pub plugin: String,
    /// What it may do.
    pub grants: Grants,
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
    /// The jobs that they define themselves.
    pub in_repo: git::InRepo,
    /// The cluster that is served, and those that jobs run in.
    pub clusters: kubernetes::Clusters,
    /// Slack, Jira and Bugzilla.
    pub services: services::Services,
    /// Where ProwJobs live.
    pub prowjobs: store::ProwJobs,
    /// How large the config maps are that plugins wrote.
    pub config_map_sizes: ConfigMapSizes,
    /// Nothing is changed anywhere.
    pub dry_run: bool,
}

impl TaskContext {
    /// The context of one run.
    pub fn new(journal: Journal, facts: Arc<TaskFacts>) -> Self {
        TaskContext { journal, facts, comments: HashSet::new(), own_jobs: Told::default() }
    }
}

impl GuestState {
    /// For `describe` and `help`, which get no handle and so can call nothing but the log.
    pub fn without_task(limits: Limits, wasi: bool) -> Self {
        let wasi = wasi.then(|| Box::new(Wasi::new(Timestamp::UNIX_EPOCH, 0, None)));
        Self::new(Limits { deadline: limits.deadline.min(DESCRIBE), ..limits }, None, wasi)
    }

    /// How long this call may still take.
    pub(crate) fn time_left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    fn new(limits: Limits, task: Option<Box<TaskContext>>, wasi: Option<Box<Wasi>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles as usize);
        let log = LogBook::new(limits.log_lines, limits.log_bytes, limits.host_calls);
        let ends = Instant::now() + limits.deadline;
        GuestState { table, limits, memory: Memory::new(limits), log, wasi, ends, task }
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
    let limits = state.limits;
    let mut store = Store::new(engine, state);
    store.set_hostcall_fuel(limits.crossing_bytes());
    store.set_max_component_handles(limits.handles as usize);
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    // Looked at here and not by a timer: a guest that never waits cannot hold this up.
    store.epoch_deadline_callback(|context| {
        if Instant::now() > context.data().ends { Err(OutOfTime.into()) } else { Ok(UpdateDeadline::Yield(1)) }
    });
    store
}

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
    /// It trapped.
    Trapped(String),
    /// It wanted more than it may use; which limit it was.
    Over(String),
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
    /// The calls that were refused.
    pub denials: Denials,
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
    let journal = context.journal.clone();
    let wasi = plugin.wasi.then(|| Box::new(wasi_of(&context)));
    let state = GuestState::new(plugin.limits, Some(Box::new(context)), wasi);
    let limits = plugin.limits;
    // A start function may wait, too.
    let ready = tokio::time::timeout(limits.deadline, plugin.instantiate(state)).await;
    let (mut store, instance) = match ready.unwrap_or_else(|_| Err(OutOfTime.into())) {
        Ok(ready) => ready,
        Err(error) => {
            let none = Leavings {
                calls: Vec::new(),
                denials: Denials::default(),
                reads: Vec::new(),
                log: Vec::new(),
                effects: 0,
            };
            return (ended(error, &limits), none);
        }
    };
    let left = store.data().time_left();
    let called = async {
        // Owned by the guest: a borrow that a garbage-collected guest drops late would trap.
        let handle = store.data_mut().table.push(agent)?;
        instance.handle(&mut store, event, handle).await
    };
    let end = match tokio::time::timeout(left, called).await {
        Err(_) => End::OutOfTime,
        Ok(Ok(Ok(types::Outcome::Done(said)))) => End::Done(one_line(said)),
        Ok(Ok(Ok(types::Outcome::Ignored(why)))) => End::Ignored(one_line(why)),
        Ok(Ok(Ok(types::Outcome::AgainAfter(ms)))) => End::Again(Duration::from_millis(ms)),
        Ok(Ok(Err(failure))) => End::Failed(one_line(failure.message)),
        Ok(Err(error)) => ended(error, &limits),
    };
    // Whose time was it? A plugin that has computed for most of it would do so again.
    let end = match end {
        End::OutOfTime if waited.most_of(limits.deadline) => End::OutOfTimeWaiting,
        end => end,
    };
    // A request that was cut off by the host ends the run, whatever the guest made of that.
    let end = journal.take_end().map_or(end, End::Interrupted);
    // A request that it did not wait for is cut off here. Nobody knows how far it came: who says that all is done does not
    // know either.
    let end = match (journal.close(), end) {
        (Some(op), End::Done(_) | End::Ignored(_) | End::Again(_) | End::Failed(_)) => {
            End::Interrupted(Interrupt::Unknown(op.to_owned()))
        }
        (_, end) => end,
    };
    let GuestState { task, mut log, wasi, .. } = store.into_data();
    for line in wasi.iter().flat_map(|wasi| wasi.lines()) {
        // What is too much is counted as dropped.
        let _ = log.write("info", line);
    }
    let context = task.expect("the task was put in above");
    let effects = context.journal.effects();
    let denials = context.journal.denials();
    let (calls, reads) = context.journal.into_parts();
    (end, Leavings { calls, denials, reads, log: log.into_lines(), effects })
}

/// WASI for a task, with its way out.
fn wasi_of(context: &TaskContext) -> Wasi {
    let (pins, facts) = (context.journal.pins(), &context.facts);
    let gate = Gate {
        journal: context.journal.clone(),
        reach: facts.grants.reach.clone(),
        turns: Arc::new(Semaphore::new(AT_A_TIME)),
        dry_run: facts.clients.dry_run,
    };
    Wasi::new(pins.clock, pins.seed, Some(gate))
}

fn ended(error: wasmtime::Error, limits: &Limits) -> End {
    match cause(error, limits) {
        Cause::OutOfTime => End::OutOfTime,
        Cause::Over(which) => End::Over(which),
        Cause::Interrupted(interrupt) => End::Interrupted(interrupt),
        Cause::NoRoom(why) => {
            let until = jiff::Timestamp::now().saturating_add(NO_ROOM).expect("a second is no calendar's unit");
            let why = format!("no room for another instance: {why}");
            End::Interrupted(Interrupt::Park { until, why, kind: ParkKind::Resume })
        }
        Cause::Trapped(why) => End::Trapped(why),
    }
}

impl log::Host for GuestState {
    async fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level_name = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
            log::Level::Error => "error",
        };
        let line = match self.log.write(level_name, message) {
            Ok(line) => line,
            Err(Flooded) => {
                let most = self.limits.host_calls;
                return Err(OverLimit(format!("over {most} lines of log in one task (`limits.host_calls`)")).into());
            }
        };
        // What a plugin writes while it describes itself is nobody's task.
        if let (Some(LogLine { message, .. }), Some(task)) = (line, &self.task) {
            let plugin = &task.facts.plugin;
            match level {
                log::Level::Debug => tracing::debug!(%plugin, message),
                log::Level::Info => tracing::info!(%plugin, message),
                log::Level::Warn => tracing::warn!(%plugin, message),
                log::Level::Error => tracing::error!(%plugin, message),
            }
        }
        Ok(())
    }
}

impl types::Host for GuestState {}

impl github_types::Host for GuestState {}
impl cluster_types::Host for GuestState {}
