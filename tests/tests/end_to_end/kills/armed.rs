//! A kill that waits for its moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use sim::fault::{FaultKind, FaultSpec, Match};
use store::{EntryState, Filter};
use tests::process::Process;
use tests::world::World;

use super::moments::{CONTROLLER, Counter, Kill, PLUGINS, Trigger};
use super::settled::{self, SETTLE, Settling};

/// How often a file is looked at for the commit to kill at.
const LOOK: Duration = Duration::from_micros(300);
/// GitHub is farther away than loopback: so many milliseconds does it take to answer those whom we kill.
const FAR_MS: u64 = 15;

/// A kill in waiting, with its victim, whom the world does not miss meanwhile; or none at all.
pub(super) struct Armed(Option<Victim>);

struct Victim {
    of_host: bool,
    process: Process,
    watch: Option<Watch>,
}

impl Armed {
    pub(super) async fn set(world: &mut World, kill: Option<&Kill>) -> anyhow::Result<Self> {
        let Some(kill) = kill else { return Ok(Self(None)) };
        let of_host = kill.kind.is_of_host();
        let process = if of_host { world.release_host() } else { world.release_controller() };
        let process = process.context("the victim is not running")?;
        let pid = i32::try_from(process.pid()).context("a process id")?;
        let watch = match kill.kind.trigger() {
            Trigger::Request { agent, method } => {
                let matches = Match {
                    method: method.map(str::to_owned),
                    user_agent: Some(agent.to_owned()),
                    nth: Some(kill.nth),
                    ..Match::default()
                };
                let fault = FaultKind::Kill(sim::fault::Kill { pid, when: kill.when });
                world.sim.fault(&FaultSpec { matches, times: 1, fault }).await?;
                None
            }
            Trigger::Commit(counter) => Some(Watch::start(counter(world)?, kill.nth, pid)?),
        };
        // Set after the kill, which a fault that comes first would hide.
        for agent in [PLUGINS, CONTROLLER] {
            let matches = Match { user_agent: Some(agent.to_owned()), ..Match::default() };
            world.sim.fault(&FaultSpec { matches, times: u64::MAX, fault: FaultKind::DelayMs(FAR_MS) }).await?;
        }
        Ok(Self(Some(Victim { of_host, process, watch })))
    }

    /// Waits until the victim is dead, and starts it again; or until nothing is left to do, its moment not having come. Gives
    /// the effects that were in doubt when it was dead.
    pub(super) async fn wait(self, world: &mut World, running: &[&str]) -> anyhow::Result<Option<Vec<String>>> {
        let Some(Victim { of_host, mut process, watch }) = self.0 else { return Ok(None) };
        let mut settling = Settling::but_for(running);
        let waited = world.wait("a kill, or nothing to be left to do", SETTLE, async |world| {
            if process.ended().is_some() { Ok(true) } else { settling.look(world).await.map(|()| false) }
        });
        let died = waited.await?;
        if let Some(watch) = watch {
            watch.stop()?;
        }
        world.sim.clear_faults().await?;
        // It may have been killed just now, after the last look.
        if !died && process.ended().is_none() {
            if of_host {
                world.return_host(process);
            } else {
                world.return_controller(process);
            }
            return Ok(None);
        }
        let in_doubt = in_doubt(world).await?;
        if of_host {
            world.start_host()?;
        } else {
            world.start_controller()?;
        }
        world.ready().await?;
        settled::redeliver(world).await?;
        Ok(Some(if of_host { in_doubt } else { Vec::new() }))
    }
}

/// Every effect of which the inbox has an intent and no result.
async fn in_doubt(world: &World) -> anyhow::Result<Vec<String>> {
    let inbox = world.inbox().await?;
    let mut found = Vec::new();
    for delivery in inbox.list(&Filter::default()).await? {
        let report = inbox.show(&delivery.guid).await?.context("a delivery that was listed is gone")?;
        let entries = report.reports.iter().flat_map(|task| &task.journal);
        found.extend(entries.filter(|entry| entry.state == EntryState::Intent).map(|entry| entry.op.clone()));
    }
    Ok(found)
}

/// A thread that kills when a counter has grown by a number.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

impl Watch {
    fn start(counter: Counter, nth: u64, pid: i32) -> anyhow::Result<Self> {
        let target = counter.now()? + nth;
        let victim = Pid::from_raw(pid).context("a process id is a positive number")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                if counter.now()? >= target {
                    return Ok(kill_process(victim, Signal::KILL)?);
                }
                std::thread::sleep(LOOK);
            }
            Ok(())
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().map_err(|_| anyhow::anyhow!("the watch panicked"))?
    }
}
