//! One conversation from its beginning to its end, in a world of its own; undisturbed, or under kills and faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use sim::fault::FaultKind;
use store::Selector;
use tokio::task::JoinSet;

use super::cast::{Cast, Opened};
use super::desk::{self, Desk};
use super::hosts::{Hosts, Kind};
use super::lives::{self, End, Life};
use super::relay::{Carried, Relay};
use super::talk::{Step, Thread};
use super::{faults, state};
use crate::demo_config;
use crate::lines;
use crate::programs::Programs;
use crate::world::World;

/// How long a thread may take to come to rest after a step, with hosts that are killed meanwhile.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long webhooks may be on their way to the relay, which takes each at once.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// What a conversation has to go through.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// One life of a host after the other.
    pub lives: Vec<Life>,
    /// Which fault GitHub plays on which request of a plugin.
    pub faults: Vec<(u64, FaultKind)>,
    /// What it has to come to all the same.
    pub want: Vec<String>,
}

/// What became of a conversation.
#[derive(Debug, Clone, Default)]
pub struct Played {
    /// What it came to.
    pub end: Vec<String>,
    /// Where that differs from what was wanted.
    pub differs: Vec<String>,
    /// Webhooks.
    pub carried: Carried,
    /// Acknowledged, and not in the inbox at the end, or not come to an end there.
    pub lost: Vec<String>,
    /// Tasks that failed, were given up, or did what may or may not have happened: these three.
    pub bad: [u64; 3],
    /// Each kill that took place, and how many effects were in doubt then.
    pub kills: Vec<(End, usize)>,
    /// Requests of plugins.
    pub requests: u64,
    /// Faults that were played, by their names.
    pub faults: BTreeMap<String, usize>,
}

/// Plays it.
///
/// # Errors
/// If it cannot be played to its end; the world's files are kept then, and where differs what it came to.
pub async fn play(talk: &[Thread], kind: &Kind, disturbance: Option<&Disturbance>) -> anyhow::Result<Played> {
    let relay = Arc::new(Relay::start(disturbance.is_some()).await?);
    let mut options = demo_config::options(&Programs::find()?)?;
    options.started = false;
    options.hook = Some(relay.url.clone());
    let mut world = World::start(options).await?;
    let mut hosts = Hosts::new(&mut world, kind)?;
    relay.carry_to(hosts.hooks());
    let played = in_world(&world, &mut hosts, &relay, talk, disturbance).await;
    let broken = played.as_ref().map_or(true, |played| !played.differs.is_empty() || !played.lost.is_empty());
    if broken {
        eprintln!("{}kept: {}", world.logs(), world.keep().display());
    }
    played
}

async fn in_world(
    world: &World,
    hosts: &mut Hosts,
    relay: &Arc<Relay>,
    talk: &[Thread],
    disturbance: Option<&Disturbance>,
) -> anyhow::Result<Played> {
    let (lives, planned) = disturbance.map_or((&[][..], &[][..]), |it| (&it.lives[..], &it.faults[..]));
    let cast = Cast::assemble(&world.sim).await?;
    let desk = Arc::new(Desk::watch(hosts.place().clone()));
    let mut kills = Vec::new();
    let talking = converse(&cast, relay, &desk, talk);
    tokio::pin!(talking);
    let mut said: Option<Vec<Opened>> = None;
    // Of two that are due at one request the second waits for the next one, a kill too.
    faults::set(&world.sim, planned).await?;
    for Life { host, end } in lives {
        hosts.start_all_but(world, Some(*host))?;
        let pid = lives::begin(world, hosts.get(*host), end).await?;
        tokio::select! {
            opened = &mut talking => said = Some(opened?),
            ended = lives::ended(hosts, *host, end) => ended?,
        }
        if said.is_some() {
            break;
        }
        kills.push((end.clone(), hosts.in_doubt(pid).await?));
    }
    hosts.start_all_but(world, None)?;
    let opened = match said {
        Some(opened) => opened,
        None => tokio::select! {
            opened = &mut talking => opened?,
            ended = lives::all_run(hosts) => match ended? {},
        },
    };
    let jobs = world.prowjobs().await?.list(&Selector::default()).await?;
    let end = state::lines(&world.sim.state().await?, &jobs, &opened);
    let inbox = hosts.place().open().await?;
    let counts = inbox.counts().await?;
    Ok(Played {
        differs: disturbance.map(|it| lines::difference(&it.want, &end)).unwrap_or_default(),
        end,
        carried: relay.carried(),
        lost: desk::missing(&inbox, &relay.all_acknowledged()).await?,
        bad: [counts.failed, counts.dead, counts.unknown],
        kills,
        requests: faults::requests(&world.sim).await?,
        faults: faults::played(&world.sim, planned).await?,
    })
}

