//! Keeps the parts running: starts them in order, starts again what dies, ends them in order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::child::{self, Ended};
use super::first_start;
use super::plan::{Plan, Role};
use super::record::Record;
use crate::log::LogFormat;

/// How long a part may take until it does its work. The first start compiles the plugins.
const STARTING: Duration = Duration::from_secs(180);
/// How long closing may take when no work is left, before a part is killed.
const CLOSING: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
/// A part that ran for so long before it died is started again as if it had never died.
const STEADY: Duration = Duration::from_secs(60);

/// What happens to a part.
enum Event {
    Ended(Ended),
    /// Its pause before the next start is over.
    Due(Role),
}

/// The parts and what is known of them. One task owns it all.
pub(super) struct Keeper {
    program: PathBuf,
    plan: Plan,
    record: Record,
    http: reqwest::Client,
    events: JoinSet<Event>,
    /// How to end each part that runs.
    stops: BTreeMap<Role, CancellationToken>,
    /// How often each part has died in a row.
    deaths: BTreeMap<Role, u32>,
}

impl Keeper {
    pub(super) fn new(program: PathBuf, plan: Plan, record: Record) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).no_proxy().build();
        let http = http.context("cannot make an HTTP client")?;
        let (events, stops, deaths) = (JoinSet::new(), BTreeMap::new(), BTreeMap::new());
        Ok(Self { program, plan, record, http, events, stops, deaths })
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Starts the parts, each when the one before does its work. The stand-in GitHub gets its world at the first start.
    ///
    /// # Errors
    /// If one ends at its start: starting it again would not help, and it has said why.
    pub(super) async fn start(&mut self, hmac: &str) -> anyhow::Result<()> {
        for role in Role::STARTING {
            self.launch(role)?;
            self.wait_until_ready(role).await?;
            if role == Role::Sim {
                first_start::furnish(&self.plan, hmac).await.context("furnishing the stand-in GitHub")?;
            }
        }
        self.record.note_ready()
    }

    /// Starts again whatever dies, until `shutdown`.
    pub(super) async fn keep(&mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                event = next(&mut self.events) => event?,
            };
            match event {
                Event::Ended(ended) => self.mourn(&ended)?,
                Event::Due(role) => self.launch(role)?,
            }
        }
    }

    /// Ends all parts in order.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        for role in Role::ENDING {
            let Some(stop) = self.stops.remove(&role) else { continue };
            stop.cancel();
            while self.record.pids.contains_key(role.as_str()) {
                if let Event::Ended(ended) = next(&mut self.events).await? {
                    tracing::info!("the {} {}", ended.role.as_str(), ended.how);
                    self.record.note(ended.role, None)?;
                }
            }
        }
        self.record.note_ended()
    }

    fn launch(&mut self, role: Role) -> anyhow::Result<()> {
        // A program that reads our lines wants JSON and nothing else in them.
        let prefix = match self.plan.log_format {
            LogFormat::Human => role.prefix(),
            LogFormat::Json => "",
        };
        let running = child::start(role, &self.program, &self.plan.arguments(role), prefix)?;
        let stop = CancellationToken::new();
        self.record.note(role, running.pid())?;
        self.stops.insert(role, stop.clone());
        // What the host takes for its plugins, and time to close up after that.
        let grace = self.plan.grace + CLOSING;
        self.events.spawn(async move { Event::Ended(running.live(stop, grace).await) });
        Ok(())
    }

    async fn wait_until_ready(&mut self, role: Role) -> anyhow::Result<()> {
        let url = self.plan.ready_url(role);
        let (name, deadline) = (role.as_str(), Instant::now() + STARTING);
        loop {
            tokio::select! {
                event = next(&mut self.events) => if let Event::Ended(ended) = event? {
                    self.forget(ended.role)?;
                    bail!("the {} {} at its start; what it said stands above", ended.role.as_str(), ended.how);
                },
                ready = answers(&self.http, &url) => {
                    if ready {
                        return Ok(());
                    }
                    if Instant::now() > deadline {
                        bail!("the {name} was not ready after {STARTING:?} ({url})");
                    }
                }
            }
        }
    }

    /// Says that a part died, and sees to its next start.
    fn mourn(&mut self, ended: &Ended) -> anyhow::Result<()> {
        let role = ended.role;
        self.forget(role)?;
        let deaths = self.deaths.entry(role).or_default();
        *deaths = if ended.ran >= STEADY { 0 } else { *deaths + 1 };
        let pause = pause(*deaths);
        tracing::warn!("the {} {} after {:.1?}; it is started again in {pause:?}", role.as_str(), ended.how, ended.ran);
        self.events.spawn(async move {
            tokio::time::sleep(pause).await;
            Event::Due(role)
        });
        Ok(())
    }

    fn forget(&mut self, role: Role) -> anyhow::Result<()> {
        self.stops.remove(&role);
        self.record.note(role, None)
    }
}

async fn next(events: &mut JoinSet<Event>) -> anyhow::Result<Event> {
    match events.join_next().await {
        Some(event) => event.context("a task that watches a part failed"),
        // There is none while nothing has been started.
        None => std::future::pending().await,
    }
}

/// Whether the address answers with success; waits a little if not.
async fn answers(http: &reqwest::Client, url: &str) -> bool {
    let answered = http.get(url).send().await.is_ok_and(|answer| answer.status().is_success());
    if !answered {
        tokio::time::sleep(POLL).await;
    }
    answered
}

/// Before a part is started again: at once the first time, then longer each time, up to half a minute.
fn pause(deaths: u32) -> Duration {
    match deaths {
        0 | 1 => Duration::from_millis(100),
        2..=7 => Duration::from_millis(500 << (deaths - 2)),
        _ => Duration::from_secs(30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_dies_again_and_again_is_started_ever_more_rarely() {
        let pauses: Vec<u128> = (0..10).map(|deaths| pause(deaths).as_millis()).collect();
        assert_eq!(pauses, [100, 100, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    }
}
