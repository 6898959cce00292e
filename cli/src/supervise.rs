//! `bowsprit supervise DIR`: the process beside each job, which outlives the controller that started it.

use std::path::PathBuf;

use clap::Args;
use podutils::job_dir::JobDir;

/// The subcommand's name, for the controller to call.
pub(crate) const NAME: &str = "supervise";

/// Clone a job's source, run its command, write down how it ended.
#[derive(Debug, Args)]
pub(crate) struct SuperviseArgs {
    /// The job's directory.
    dir: PathBuf,
}

pub(crate) fn run(args: &SuperviseArgs) -> anyhow::Result<()> {
    podutils::supervise::main(&JobDir::new(&args.dir))
}
