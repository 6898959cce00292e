//! The dispatcher: from stored deliveries to tasks, and each task to its end. Tasks of one lane (plugin, repository, key)
//! go in order; lanes go on beside one another, in turns where there is no room for all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::{Inbox, StoreError, StoredDelivery, Task, TaskId, TaskKind};
use tokio::runtime::Handle;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::clock::wait_until;
use crate::consider::consider;
use crate::engine::{self, Guests};
use crate::forward::{self, Forwarder};
use crate::gate::{Gate, Held};
use crate::guest::Clients;
use crate::lane::{Finished, Lanes};
use crate::metrics::Metrics;
use crate::parsed::{Fresh, Parsed};
use crate::plan;
use crate::registry::{Registry, Unfit};
use crate::slots::Slots;
use crate::task::{self, After, Begun};

/// How many stored deliveries are looked at in one turn.
const BATCH: usize = 64;
/// How soon deliveries are looked for that nobody told of: another process queued them, such as `bowsprit deliveries retry`.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// How long to wait when the inbox cannot be read or written.
const INBOX_PAUSE: Duration = Duration::from_secs(1);
/// How long a task waits whose run was lost, and how many runs may be.
const LOST_PAUSE: Duration = Duration::from_secs(30);
const MAX_LOST: u32 = 3;
/// How many events are being forwarded at once, and how many of them to one service.
const FORWARDS: usize = 64;
const FORWARDS_OF_ONE: usize = 16;

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
    /// Where calls of plugins wait that are held back.
    pub gate: Arc<Gate>,
    /// What forwards events to external plugins.
    pub forwarder: Arc<Forwarder>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The owner of all lanes. It alone decides what runs next.
struct Dispatcher {
    parts: Parts,
    lanes: Lanes,
    /// What those of `lanes` need that have not run.
    fresh: Fresh,
    running: JoinSet<Run<Finished>>,
    /// Whose each of `running` is.
    under_way: HashMap<Id, UnderWay>,
    guests: Slots<Task>,
    /// Room for forwarding, which takes no guest's.
    forwards: Slots<Task>,
}

/// A run, or a wait for the time of one.
struct UnderWay {
    lane: String,
    /// A run has a slot, of its plugin's part.
    slot: Option<(Room, String)>,
}

/// Which slots.
#[derive(Clone, Copy)]
enum Room {
    Guests,
    Forwards,
}

/// How far one turn came with the stored deliveries.
enum TakenIn {
    /// There was none left.
    All,
    /// There may be more.
    Some,
    /// At least one stays where it is until later.
    Failed,
}

/// Dispatches until `stop`, then waits for the runs under way for at most `grace`. What is left is on disk, and is taken
/// up at the next start.
///
/// # Errors
/// If the inbox cannot be read at the start.
pub async fn run(parts: Parts, stop: CancellationToken, grace: Duration) -> Result<(), StoreError> {
    let mut dispatcher = Dispatcher {
        parts,
        lanes: Lanes::default(),
        fresh: Fresh::default(),
        running: JoinSet::new(),
        under_way: HashMap::new(),
        guests: Slots::new(engine::SLOTS as usize, engine::SLOTS_OF_ONE as usize),
        forwards: Slots::new(FORWARDS, FORWARDS_OF_ONE),
    };
    let open = dispatcher.parts.inbox.open_tasks().await?;
    if !open.is_empty() {
        tracing::info!(tasks = open.len(), "taking up what was left");
    }
    dispatcher.add(open);
    let inbox = dispatcher.parts.inbox.clone();
    // When stored deliveries are looked at next, and whether at once if one arrives. A turn is short, so that neither runs
    // that end nor the end of the host wait for a flood, or for a disk that stays full.
    let (mut look, mut listens) = (Instant::now(), false);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = inbox.arrived(), if listens => (look, listens) = (Instant::now(), false),
            () = tokio::time::sleep_until(look) => {
                (look, listens) = match dispatcher.take_in().await {
                    TakenIn::All => (Instant::now() + LOOK_AROUND, true),
                    TakenIn::Some => (Instant::now(), false),
                    TakenIn::Failed => (Instant::now() + INBOX_PAUSE, false),
                };
            }
            Some(ended) = dispatcher.running.join_next_with_id() => dispatcher.settle(ended),
        }
    }
    dispatcher.drain(grace).await;
    // Other hosts need not wait until it is plain that this one has ended.
    inbox.release().await;
    Ok(())
}

