//! `bowsprit sim`: the stand-in GitHub.

use anyhow::Context as _;
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};

pub(crate) use sim::cli::Args as SimArgs;

pub(crate) async fn run(args: SimArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    // The stand-in ends in order on SIGINT; SIGTERM is to be the same.
    tokio::spawn(async move {
        while terminate.recv().await.is_some() {
            if let Err(error) = kill_process(getpid(), Signal::INT) {
                tracing::error!(%error, "cannot pass SIGTERM on");
            }
        }
    });
    sim::cli::run(args).await
}
