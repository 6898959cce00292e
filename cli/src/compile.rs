//! `bowsprit compile-component IN OUT`: the child process in which the host compiles a component.

use std::path::PathBuf;

use clap::Args;

/// The subcommand's name, for the host to call.
pub(crate) const NAME: &str = "compile-component";

/// Compile a component for this machine, under limits on memory and time.
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    input: PathBuf,
    output: PathBuf,
}

pub(crate) fn run(args: &CompileArgs) -> anyhow::Result<()> {
    host::compile::child(&args.input, &args.output)
}
