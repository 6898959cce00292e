//! `cargo xtask torture`: the torture test by hand, as long as one likes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::torture::{Settings, run};

/// Kills the host again and again through a conversation, and compares what it comes to with an undisturbed one.
#[derive(Parser)]
#[command(
    name = "torture",
    after_help = "Examples:
  cargo xtask torture                                      a few minutes
  cargo xtask torture --seed 7 --kills 10 --faults 0       what seed 7 draws
  cargo xtask torture --several                            three hosts on one PostgreSQL
  cargo xtask torture --long --resume target/torture.log   1,000 kills and 9,000 faults; goes on where it was cut off"
)]
struct Args {
    /// Where chance begins; any, and printed, if it is not given.
    #[arg(long)]
    seed: Option<u64>,
    /// How often a host is killed.
    #[arg(long, default_value_t = 40)]
    kills: usize,
    /// How many requests GitHub fails.
    #[arg(long, default_value_t = 360)]
    faults: usize,
    /// About how many webhooks one conversation leads to.
    #[arg(long, default_value_t = 2000)]
    events: usize,
    /// How many issues and pull requests it is held on.
    #[arg(long, default_value_t = 32)]
    threads: usize,
    /// Three hosts on one PostgreSQL, instead of one with a file.
    #[arg(long)]
    several: bool,
    /// 1,000 kills and 9,000 faults.
    #[arg(long, conflicts_with_all = ["kills", "faults"])]
    long: bool,
    /// Keeps what was done in this file, round by round, and goes on from there.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Args { seed, kills, faults, events, threads, several, long, resume } = Args::parse();
    let (kills, faults) = if long { (1000, 9000) } else { (kills, faults) };
    // A run that goes on has to be of the seed that it began with: one that is not given is the same each time then.
    let seed = seed.unwrap_or_else(|| if resume.is_some() { 1 } else { u64::from(rand::random::<u32>()) });
    let settings = Settings { seed, kills, faults, threads, steps: 0, several }.with_events(events);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime needs nothing that a process has not");
    match runtime.block_on(run(&settings, resume.as_deref())) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe torture test failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
