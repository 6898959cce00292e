//! Connections: how many, how long, and how they end.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Hook, Limits};

/// File descriptors that are not for connections.
const OTHER_FILES: usize = 128;
/// Read buffer of a connection; also the longest head.
const BUFFER: usize = 64 << 10;
/// How long to wait when no connection can be accepted for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What serves the webhook, and `others` beside it, until `stop`: then no connection is accepted any more, requests under
/// way get their answer (503 for deliveries), and it ends when the last connection is closed.
///
/// # Errors
/// If the process may not open enough files.
pub fn serve(
    listener: TcpListener,
    hook: Hook,
    others: Router,
    stop: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let room = Arc::new(Semaphore::new(hook.0.limits.connections.min(file_room()?)));
    Ok(take(listener, room, hook, others, stop))
}

async fn take(listener: TcpListener, room: Arc<Semaphore>, hook: Hook, others: Router, stop: CancellationToken) {
    let limits = hook.0.limits.clone();
    let app = hook.router(others, stop.clone());
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let serving = connection(stream, app.clone(), limits.clone(), stop.clone());
        connections.spawn(async move {
            serving.await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    hook.0.drains.close();
    hook.0.drains.wait().await;
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = room.clone().acquire_owned().await.expect("the semaphore is never closed");
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(stream: TcpStream, app: Router, limits: Limits, stop: CancellationToken) {
    // Answers are one small write; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(BUFFER)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut serving = pin!(serving);
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection broke");
    }
}

/// How many connections the process can have open. The soft limit, often 1,024, is raised to what is allowed first.
fn file_room() -> io::Result<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)?;
    }
    let files = limit.current.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    // Semaphores count to less than a usize holds, and never are that many connections meant.
    Ok(files.saturating_sub(OTHER_FILES).clamp(16, 1 << 20))
}
