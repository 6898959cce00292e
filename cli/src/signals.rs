//! SIGINT and SIGTERM: the first asks for an orderly end, the second gets one at once.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first signal; the second ends the process with 128 + its number.
pub(crate) fn shutdown() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot watch for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot watch for SIGTERM")?;
    let token = CancellationToken::new();
    let first = token.clone();
    // Lives as long as the process: there is nobody to hand it to.
    tokio::spawn(async move {
        let name = either(&mut interrupt, &mut terminate).await.0;
        first.cancel();
        tracing::info!("{name}: ending; once more ends at once");
        let (_, number) = either(&mut interrupt, &mut terminate).await;
        std::process::exit(128 + number);
    });
    Ok(token)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> (&'static str, i32) {
    tokio::select! {
        _ = interrupt.recv() => ("SIGINT", SignalKind::interrupt().as_raw_value()),
        _ = terminate.recv() => ("SIGTERM", SignalKind::terminate().as_raw_value()),
    }
}
