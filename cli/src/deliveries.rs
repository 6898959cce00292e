//! `bowsprit deliveries`: which webhooks came in, and what became of them.

mod list;
mod show;

use clap::{Args, Subcommand};

/// Look at the deliveries that were accepted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries list --repo my-org/hello --since 1h
  bowsprit deliveries show 72d3162e-cc78-11e3-81ab-4c9367dc0958")]
pub(crate) struct DeliveriesArgs {
    #[command(subcommand)]
    command: DeliveriesCommand,
}

#[derive(Debug, Subcommand)]
enum DeliveriesCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
}

pub(crate) async fn run(args: DeliveriesArgs) -> anyhow::Result<()> {
    match args.command {
        DeliveriesCommand::List(args) => list::run(args).await,
        DeliveriesCommand::Show(args) => show::run(args).await,
    }
}
