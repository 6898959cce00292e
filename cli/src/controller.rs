//! `bowsprit controller`: ProwJobs, from triggered to reported.

use clap::Args;

use crate::{program, signals, supervise};

/// Run ProwJobs, and report what comes of them.
#[derive(Debug, Args)]
pub(crate) struct ControllerArgs {
    #[command(flatten)]
    options: controller::Options,
}

pub(crate) async fn run(args: ControllerArgs) -> anyhow::Result<()> {
    let mut options = args.options;
    options.supervisor = Some(vec![program::current()?.display().to_string(), supervise::NAME.to_owned()]);
    controller::run(options, signals::shutdown()?).await
}
