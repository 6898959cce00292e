//! The dispatcher: from stored deliveries to tasks, and each task to its end. Tasks of one lane (plugin, repository, key)
//! go in order; lanes go on beside one another.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::{Inbox, StoreError, StoredDelivery, Task};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::engine::{self, Guests};
use crate::guest::Clients;
use crate::metrics::Metrics;
use crate::plan::{self, Candidate};
use crate::registry::Registry;
use crate::task::{self, After};

/// How many stored deliveries are looked at in one turn.
const BATCH: usize = 256;
/// How long to wait when the inbox cannot be read or written.
const INBOX_PAUSE: Duration = Duration::from_secs(1);

/// What the dispatcher works with.
#[derive(Clone)]
pub struct Parts {
    /// Where deliveries and tasks are.
    pub inbox: Inbox,
    /// The plugins in force.
    pub registry: Arc<Registry>,
    /// The far sides.
    pub clients: Clients,
    /// Where guests run.
    pub guests: Arc<Guests>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The tasks of one lane that are not finished; the first is running or waits for its time.
#[derive(Default)]
struct Lane {
    tasks: VecDeque<Task>,
    busy: bool,
}

/// The owner of all lanes. It alone decides what runs next.
struct Dispatcher {
    parts: Parts,
    lanes: HashMap<String, Lane>,
    running: JoinSet<(String, Finished)>,
    slots: Arc<Semaphore>,
}

/// What a spawned run, or a wait, reports.
enum Finished {
    /// The lane's first task has ended.
    Ended,
    /// The lane's first task is to be run again, then.
    Again(Timestamp),
    /// The lane's first task has waited long enough.
    Due,
}

/// Dispatches until `stop`, then waits for the runs under way for at most `grace`. What is left is on disk, and is taken
/// up at the next start.
///
/// # Errors
/// If the inbox cannot be read at the start.
pub async fn run(parts: Parts, stop: CancellationToken, grace: Duration) -> Result<(), StoreError> {
    let slots = Arc::new(Semaphore::new(engine::SLOTS as usize));
    let mut dispatcher = Dispatcher { parts, lanes: HashMap::new(), running: JoinSet::new(), slots };
    let open = dispatcher.parts.inbox.open_tasks().await?;
    if !open.is_empty() {
        tracing::info!(tasks = open.len(), "taking up what was left");
    }
    dispatcher.add(open);
    dispatcher.take_in().await;
    let inbox = dispatcher.parts.inbox.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = inbox.arrived() => dispatcher.take_in().await,
            Some(ended) = dispatcher.running.join_next() => dispatcher.settle(ended),
        }
    }
    dispatcher.drain(grace).await;
    Ok(())
}

impl Dispatcher {
    /// Turns stored deliveries into tasks, until there is none left.
    async fn take_in(&mut self) {
        loop {
            let deliveries = match self.parts.inbox.undispatched(BATCH).await {
                Ok(deliveries) => deliveries,
                Err(error) => {
                    tracing::error!(%error, "the inbox cannot be read");
                    tokio::time::sleep(INBOX_PAUSE).await;
                    continue;
                }
            };
            if deliveries.is_empty() {
                return;
            }
            for delivery in deliveries {
                match self.dispatch(&delivery).await {
                    Ok(tasks) => self.add(tasks),
                    Err(error) => {
                        tracing::error!(%error, delivery = delivery.guid(), "cannot be dispatched yet");
                        tokio::time::sleep(INBOX_PAUSE).await;
                        break;
                    }
                }
            }
        }
    }

    async fn dispatch(&self, delivery: &StoredDelivery) -> Result<Vec<Task>, StoreError> {
        if delivery.has_tasks() {
            return self.parts.inbox.resume(delivery.guid()).await;
        }
        // One snapshot: a reload never puts one event on two configurations.
        let set = self.parts.registry.current();
        let Ok(event) = prow::event::parse(delivery.event(), delivery.payload()) else {
            unreachable!("a delivery is parsed before it is stored");
        };
        let enabled = match delivery.scope().repo().and_then(|name| name.split_once('/')) {
            Some((org, repo)) => set.loaded.plugins.effective(org, repo),
            None => Vec::new(),
        };
        let enabled: Vec<&str> = enabled.iter().map(AsRef::as_ref).collect();
        let candidate = |name: &str| match set.plugins.get(name) {
            Some(plugin) => Candidate::Ready(&plugin.description.events),
            None => Candidate::Unknown,
        };
        let revision = &set.loaded.revision;
        let dispatch = plan::plan(delivery.guid(), delivery.scope(), &event, revision, &enabled, candidate);
        let (event, tasks) = (delivery.event(), dispatch.tasks.len());
        tracing::info!(delivery = delivery.guid(), event, repo = delivery.scope().name(), tasks, "dispatched");
        self.parts.inbox.dispatch(delivery.guid(), dispatch).await
    }

