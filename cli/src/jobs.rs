//! `bowsprit jobs`: what ran, what came of it, and what people do about it.

mod abort;
mod find;
mod list;
mod logs;
mod place;
mod rerun;
mod show;

use clap::{Args, Subcommand};

/// Look at ProwJobs, stop them, run them again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs list --repo my-org/hello --pr 1
  bowsprit jobs logs -f 3f0c9a
  bowsprit jobs rerun 3f0c9a
  bowsprit jobs list --kubeconfig ~/.kube/config --namespace prow

A NAME may be cut short as long as it fits one ProwJob only.")]
pub(crate) struct JobsArgs {
    #[command(subcommand)]
    command: JobsCommand,
}

#[derive(Debug, Subcommand)]
enum JobsCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Logs(logs::LogsArgs),
    Abort(abort::AbortArgs),
    Rerun(rerun::RerunArgs),
}

pub(crate) async fn run(args: JobsArgs) -> anyhow::Result<()> {
    match args.command {
        JobsCommand::List(args) => list::run(args).await,
        JobsCommand::Show(args) => show::run(args).await,
        JobsCommand::Logs(args) => logs::run(args).await,
        JobsCommand::Abort(args) => abort::run(args).await,
        JobsCommand::Rerun(args) => rerun::run(args).await,
    }
}
