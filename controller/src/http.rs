//! What the controller serves: the jobs' logs, metrics, and whether it is well.

use std::io::SeekFrom;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TextEncoder};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncSeekExt;
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;

use crate::local_runner::LocalRunner;

/// Tells clients that this is a log and where in it the answer begins, in bytes. Any other page leaves it out.
const LOG_OFFSET: HeaderName = HeaderName::from_static("bowsprit-log-offset");

/// Listens on this port: on all of this machine's addresses, as Prow's components do.
///
/// # Errors
/// Names the flag to change.
pub(crate) async fn listen(ip: IpAddr, port: u16, flag: &str) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((ip, port))
        .await
        .with_context(|| format!("cannot listen on {ip} port {port}: choose another port with {flag}"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves until `shutdown`.
pub(crate) async fn serve(listener: TcpListener, router: Router, shutdown: CancellationToken) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

/// `GET /log/<ProwJob>`: the log as far as it goes, as plain text. `?offset=N` leaves out the first N bytes, so that whoever
/// follows it asks again from where they are.
pub(crate) fn logs(runner: LocalRunner) -> Router {
    Router::new().route("/log/{name}", get(log)).with_state(runner)
}

#[derive(Deserialize)]
struct LogQuery {
    #[serde(default)]
    offset: u64,
}

async fn log(State(runner): State<LocalRunner>, Path(name): Path<String>, Query(query): Query<LogQuery>) -> Response {
    let none = || (StatusCode::NOT_FOUND, format!("404: there is no log of a ProwJob `{name}`\n")).into_response();
    let Some(dir) = runner.dir(&name) else { return none() };
    let Ok(mut file) = File::open(dir.log()).await else { return none() };
    if let Err(error) = file.seek(SeekFrom::Start(query.offset)).await {
        return (StatusCode::INTERNAL_SERVER_ERROR, format!("500: the log cannot be read: {error}\n")).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        // A job writes what it likes; no browser is to take it for anything but text.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (LOG_OFFSET, query.offset.to_string()),
    ];
    (headers, Body::from_stream(ReaderStream::new(file))).into_response()
}

/// `/metrics`
pub(crate) fn metrics(registry: Arc<Registry>) -> Router {
    let show = async move || match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("500: {error}\n")).into_response(),
    };
    Router::new().route("/metrics", get(show))
}

/// `/healthz` once it listens, `/healthz/ready` while it does its work.
pub(crate) fn health(ready: Arc<AtomicBool>) -> Router {
    let is_ready = async move || match ready.load(Ordering::SeqCst) {
        true => (StatusCode::OK, "OK\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    };
    Router::new().route("/healthz", get(async || "OK\n")).route("/healthz/ready", get(is_ready))
}
