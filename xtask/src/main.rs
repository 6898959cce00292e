//! The chores of this repository: `cargo xtask --help`.
//!
//! Kept light (no wasmtime, no tokio), so that a fresh clone has an answer within seconds.

mod bench;
mod catalogue;
mod children;
mod counterparts;
mod go;
mod journal_table;
mod launch;
mod plugins;
mod reference;
mod setup;
mod skips;
mod tally;
mod test;
mod tools;
mod workspace;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::setup::Missing;
use crate::workspace::Workspace;

/// Chores of the Bowsprit repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

const EXAMPLES: &str = "Examples:
  cargo xtask demo          build everything, play the demo's conversation, say what was seen
  cargo xtask up            build everything and keep it running on the default ports
  cargo xtask test          the short tier of all tests
  cargo xtask plugins       only the bundled plugins, as components";

#[derive(Subcommand)]
enum Chore {
    /// Install what the other chores need and cargo does not bring: guest toolchain, git, bubblewrap, and the programs of
    /// other people that tests hold ours against.
    #[command(after_help = "Exits 2 when something is missing that it may not install.

Examples:
  cargo xtask setup            install what is missing (root, Debian or Ubuntu)
  cargo xtask setup --check    only say what is missing
  BOWSPRIT_COUNTERPARTS=/var/cache/bowsprit cargo xtask setup    other people's programs go there, not to ~/.cache")]
    Setup {
        /// Install nothing; say what is missing.
        #[arg(long)]
        check: bool,
    },
    /// Build the bundled plugins into <target>/plugins-dist, with their catalogue.
    #[command(after_help = "Examples:
  cargo xtask plugins
  CARGO_TARGET_DIR=/var/tmp/t cargo xtask plugins    writes to /var/tmp/t/plugins-dist")]
    Plugins,
    /// Write doc/contract.md and the table in doc/journal.md anew from wit/.
    #[command(after_help = "Examples:
  cargo xtask reference")]
    Reference,
    /// Run all tests of both workspaces; the last line counts them.
    #[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --long         the full counts, for a night
  CI=true cargo xtask test        a test that skips itself fails, unless kernel or data are the reason")]
    Test {
        /// Run the full counts (kills, repetitions, …) instead of the short ones.
        #[arg(long)]
        long: bool,
    },
    /// Measure, with optimised programs, on a machine that should do nothing else.
    #[command(after_help = "Examples:
  cargo xtask bench plugins    what a plugin's call costs; writes <target>/bench/plugins.json")]
    Bench {
        /// What is measured.
        subject: bench::Subject,
    },
    /// Build everything and play the demo's conversation against the stand-in GitHub.
    #[command(after_help = "Examples:
  cargo xtask demo
  cargo xtask demo --kubernetes    the host's and controller's ProwJobs on an API server")]
    Demo {
        /// Keep ProwJobs as custom resources of an API server, which is built and started too.
        #[arg(long)]
        kubernetes: bool,
        /// Passed on to the demo.
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Build everything and kill the host again and again through a long conversation, which has to come out as an
    /// undisturbed one does. The short tier is one of the tests.
    #[command(after_help = "Examples:
  cargo xtask torture
  cargo xtask torture --several                      three hosts on one PostgreSQL
  cargo xtask torture --seed 7 --kills 10 --faults 0
  cargo xtask torture --long --resume torture.log    1,000 kills and 9,000 faults, for a night
  cargo xtask torture --help                         all options")]
    #[command(disable_help_flag = true)]
    Torture {
        /// Passed on to the test.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build everything and run `bowsprit up`: the same system, staying up.
    #[command(after_help = "Examples:
  cargo xtask up
  cargo xtask up --help    the options are those of `bowsprit up`")]
    #[command(disable_help_flag = true)]
    Up {
        /// Passed on to `bowsprit up`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            // 2 is "your turn": something to install by hand, and nothing was compiled.
            ExitCode::from(if error.is::<Missing>() { 2 } else { 1 })
        }
    }
}

fn run(chore: Chore) -> anyhow::Result<ExitCode> {
    if let Chore::Setup { check: true } = chore {
        counterparts::check();
        let workspace = Workspace::find()?;
        go::ALL.iter().for_each(|program| program.check(&workspace));
        return setup::check();
    }
    if let Chore::Up { args } = &chore
        && launch::asks_for_help(args)
    {
        return launch::up_help(&Workspace::find()?);
    }
    if let Chore::Torture { args } = &chore
        && launch::asks_for_help(args)
    {
        return launch::torture_help(&Workspace::find()?);
    }
    if let Chore::Reference = chore {
        write_references(&Workspace::find()?.root)?;
        return Ok(ExitCode::SUCCESS);
    }
    setup::ensure(if matches!(chore, Chore::Setup { .. }) { setup::Chore::Setup } else { setup::Chore::Other })?;
    if let Chore::Setup { .. } | Chore::Test { .. } = chore {
        counterparts::ensure();
    }
    let workspace = Workspace::find()?;
    match chore {
        Chore::Setup { .. } => {
            go::ensure_all(&workspace);
            Ok(ExitCode::SUCCESS)
        }
        Chore::Reference => Ok(ExitCode::SUCCESS),
        Chore::Plugins => plugins::build(&workspace).map(|()| ExitCode::SUCCESS),
        Chore::Test { long } => {
            go::ensure_all(&workspace);
            test::run(&workspace, long)
        }
        Chore::Bench { subject } => bench::run(&workspace, subject),
        Chore::Demo { kubernetes, mut args } => {
            if kubernetes {
                go::APISERVER.ensure(&workspace);
                args.insert(0, "--kubernetes".into());
            }
            launch::demo(&workspace, &args)
        }
        Chore::Torture { args } => launch::torture(&workspace, &args),
        Chore::Up { args } => launch::up(&workspace, &args),
    }
}

/// What the documents say of `wit/`.
fn write_references(root: &Path) -> anyhow::Result<()> {
    let write = |file: &str, text: String| {
        std::fs::write(root.join(file), text).with_context(|| format!("cannot write {file}"))
    };
    write(reference::FILE, reference::document(&root.join("wit"))?)?;
    let file = journal_table::FILE;
    let written = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
    write(file, journal_table::document(&root.join("wit"), &written)?)
}
