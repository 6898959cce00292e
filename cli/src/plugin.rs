//! `bowsprit plugin`: for those who write plugins and those who run them.

mod pins;
mod push;

use clap::{Args, Subcommand};

/// Bring plugins to registries, and see which of them run here.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin push greeter.wasm oci://ghcr.io/my-org/greeter:1.0
  bowsprit plugin pins --plugin-config plugins.yaml
  bowsprit plugin pins --update greeter")]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    Push(push::PushArgs),
    Pins(pins::PinsArgs),
}

pub(crate) async fn run(args: PluginArgs) -> anyhow::Result<()> {
    match args.command {
        PluginCommand::Push(args) => push::run(args).await,
        PluginCommand::Pins(args) => pins::run(args).await,
    }
}
