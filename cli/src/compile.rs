//! `bowsprit compile-component IN OUT MEMORY CPU OUTPUT`: the child process in which the host compiles a component.

use std::path::PathBuf;

use clap::Args;
use host::compile::CompileLimits;

/// The subcommand's name, for the host to call.
pub(crate) const NAME: &str = "compile-component";

/// Compile a component for this machine, under limits on memory and time.
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The component.
    input: PathBuf,
    /// Where its machine code goes.
    output: PathBuf,
    /// Bytes of address space that may be used.
    #[arg(default_value_t = CompileLimits::default().memory_bytes)]
    memory: u64,
    /// Seconds of processor time that may be used.
    #[arg(default_value_t = CompileLimits::default().cpu_seconds)]
    cpu: u64,
    /// Bytes of machine code that may be written.
    #[arg(default_value_t = CompileLimits::default().output_bytes)]
    output_bytes: u64,
}

pub(crate) fn run(args: &CompileArgs) -> anyhow::Result<()> {
    // How long it may take by the clock is for the host to see to.
    let limits = CompileLimits {
        memory_bytes: args.memory,
        cpu_seconds: args.cpu,
        output_bytes: args.output_bytes,
        ..CompileLimits::default()
    };
    host::compile::child(&args.input, &args.output, &limits)
}
