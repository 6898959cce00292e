//! When nothing is left to do anywhere.

use std::time::Duration;

use prow::prowjob::{ProwJob, ProwJobState};
use sim::client::Delivery;
use store::{Counts, Selector};
use tests::world::{World, seen};

/// How long the rest of a step may take, jobs and back-offs included.
pub(super) const SETTLE: Duration = Duration::from_secs(240);
/// The reporter's name in a ProwJob's status.
const REPORTER: &str = "github-reporter";

/// Everything that moves while something goes on.
#[derive(Debug, PartialEq, Eq)]
struct Motion {
    deliveries: usize,
    counts: Counts,
    versions: Vec<String>,
    last_request: u64,
}

/// Looks at a world again and again, until it is at rest.
pub(super) struct Settling<'a> {
    running: &'a [&'a str],
    before: Option<Motion>,
}

impl<'a> Settling<'a> {
    /// The jobs of `running` may go on.
    pub(super) fn but_for(running: &'a [&'a str]) -> Self {
        Self { running, before: None }
    }

    /// Fine if every webhook was answered with 200, every task has ended, every ProwJob is over, and what became of each was
    /// reported; and if all of that was so at the look before, with nothing between the two.
    pub(super) async fn look(&mut self, world: &World) -> Result<(), String> {
        let now = look(world, self.running).await?;
        let still = self.before.as_ref() == Some(&now);
        self.before = Some(now);
        if still { Ok(()) } else { Err("something has just happened".to_owned()) }
    }
}

/// Waits until nothing is left to do, but for the jobs of `running`.
pub(super) async fn settle(world: &mut World, running: &[&str]) -> anyhow::Result<()> {
    let mut settling = Settling::but_for(running);
    world.wait("nothing to be left to do", SETTLE, async |world| settling.look(world).await).await
}

async fn look(world: &World, running: &[&str]) -> Result<Motion, String> {
    seen(world.sim.quiesce(Duration::from_millis(200)).await)?;
    let deliveries = seen(world.sim.deliveries().await)?;
    let unanswered = unanswered(&deliveries);
    if !unanswered.is_empty() {
        return Err(format!("deliveries without a 200: {unanswered:?}"));
    }
    let inbox = seen(world.inbox().await)?;
    let counts = seen(inbox.counts().await)?;
    if counts.undispatched + counts.queued + counts.parked > 0 {
        return Err(format!("{counts:?}"));
    }
    let jobs = seen(seen(world.prowjobs().await)?.list(&Selector::default()).await)?;
    let open: Vec<_> = jobs.iter().filter(|job| !at_rest(job, running)).map(describe).collect();
    if !open.is_empty() {
        return Err(open.join("; "));
    }
    let versions = jobs.into_iter().map(|job| job.metadata.resource_version).collect();
    let last_request = seen(world.sim.requests(0).await)?.last().map_or(0, |request| request.seq);
    Ok(Motion { deliveries: deliveries.len(), counts, versions, last_request })
}

/// GUIDs whose last attempt was not answered with 200.
fn unanswered(deliveries: &[Delivery]) -> Vec<&str> {
    let last_of = |guid: &str| deliveries.iter().rfind(|delivery| delivery.guid == guid);
    let first = deliveries.iter().filter(|delivery| !delivery.redelivery);
    let lost = first.filter(|delivery| last_of(&delivery.guid).is_none_or(|last| last.status_code != Some(200)));
    lost.map(|delivery| delivery.guid.as_str()).collect()
}

/// What somebody at GitHub's page of deliveries would do after an outage: sends again what was not answered with 200.
pub(super) async fn redeliver(world: &World) -> anyhow::Result<()> {
    world.sim.quiesce(Duration::from_secs(15)).await?;
    let deliveries = world.sim.deliveries().await?;
    for guid in unanswered(&deliveries) {
        let first = deliveries.iter().find(|delivery| delivery.guid == guid && !delivery.redelivery);
        world.sim.redeliver(first.expect("it is among them").id).await?;
    }
    Ok(())
}

fn at_rest(job: &ProwJob, running: &[&str]) -> bool {
    let reported = job.status.prev_report_states.get(REPORTER).map(String::as_str);
    let resting = if running.contains(&job.spec.job.as_str()) && !job.is_complete() {
        job.status.state == ProwJobState::Pending
    } else {
        job.is_complete()
    };
    resting && (!job.spec.report || reported == Some(job.status.state.as_str()))
}

fn describe(job: &ProwJob) -> String {
    let (state, reported) = (job.status.state, &job.status.prev_report_states);
    let over = if job.is_complete() { "complete" } else { "not complete" };
    format!("{} {state}, {over}, reported {reported:?}, {:?}", job.spec.job, job.status.description)
}
