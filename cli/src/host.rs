//! `bowsprit host`: webhooks in, plugins run.

use clap::Args;
use host::flags::HostFlags;
use host::run::CompilerCommand;

use crate::{compile, program, signals};

/// Take GitHub's webhooks and run plugins.
#[derive(Debug, Args)]
pub(crate) struct HostArgs {
    #[command(flatten)]
    flags: HostFlags,
}

pub(crate) async fn run(args: HostArgs) -> anyhow::Result<()> {
    let compiler = CompilerCommand { program: program::current()?, args: vec![compile::NAME.to_owned()] };
    host::run::run(args.flags, compiler, signals::shutdown()?).await
}
