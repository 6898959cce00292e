//! `bowsprit deliveries`: which webhooks came in, what became of them, and what of it is to run again.

mod list;
mod replay;
mod rerun;
mod retry;
mod show;

use clap::{Args, Subcommand};

/// Look at the deliveries that were accepted, and run again what failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries list --repo my-org/hello --since 1h
  bowsprit deliveries list --failed
  bowsprit deliveries show 72d3162e-cc78-11e3-81ab-4c9367dc0958
  bowsprit deliveries retry --all-failed
  bowsprit deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958")]
pub(crate) struct DeliveriesArgs {
    #[command(subcommand)]
    command: DeliveriesCommand,
}

#[derive(Debug, Subcommand)]
enum DeliveriesCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Retry(retry::RetryArgs),
    Replay(replay::ReplayArgs),
}

pub(crate) async fn run(args: DeliveriesArgs) -> anyhow::Result<()> {
    match args.command {
        DeliveriesCommand::List(args) => list::run(args).await,
        DeliveriesCommand::Show(args) => show::run(args).await,
        DeliveriesCommand::Retry(args) => retry::run(args).await,
        DeliveriesCommand::Replay(args) => replay::run(args).await,
    }
}