    fn add(&mut self, tasks: Vec<Task>) {
        for task in tasks {
            let name = task.lane.clone();
            let lane = self.lanes.entry(name.clone()).or_default();
            // A redelivery of what is still under way changes nothing.
            if lane.tasks.iter().any(|known| known.id == task.id) {
                continue;
            }
            lane.tasks.push_back(task);
            self.go_on(&name);
        }
    }

    /// Starts the lane's first task, or the wait for its time, unless one is under way.
    fn go_on(&mut self, name: &str) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        let Some(task) = lane.tasks.front() else {
            self.lanes.remove(name);
            return;
        };
        if lane.busy {
            return;
        }
        lane.busy = true;
        let name = name.to_owned();
        match task.not_before {
            Some(until) if until > Timestamp::now() => {
                self.running.spawn(async move {
                    wait_until(until).await;
                    (name, Finished::Due)
                });
            }
            Some(_) | None => {
                let (parts, slots, task) = (self.parts.clone(), self.slots.clone(), task.clone());
                let span = tracing::info_span!("task", delivery = %task.guid, plugin = %task.plugin);
                let guests = parts.guests.handle().clone();
                let run = async move {
                    let _slot = slots.acquire_owned().await.expect("the semaphore is never closed");
                    (name, run_one(&parts, &task).await)
                };
                self.running.spawn_on(run.instrument(span), &guests);
            }
        }
    }

    fn settle(&mut self, ended: Result<(String, Finished), tokio::task::JoinError>) {
        let (name, finished) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // A bug of ours. The task is on disk and is taken up at the next start; its lane stays shut until then.
                tracing::error!(%error, "a task's run was lost");
                return;
            }
        };
        let Some(lane) = self.lanes.get_mut(&name) else { return };
        lane.busy = false;
        match finished {
            Finished::Ended => {
                lane.tasks.pop_front();
            }
            Finished::Due => {
                if let Some(task) = lane.tasks.front_mut() {
                    task.not_before = None;
                }
            }
            Finished::Again(until) => {
                if let Some(task) = lane.tasks.front_mut() {
                    task.not_before = Some(until);
                }
            }
        }
        self.go_on(&name);
    }

    async fn drain(mut self, grace: Duration) {
        let busy = self.lanes.values().filter(|lane| lane.busy).count();
        tracing::info!(busy, ?grace, "no more tasks are started");
        let ends = tokio::time::sleep(grace);
        tokio::pin!(ends);
        // Waits for a parked task's time are no work: only runs are waited for.
        while self.slots.available_permits() < engine::SLOTS as usize {
            tokio::select! {
                () = &mut ends => {
                    tracing::warn!("the grace period is over; what still runs is taken up at the next start");
                    break;
                }
                Some(_) = self.running.join_next() => {}
            }
        }
        self.running.abort_all();
    }
}

/// Runs one task once, as it stands in the inbox now. While the inbox fails, it is tried again.
async fn run_one(parts: &Parts, task: &Task) -> Finished {
    loop {
        match try_one(parts, task).await {
            Ok(After::Ended) => return Finished::Ended,
            Ok(After::Again(until)) => return Finished::Again(until),
            Err(StoreError::NotThere { .. }) => return Finished::Ended,
            Err(error) => {
                tracing::error!(%error, "the inbox fails; the task waits");
                tokio::time::sleep(INBOX_PAUSE).await;
            }
        }
    }
}

async fn try_one(parts: &Parts, task: &Task) -> Result<After, StoreError> {
    // What an earlier run in this process wrote (a park's pins, a new round) is not in our copy.
    let Some(task) = parts.inbox.task(task.id).await? else { return Ok(After::Ended) };
    if !task.state.is_open() {
        return Ok(After::Ended);
    }
    let Some(delivery) = parts.inbox.load(&task.guid).await? else { return Ok(After::Ended) };
    let begun = match parts.registry.for_task(&task).await {
        Ok(begun) => begun,
        Err(why) => {
            tracing::error!(delivery = %task.guid, plugin = %task.plugin, why, "a task cannot go on as it began");
            task::give_up(&parts.inbox, &task, why).await?;
            return Ok(After::Ended);
        }
    };
    let (after, ran) = task::run(&parts.inbox, &parts.clients, &begun, &delivery, &task).await?;
    parts.metrics.handled(delivery.event(), &task.plugin, &ran);
    Ok(after)
}

async fn wait_until(until: Timestamp) {
    // The clock of the wall may jump; looked at again each time.
    loop {
        let left = until.duration_since(Timestamp::now());
        if !left.is_positive() {
            return;
        }
        tokio::time::sleep(left.unsigned_abs().min(Duration::from_secs(30))).await;
    }
}
