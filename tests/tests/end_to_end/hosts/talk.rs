//! What people say on several pull requests, round by round, and what it comes to.

use std::time::Duration;

use sim::client::{Actor, NewPr};
use sim::fault::{FaultKind, FaultSpec, Match};
use store::Inbox;
use tests::demo_config::{self, GREETER};
use tests::programs::Programs;
use tests::stage::REPO;
use tests::world::{Options, World, seen};

const PLUGINS: &str = "
plugins:
  my-org:
    plugins: [hold, lgtm, greeter]
modules:
  greeter:
    component: ./greeter.wasm
    grants: { issues: write, pull_requests: write }
    config: { greeting: \"Good morning!\" }
";
const PULLS: usize = 6;
/// What the greeter says, by its configuration.
pub(super) const GREETING: &str = "Good morning!";
/// What is said in each round on each pull request.
pub(super) const ROUNDS: [&str; 9] = [
    "/hold",
    "/greet\n/lgtm",
    "/hold cancel",
    "/greet\n/hold",
    "/lgtm cancel\n/greet",
    "/hold cancel\n/greet",
    "/lgtm\n/greet",
    "/greet",
    "/hold",
];
/// GitHub is farther away than loopback, so that there is something to be cut off.
const FAR_MS: u64 = 400;
const SOON: Duration = Duration::from_secs(120);

/// The world of it; with a host of its own, or for others to be started.
pub(super) fn options(started: bool) -> anyhow::Result<Options> {
    let component = std::fs::read(Programs::find()?.plugins.join("examples").join(GREETER))?;
    let mut options = Options::new(demo_config::example("config.yaml")?, PLUGINS);
    options.beside.push((GREETER.to_owned(), component));
    options.started = started;
    Ok(options)
}

pub(super) struct Talk {
    bob: Actor,
    numbers: Vec<u64>,
}

impl Talk {
    pub(super) async fn start(world: &World) -> anyhow::Result<Self> {
        let (alice, bob) = (world.sim.user("alice").await?, world.sim.user("bob").await?);
        let matches = Match { user_agent: Some("bowsprit.".to_owned()), ..Match::default() };
        world.sim.fault(&FaultSpec { matches, times: u64::MAX, fault: FaultKind::DelayMs(FAR_MS) }).await?;
        let mut numbers = Vec::new();
        for number in 0..PULLS {
            let name = format!("change-{number}");
            numbers.push(alice.open_pr(REPO, &NewPr::of_file(&name, &format!("{name}.txt"), "1\n")).await?.number);
        }
        Ok(Self { bob, numbers })
    }

    /// Says what this round has, everywhere.
    pub(super) async fn say(&self, round: usize) -> anyhow::Result<()> {
        for number in &self.numbers {
            self.bob.comment(REPO, *number, ROUNDS[round]).await?;
        }
        Ok(())
    }

    /// Waits until GitHub has had its answers, so that what is said next is said after it. It need not have been handled yet.
    pub(super) async fn heard(&self, world: &mut World) -> anyhow::Result<()> {
        world.wait("what was said to be answered with 200", SOON, answered).await
    }

    /// Waits until nothing is left to do.
    pub(super) async fn settle(&self, world: &mut World, inbox: &Inbox) -> anyhow::Result<()> {
        let mut before = None;
        let at_rest = async |world: &World| {
            answered(world).await?;
            let counts = seen(inbox.counts().await)?;
            if counts.undispatched + counts.queued + counts.parked > 0 {
                before = None;
                return Err(format!("{counts:?}"));
            }
            // What a plugin said last is told to it, too.
            let last = seen(world.sim.requests(0).await)?.last().map_or(0, |request| request.seq);
            if before.replace(last) == Some(last) { Ok(()) } else { Err("something has just happened".to_owned()) }
        };
        world.wait("nothing to be left to do", SOON, at_rest).await
    }

    /// What it has come to, without what differs from run to run.
    pub(super) async fn end(&self, world: &World, inbox: &Inbox) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        for number in &self.numbers {
            let mut labels = world.sim.labels(REPO, *number).await?;
            labels.sort_unstable();
            lines.push(format!("#{number}: {labels:?}"));
            let comments = world.sim.comments(REPO, *number).await?;
            let mut said: Vec<_> =
                comments.iter().map(|said| format!("#{number}, {}: {}", said.author, visible(&said.body))).collect();
            // Plugins do not wait for each other, so that the order of their comments is not theirs to keep.
            said.sort_unstable();
            lines.extend(said);
        }
        let counts = inbox.counts().await?;
        lines.push(format!("{} failed, {} dead, {} unknown", counts.failed, counts.dead, counts.unknown));
        Ok(lines)
    }
}

/// Whether the last attempt of each webhook was answered with 200.
async fn answered(world: &World) -> Result<(), String> {
    seen(world.sim.quiesce(Duration::from_secs(1)).await)?;
    let deliveries = seen(world.sim.deliveries().await)?;
    let lost: Vec<_> = deliveries.iter().filter(|one| one.status_code != Some(200)).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("{lost:?}")) }
}

/// A comment without its hidden marker, and with every address and number of one left out.
fn visible(body: &str) -> String {
    let text = body.split("<!--").next().unwrap_or_default();
    text.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ")
}
