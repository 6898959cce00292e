//! The runtimes that commands run on.

use std::future::Future;

use anyhow::Context as _;

/// For servers: as many threads as there are processors.
pub(crate) fn all_threads(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    run(&mut tokio::runtime::Builder::new_multi_thread(), work)
}

/// For tools, and for `up`: its children end with the thread that started them, so that has to be the main thread.
pub(crate) fn one_thread(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    run(&mut tokio::runtime::Builder::new_current_thread(), work)
}

fn run(builder: &mut tokio::runtime::Builder, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    builder.enable_all().build().context("starting the runtime")?.block_on(work)
}