impl Dispatcher {
    /// Takes up what was another host's, and turns the stored deliveries that came first into tasks.
    async fn take_in(&mut self) -> TakenIn {
        // First: in a lane they are before what has not been dispatched yet.
        let taken_over = match self.parts.inbox.claim().await {
            Ok(tasks) => tasks,
            Err(error) => {
                tracing::error!(%error, "the inbox does not say what is this host's to do");
                return TakenIn::Failed;
            }
        };
        let is_more = !taken_over.is_empty();
        self.add(taken_over);
        let deliveries = match self.parts.inbox.undispatched(BATCH).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::error!(%error, "the inbox cannot be read");
                return TakenIn::Failed;
            }
        };
        if deliveries.is_empty() && !is_more {
            return TakenIn::All;
        }
        let mut failed = false;
        for delivery in deliveries {
            let guid = delivery.guid().to_owned();
            match self.dispatch(delivery).await {
                Ok(tasks) => self.add(tasks),
                Err(error) => {
                    tracing::error!(%error, delivery = guid, "cannot be dispatched yet");
                    failed = true;
                    // The next one would fare no better; one that is itself at fault does not hold up those behind it.
                    if error.is_transient() {
                        break;
                    }
                }
            }
        }
        if failed { TakenIn::Failed } else { TakenIn::Some }
    }

    async fn dispatch(&mut self, delivery: StoredDelivery) -> Result<Vec<Task>, StoreError> {
        if delivery.has_tasks() {
            return self.parts.inbox.resume(delivery.guid()).await;
        }
        // One snapshot: a reload never puts one event on two configurations. Held until the tasks are on disk, so that what
        // they will begin with is not deleted before.
        let set = self.parts.registry.current();
        let parsed = Arc::new(Parsed::new(delivery));
        let delivery = &parsed.delivery;
        let dispatch = consider(&self.parts, &set, &parsed);
        let (event, tasks) = (delivery.event(), dispatch.tasks.len());
        tracing::info!(delivery = delivery.guid(), event, repo = delivery.scope().name(), tasks, "dispatched");
        self.parts.registry.share(&self.parts.inbox, &set).await?;
        let tasks = self.parts.inbox.dispatch(delivery.guid(), dispatch).await?;
        // Where several hosts are at work, another may have had the task before this one runs it.
        if !self.parts.inbox.is_shared() {
            self.fresh.put(&parsed, &tasks);
        }
        Ok(tasks)
    }

    fn add(&mut self, tasks: Vec<Task>) {
        for task in tasks {
            let lane = task.lane.clone();
            self.lanes.add(task);
            self.go_on(lane);
        }
    }

    /// Has the lane's first task wait for a slot, or for its time, unless one is under way.
    fn go_on(&mut self, lane: String) {
        let Some(task) = self.lanes.begin(&lane) else { return };
        match task.not_before {
            Some(until) if until > Timestamp::now() => self.wait(lane, wait_until(until)),
            Some(_) | None => {
                let (plugin, scope) = (task.plugin.clone(), task.scope.name().to_owned());
                self.slots(Room::of(task.kind)).ask(&plugin, &scope, task);
                self.start();
            }
        }
    }

    fn slots(&mut self, room: Room) -> &mut Slots<Task> {
        match room {
            Room::Guests => &mut self.guests,
            Room::Forwards => &mut self.forwards,
        }
    }

    /// Starts what there is room for.
    fn start(&mut self) {
        for room in [Room::Guests, Room::Forwards] {
            while let Some(task) = self.slots(room).next() {
                let runtime = match room {
                    Room::Guests => self.parts.guests.handle().clone(),
                    // Beside the guests' runtime, where none of them can hold it up.
                    Room::Forwards => Handle::current(),
                };
                let under_way = UnderWay { lane: task.lane.clone(), slot: Some((room, task.plugin.clone())) };
                let span = tracing::info_span!("task", delivery = %task.guid, plugin = %task.plugin);
                let (parts, fresh) = (self.parts.clone(), self.fresh.take(task.id));
                let run = async move { run_one(&parts, task, fresh).await };
                let handle = self.running.spawn_on(run.instrument(span), &runtime);
                self.under_way.insert(handle.id(), under_way);
            }
        }
    }

    /// Has the lane go on after `wait`, which takes no slot.
    fn wait(&mut self, lane: String, wait: impl Future<Output = ()> + Send + 'static) {
        let handle = self.running.spawn(async move {
            wait.await;
            Run::Over(Finished::Due)
        });
        self.under_way.insert(handle.id(), UnderWay { lane, slot: None });
    }

    /// Takes back the slot of what has ended; the lane that it was of.
    fn ended(&mut self, id: Id) -> Option<String> {
        let UnderWay { lane, slot } = self.under_way.remove(&id)?;
        if let Some((room, plugin)) = slot {
            self.slots(room).give_back(&plugin);
        }
        Some(lane)
    }

    fn settle(&mut self, ended: Result<(Id, Run<Finished>), JoinError>) {
        let Some(lane) = self.ended(id_of(&ended)) else { return };
        match ended {
            Ok((_, Run::Over(finished))) => {
                self.lanes.settle(&lane, finished);
                self.go_on(lane);
            }
            Ok((_, Run::Held(held))) => {
                let gate = self.parts.gate.clone();
                self.wait(lane, async move { gate.wait(&held).await });
            }
            Err(error) => self.lost(lane, &error),
        }
        self.start();
    }

    /// A bug of ours. The task is run again after a while; one that brings its host down each time is given up, so that its
    /// lane goes on.
    fn lost(&mut self, lane: String, error: &JoinError) {
        let Some((task, times)) = self.lanes.lose(&lane) else { return };
        tracing::error!(%error, lane, times, "a task's run was lost");
        if times < MAX_LOST {
            self.lanes.settle(&lane, Finished::Again(Timestamp::now() + LOST_PAUSE));
            self.go_on(lane);
            return;
        }
        let parts = self.parts.clone();
        let handle = self.running.spawn(async move {
            give_up(&parts, task, format!("its run was lost {times} times, by a fault of the host: see its log")).await;
            Run::Over(Finished::Ended)
        });
        self.under_way.insert(handle.id(), UnderWay { lane, slot: None });
    }

    async fn drain(mut self, grace: Duration) {
        self.guests.close();
        self.forwards.close();
        tracing::info!(running = self.guests.taken() + self.forwards.taken(), ?grace, "no more tasks are started");
        let ends = tokio::time::sleep(grace);
        tokio::pin!(ends);
        // Waits for a parked task's time are no work: only runs are waited for.
        while self.guests.taken() + self.forwards.taken() > 0 {
            tokio::select! {
                () = &mut ends => {
                    tracing::warn!("the grace period is over; what still runs is taken up at the next start");
                    break;
                }
                Some(ended) = self.running.join_next_with_id() => drop(self.ended(id_of(&ended))),
            }
        }
        self.running.abort_all();
    }
}

