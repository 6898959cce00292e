//! `cargo xtask demo`: starts everything, plays the conversation, prints what was seen. Exits with 0 only if every step was
//! observed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use store::Filter;
use tests::conversation;
use tests::demo_config;
use tests::measure::{Memory, Sample};
use tests::programs::Programs;
use tests::stage::Stage;
use tests::timeline::Place;
use tests::world::World;

/// Starts everything, plays the conversation, prints what was seen.
#[derive(Parser)]
#[command(
    name = "demo",
    after_help = "Examples:
  cargo xtask demo
  cargo xtask demo --kubernetes    ProwJobs on an API server"
)]
struct Args {
    /// Keep ProwJobs as custom resources of an API server, which is started too, instead of in a file.
    #[arg(long)]
    kubernetes: bool,
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime needs nothing that a process has not");
    match runtime.block_on(demo(Instant::now(), Args::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(started: Instant, args: Args) -> anyhow::Result<()> {
    let programs = Programs::find()?;
    let mut options = demo_config::options(&programs)?;
    if args.kubernetes {
        let told = std::env::var_os("BOWSPRIT_APISERVER").map(PathBuf::from);
        options.apiserver =
            Some(told.context("the API server is not built: `cargo xtask setup` says why, or builds it")?);
    }
    println!(
        "A stand-in GitHub, the host and the controller, on free ports of this machine, with their state in a fresh directory."
    );
    let world = World::start(options).await?;
    let mut stage = Stage::new(world, started).await?;
    introduce(&mut stage);
    let outcome = tokio::select! {
        outcome = conversation::play(&mut stage) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped by Ctrl-C")),
    };
    if let Err(error) = outcome {
        let dir = stage.world.keep();
        return Err(error.context(format!("everything is kept in {} (logs: *.log)", dir.display())));
    }
    sum_up(&mut stage).await
}

fn introduce(stage: &mut Stage) {
    let (sim, hook) = (stage.world.sim.base(), stage.world.hook_url());
    let (health, logs) = (stage.world.ports.health, stage.world.ports.logs);
    stage.timeline.saw(Place::Github, format_args!("the stand-in listens on {sim}"));
    stage.timeline.saw(Place::Host, format_args!("the webhook is {hook}, /status is on port {health}"));
    stage.timeline.saw(Place::Controller, format_args!("the jobs' logs are on port {logs}"));
    if let Some(server) = stage.world.apiserver() {
        let url = server.url();
        stage.timeline.saw(Place::Store, format_args!("ProwJobs are custom resources of the API server at {url}"));
    }
}

async fn sum_up(stage: &mut Stage) -> anyhow::Result<()> {
    stage.timeline.title("Every step was observed.");
    let deliveries = stage.world.sim.deliveries().await?;
    let acknowledged = deliveries.iter().filter(|delivery| delivery.status_code == Some(200));
    let acks: Sample = acknowledged.map(|delivery| Duration::from_secs_f64(delivery.duration)).collect();
    println!("acknowledged, as GitHub saw it:  {acks} deliveries");
    println!("one task of a plugin:            {} tasks", task_durations(stage).await?);
    let pid = stage.world.host().context("the host is not running")?.pid();
    println!("the host's memory:               {}", Memory::of(pid));
    println!("all of it:                       {:.1} s", stage.timeline.elapsed().as_secs_f64());
    Ok(())
}

async fn task_durations(stage: &Stage) -> anyhow::Result<Sample> {
    let inbox = stage.world.inbox().await?;
    let mut durations = Vec::new();
    for delivery in inbox.list(&Filter::default()).await? {
        let report = inbox.show(&delivery.guid).await?.context("a delivery that was listed is gone")?;
        durations.extend(report.reports.iter().filter_map(|task| task.duration));
    }
    Ok(durations.into_iter().collect())
}
