//! What stands before several hosts: each delivery goes to the next of them, and to another where one does not take it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long one host has for an answer; it may have taken the delivery all the same.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Front(JoinHandle<()>);

struct Hosts {
    hooks: Vec<String>,
    next: AtomicUsize,
    http: reqwest::Client,
}

impl Front {
    pub(super) async fn start(port: u16, hooks: Vec<String>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let hosts = Arc::new(Hosts { hooks, next: AtomicUsize::new(0), http });
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let hosts = hosts.clone();
            async move { hosts.take(headers, body).await }
        });
        let serve = async move { axum::serve(listener, router).await.expect("a listener that stays") };
        Ok(Self(tokio::spawn(serve)))
    }
}

impl Hosts {
    async fn take(&self, headers: HeaderMap, body: Bytes) -> StatusCode {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for turn in 0..self.hooks.len() {
            let hook = &self.hooks[(first + turn) % self.hooks.len()];
            let mut headers = headers.clone();
            headers.remove("host");
            let sent = self.http.post(hook).headers(headers).body(body.clone()).send().await;
            match sent.map(|answer| answer.status()) {
                Ok(status) if status != StatusCode::SERVICE_UNAVAILABLE => return status,
                Ok(_) | Err(_) => {}
            }
        }
        StatusCode::BAD_GATEWAY
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.0.abort();
    }
}