impl Room {
    fn of(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Typed | TaskKind::Comment => Self::Guests,
            TaskKind::Forward => Self::Forwards,
        }
    }
}

fn id_of<T>(ended: &Result<(Id, T), JoinError>) -> Id {
    ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id)
}

/// How far one task came.
enum Run<T> {
    /// To an end.
    Over(T),
    /// It was not begun: its plugin is held back.
    Held(Held),
}

/// Runs one task once, as it stands in the inbox now. While the inbox fails, the task waits, without a slot.
async fn run_one(parts: &Parts, task: Task, fresh: Option<Arc<Parsed>>) -> Run<Finished> {
    let id = task.id;
    Run::Over(match try_one(parts, task, fresh).await {
        Ok(Run::Held(held)) => return Run::Held(held),
        // What was lost is another host's to go on with. If it is this one's again, it is told of it again.
        Ok(Run::Over(After::Ended)) | Err(StoreError::NotThere { .. } | StoreError::Lost { .. }) => Finished::Ended,
        Ok(Run::Over(After::Again(until))) => Finished::Again(until),
        Err(error) if error.is_transient() => {
            tracing::error!(%error, "the inbox fails; the task waits");
            Finished::Again(Timestamp::now() + INBOX_PAUSE)
        }
        Err(error) => {
            give_up(parts, id, format!("the inbox cannot keep what it does: {error}")).await;
            Finished::Ended
        }
    })
}