/// All threads beside one another, each to its end. They are opened in order, so that their numbers are the same each time.
async fn converse(cast: &Cast, relay: &Arc<Relay>, desk: &Arc<Desk>, talk: &[Thread]) -> anyhow::Result<Vec<Opened>> {
    let mut going = JoinSet::new();
    for (at, thread) in talk.iter().enumerate() {
        let opened = cast.open(at, thread).await.with_context(|| format!("opening thread {at}"))?;
        let (cast, thread, relay, desk) = (cast.clone(), thread.clone(), relay.clone(), desk.clone());
        going.spawn(async move { one_thread(&cast, &thread, opened, &relay, &desk).await });
    }
    let mut all = Vec::new();
    while let Some(ended) = going.join_next().await {
        all.push(ended.context("a thread of the conversation panicked")??);
    }
    all.sort_by_key(|opened| opened.number);
    // What is about no pull request has to be seen to, too.
    tokio::time::timeout(PATIENCE, rest(cast, relay, desk, 0)).await.context("events about no thread stay open")??;
    Ok(all)
}

async fn one_thread(
    cast: &Cast,
    thread: &Thread,
    mut opened: Opened,
    relay: &Relay,
    desk: &Desk,
) -> anyhow::Result<Opened> {
    let number = opened.number;
    let mut last = Spoken::default();
    for at in 0..=thread.steps.len() {
        let what = || format!("thread #{number}, after {at} of its steps {:?}", thread.steps);
        let rested = tokio::time::timeout(PATIENCE, rest(cast, relay, desk, number)).await;
        rested.with_context(|| format!("{} does not come to rest", what()))?.with_context(what)?;
        if let Some(step) = thread.steps.get(at) {
            last.before(step).await;
            cast.take(step, thread, &mut opened).await.with_context(what)?;
        }
    }
    Ok(opened)
}

/// When comments and reviews were last written in a thread, in seconds, as GitHub tells their times: of a comment and a review
/// of one second nobody can say which came first, and a person does not write both in one.
#[derive(Default)]
struct Spoken {
    comment: i64,
    review: i64,
}

impl Spoken {
    /// Waits until `step` is later than what was written in the other way.
    async fn before(&mut self, step: &Step) {
        let (own, other) = match step {
            Step::Says(..) => (&mut self.comment, self.review),
            Step::Reviews(..) => (&mut self.review, self.comment),
            _ => return,
        };
        while Timestamp::now().as_second() <= other {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // By the time that it is written it may be the next one.
        *own = Timestamp::now().as_second() + 1;
    }
}

/// Waits until every event about `number` was answered with 200 and handled, and nothing of that has caused another.
async fn rest(cast: &Cast, relay: &Relay, desk: &Desk, number: u64) -> anyhow::Result<()> {
    loop {
        // What somebody has just done, or a task before its end, was told before the call came back.
        cast.sim().quiesce(ON_ITS_WAY).await?;
        let guids = relay.acknowledged(number).await;
        desk.done_with(&guids).await;
        cast.sim().quiesce(ON_ITS_WAY).await?;
        let came = relay.came(number);
        ensure!(came >= guids.len(), "the relay has forgotten events");
        if came == guids.len() {
            return Ok(());
        }
    }
}
