//! `bowsprit plugin`: for those who write plugins and those who run them.

mod build;
mod contract;
mod help;
mod inspect;
mod language;
mod new;
mod pins;
mod push;
mod record;
mod scenario;
mod stage;
mod test;
mod tool;

use clap::{Args, Subcommand};

use crate::runtime;

/// Write plugins in any language, build them, try them, look at them, and bring them to registries.
#[derive(Debug, Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:
  bowsprit plugin new --lang js greeter
  bowsprit plugin test ./greeter
  bowsprit plugin build ./greeter
  bowsprit plugin inspect greeter.wasm
  bowsprit plugin help lgtm --repo my-org/hello
  bowsprit plugin push greeter.wasm oci://ghcr.io/my-org/greeter:1.0
  bowsprit plugin pins --plugin-config plugins.yaml"
)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    New(new::NewArgs),
    Build(build::BuildArgs),
    Test(test::TestArgs),
    Record(record::RecordArgs),
    Inspect(inspect::InspectArgs),
    Help(help::HelpArgs),
    Push(push::PushArgs),
    Pins(pins::PinsArgs),
}

pub(crate) fn run(args: PluginArgs) -> anyhow::Result<()> {
    match args.command {
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Test(args) => runtime::all_threads(test::run(args)),
        PluginCommand::Record(args) => runtime::one_thread(record::run(args)),
        PluginCommand::Build(args) => build::run(&args),
        PluginCommand::Inspect(args) => runtime::all_threads(inspect::run(args)),
        PluginCommand::Help(args) => runtime::all_threads(help::run(args)),
        PluginCommand::Push(args) => runtime::one_thread(push::run(args)),
        PluginCommand::Pins(args) => runtime::one_thread(pins::run(args)),
    }
}