/// Ends a task that would fail in the same way however often it were run.
async fn give_up(parts: &Parts, task: TaskId, why: String) {
    tracing::error!(why, "a task is given up");
    // Its round may have grown since it was queued here.
    let given_up = match parts.inbox.task(task).await {
        Ok(Some(task)) => task::give_up(&parts.inbox, &task, why).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = given_up {
        tracing::error!(%error, "that cannot be written down: the task is taken up at the next start");
    }
}

async fn try_one(parts: &Parts, task: Task, fresh: Option<Arc<Parsed>>) -> Result<Run<After>, StoreError> {
    const ENDED: Run<After> = Run::Over(After::Ended);
    // From here on it is this run's lease that counts, and not one that this host may have by the end.
    let parts = &Parts { inbox: parts.inbox.fenced(), ..parts.clone() };
    let (task, parsed) = match fresh {
        Some(parsed) => (task, parsed),
        // What an earlier run in this process wrote (a park's pins, a new round) is not in our copy.
        None => {
            let Some(task) = parts.inbox.task(task.id).await?.filter(|task| task.state.is_open()) else {
                return Ok(ENDED);
            };
            let Some(delivery) = parts.inbox.load(&task.guid).await? else { return Ok(ENDED) };
            (task, Arc::new(Parsed::new(delivery)))
        }
    };
    if task.kind == TaskKind::Forward {
        return forward::run(parts, &task, &parsed.delivery).await.map(Run::Over);
    }
    let mut begun = match parts.registry.for_task(&parts.inbox, &task).await {
        Ok(begun) => begun,
        Err(Unfit::Gone(why)) => {
            tracing::error!(delivery = %task.guid, plugin = %task.plugin, why, "a task cannot go on as it began");
            task::give_up(&parts.inbox, &task, why).await?;
            return Ok(ENDED);
        }
        Err(Unfit::NotNow(why)) => {
            tracing::warn!(delivery = %task.guid, plugin = %task.plugin, why, "a task cannot go on yet");
            return task::put_off(&parts.inbox, &task, why).await.map(Run::Over);
        }
    };
    if task.pins.is_none()
        && task.component_digest.as_deref() == Some(plan::UNKNOWN)
        && !task::is_wanted(&begun.plugin, &parsed.event, task.kind)
    {
        let why = "its plugin was not loaded yet when the event came, and does not want it".to_owned();
        task::ignore(&parts.inbox, &task, why).await?;
        return Ok(ENDED);
    }
    if let Some(newer) = replacement(parts, &task, &begun) {
        if !task::is_wanted(&newer.plugin, &parsed.event, task.kind) {
            let why = "its plugin was replaced while in quarantine, by one that does not want this event".to_owned();
            task::ignore(&parts.inbox, &task, why).await?;
            return Ok(ENDED);
        }
        begun = newer;
    }
    let pass = match parts.gate.begin(&task.plugin, &begun.identity) {
        Ok(pass) => pass,
        Err(held) => return Ok(Run::Held(held)),
    };
    if let (None, Some(set)) = (&task.pins, &begun.held) {
        parts.registry.share(&parts.inbox, set).await?;
    }
    let (after, ran) = task::run(&parts.inbox, &parts.clients, &begun, &parsed, &task).await?;
    pass.end(&ran.conduct);
    parts.metrics.handled(parsed.delivery.event(), &task.plugin, &ran);
    Ok(Run::Over(after))
}

/// What runs a task that has not begun and whose plugin kept failing until it was replaced: nobody wants its events to fail
/// with the old one.
fn replacement(parts: &Parts, task: &Task, begun: &Begun) -> Option<Begun> {
    if task.pins.is_some() || !parts.gate.is_suspect(&task.plugin, &begun.identity) {
        return None;
    }
    parts.registry.in_force(&task.plugin).filter(|newer| newer.identity != begun.identity)
}
