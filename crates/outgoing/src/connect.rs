//! Connections.

use std::io;
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// Connections that are there within `limit`. Those of TLS are made of them too.
pub fn connector(limit: Duration) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(limit));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp
}

/// The same by TLS alone, to servers that this machine's root certificates vouch for.
///
/// # Errors
/// If it has none.
pub fn secured<R>(tcp: HttpConnector<R>) -> io::Result<HttpsConnector<HttpConnector<R>>> {
    let tls = HttpsConnectorBuilder::new().with_native_roots()?;
    Ok(tls.https_only().enable_http1().wrap_connector(tcp))
}

/// A client that keeps connections for a while.
pub fn pooled() -> legacy::Builder {
    let mut hyper = legacy::Client::builder(TokioExecutor::new());
    hyper.pool_timer(TokioTimer::new());
    hyper
}
