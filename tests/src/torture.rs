//! The torture test: many people talk on dozens of pull requests at once, while the host is killed with SIGKILL again and
//! again and GitHub fails it; in the end all is as it would be if nothing had happened.
//!
//! There is one host, with its inbox in a file, or there are three on one PostgreSQL. Each is a process like any other: what kills one is the driver's clock, the stand-in GitHub at a request, or a
//! tracer at a call to the disk. What it is compared with is a run of the same conversation that nobody disturbed.

pub mod cast;
pub mod desk;
pub mod faults;
pub mod hosts;
pub mod lives;
pub mod play;
pub mod relay;
pub mod state;
pub mod talk;
pub mod tally;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use database::Server;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use self::hosts::Kind;
use self::play::{Disturbance, play};
use self::tally::{Progress, Tally};

/// The most kills and faults of one conversation.
const KILLS_A_ROUND: usize = 40;
const FAULTS_A_ROUND: usize = 360;
/// How many webhooks a step leads to, more or less.
const EVENTS_A_STEP: usize = 2;

/// How much of everything. The same numbers draw the same conversation, kills and faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where chance begins.
    pub seed: u64,
    /// Kills in all rounds.
    pub kills: usize,
    /// Request faults in all rounds.
    pub faults: usize,
    /// Issues and pull requests.
    pub threads: usize,
    /// What is done on each.
    pub steps: usize,
    /// Whether three hosts share an inbox on PostgreSQL; else it is one, with a file.
    pub several: bool,
}

impl Settings {
    /// So that there are about so many webhooks a round.
    #[must_use]
    pub fn with_events(self, events: usize) -> Self {
        Self { steps: events.div_ceil(self.threads.max(1) * EVENTS_A_STEP), ..self }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, kills, faults, threads, steps, several } = self;
        let hosts = if *several { "three hosts on PostgreSQL" } else { "one host on SQLite" };
        write!(f, "seed {seed}: {kills} kills, {faults} faults, {threads} threads of {steps} steps, {hosts}")
    }
}

/// Plays the conversation undisturbed, then in rounds until there were as many kills and faults as wanted. Stops at the first
/// round that is not as it should be. `progress`: goes on where the run that kept that file was cut off.
///
/// # Errors
/// What was lost, doubled, failed or not shown.
pub async fn run(settings: &Settings, progress: Option<&Path>) -> anyhow::Result<Tally> {
    println!("{settings}");
    let (mut progress, mut sum) = match progress {
        Some(path) => Progress::open(path, settings).map(|(progress, sum)| (Some(progress), sum))?,
        None => (None, Tally::default()),
    };
    let kind = if settings.several {
        let server = Server::start().context("PostgreSQL is not here: `cargo xtask setup` installs it")?;
        Kind::Several(Arc::new(server))
    } else {
        Kind::One
    };
    let untraceable = match kind {
        Kind::One => lives::untraceable(),
        Kind::Several(_) => Some("the hosts have no inbox on theirs".to_owned()),
    };
    if let Some(why) = &untraceable {
        println!("no kills at the disk: {why}");
    }
    let talk = talk::draw(settings.seed, settings.threads, settings.steps);
    let begun = Instant::now();
    let undisturbed = play(&talk, &kind, None).await?;
    let (events, requests) = (undisturbed.carried.events, undisturbed.requests);
    println!("undisturbed: {events} events, {requests} requests, {:.1} s", begun.elapsed().as_secs_f64());
    let as_it_was = Tally::of(&undisturbed);
    as_it_was.judge()?;

    let enough = |sum: &Tally| sum.killed() >= settings.kills && sum.faulted() >= settings.faults;
    let rounds = settings.kills.div_ceil(KILLS_A_ROUND).max(settings.faults.div_ceil(FAULTS_A_ROUND)) as u64;
    while !enough(&sum) {
        ensure!(sum.rounds < 3 * rounds + 2, "after {} rounds there were only {sum}", sum.rounds);
        let begun = Instant::now();
        // Each round draws by its number alone, so that a run that goes on draws as one that was not cut off.
        let mut random = StdRng::seed_from_u64(settings.seed.wrapping_add((sum.rounds + 1) << 32));
        let kills = settings.kills.saturating_sub(sum.killed()).min(KILLS_A_ROUND);
        let faults = settings.faults.saturating_sub(sum.faulted()).min(FAULTS_A_ROUND);
        let disturbance = Disturbance {
            lives: lives::draw(&mut random, kills, kind.count(), untraceable.is_none()),
            faults: faults::draw(&mut random, faults, requests),
            want: undisturbed.end.clone(),
        };
        let played = play(&talk, &kind, Some(&disturbance)).await?;
        let round = Tally::of(&played);
        let (number, seconds) = (sum.rounds + 1, begun.elapsed().as_secs_f64());
        println!("round {number}: {round}; {} requests, {seconds:.1} s", played.requests);
        for line in played.differs.iter().chain(&played.lost) {
            println!("  {line}");
        }
        ensure!(round.lost + round.doubled == 0, "{round} ({settings}, round {number})");
        sum.add(&round);
        if let Some(progress) = &mut progress {
            progress.add(&round)?;
        }
    }
    println!("all {} rounds: {sum}", sum.rounds);
    sum.judge()?;
    Ok(sum)
}
