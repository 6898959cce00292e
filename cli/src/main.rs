//! The `bowsprit` command: one subcommand a process of the system, and the tools to look at it and to drive it.

mod age;
mod check;
mod compile;
mod controller;
mod deliver;
mod deliveries;
mod explain;
mod failure;
mod host;
mod jobs;
mod log;
mod output;
mod parent;
mod plugin;
mod program;
mod runtime;
#[cfg(test)]
mod sample;
mod signals;
mod sim;
mod spelling;
mod state;
mod supervise;
mod table;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A webhook host for GitHub that speaks Prow's language, and all that belongs to it.
#[derive(Parser)]
#[command(name = "bowsprit", version, after_help = EXAMPLES, max_term_width = 120)]
struct Cli {
    #[command(flatten)]
    log: log::LogArgs,
    #[command(flatten)]
    parent: parent::ParentArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  bowsprit up                 the whole system, with a stand-in GitHub
  bowsprit jobs list          what ran and what came of it
  bowsprit deliveries list    which webhooks came in, and who handled them
  bowsprit deliveries retry --all-failed
                              run again what failed
  bowsprit explain URL        why something happened, or why nothing did
  bowsprit deliver --help     send a payload by hand
  bowsprit plugin build DIR   make a component of a plugin's source
  bowsprit check --help       look through a configuration before it counts

RUST_LOG says what is logged (default: info), for example
RUST_LOG=host=debug,info.";

/// The longest line of an example. A longer one is broken by a terminal of 80 columns, and can then not be copied.
#[cfg(test)]
const EXAMPLE_COLUMNS: usize = 78;

#[derive(Subcommand)]
enum Command {
    Up(Box<up::UpArgs>),
    Host(Box<host::HostArgs>),
    Controller(Box<controller::ControllerArgs>),
    Sim(Box<sim::SimArgs>),
    Deliver(Box<deliver::DeliverArgs>),
    Deliveries(deliveries::DeliveriesArgs),
    Explain(explain::ExplainArgs),
    Jobs(jobs::JobsArgs),
    Plugin(plugin::PluginArgs),
    Check(Box<check::CheckArgs>),
    #[command(hide = true, name = compile::NAME)]
    CompileComponent(compile::CompileArgs),
    #[command(hide = true, name = supervise::NAME)]
    Supervise(supervise::SuperviseArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse_from(spelling::accept_go(std::env::args_os().collect()));
    match run(cli) {
        Ok(code) => code,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("{}", failure::explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let servers = || log::start(&cli.log).and_then(|()| cli.parent.follow());
    let done = match cli.command {
        // The one command of which more than one way to fail is told apart.
        Command::Check(args) => return check::run(&args),
        Command::Up(args) => runtime::one_thread(up::run(*args, &cli.log)),
        Command::Host(args) => servers().and_then(|()| runtime::all_threads(host::run(*args))),
        Command::Controller(args) => servers().and_then(|()| runtime::all_threads(controller::run(*args))),
        Command::Sim(args) => servers().and_then(|()| runtime::all_threads(sim::run(*args))),
        Command::Deliver(args) => runtime::one_thread(deliver::run(*args)),
        Command::Deliveries(args) => runtime::one_thread(deliveries::run(args)),
        Command::Explain(args) => runtime::one_thread(explain::run(args)),
        Command::Jobs(args) => runtime::one_thread(jobs::run(args)),
        Command::Plugin(args) => plugin::run(args),
        Command::CompileComponent(args) => compile::run(&args),
        Command::Supervise(args) => supervise::run(&args),
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        #[track_caller]
        fn look(command: &clap::Command, path: &str) {
            if command.is_hide_set() {
                return;
            }
            let path = format!("{path} {}", command.get_name());
            let shown = command.get_after_help().or(command.get_after_long_help()).map(ToString::to_string);
            let help = shown.unwrap_or_default();
            assert!(help.contains("bowsprit "), "{path} has no examples");
            let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > EXAMPLE_COLUMNS).collect();
            assert!(wide.is_empty(), "{path}: too wide to be copied: {wide:?}");
            for sub in command.get_subcommands() {
                look(sub, &path);
            }
        }
        look(&Cli::command(), "");
    }
}
