//! One cluster: requests to its API server, their time limits, and lists that come in pages.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt as _};
use kube_core::params::{ListParams, WatchParams};
use kube_core::request::Request;
use kube_core::watch::WatchEvent;
use serde_json::Value;
use tokio::time::timeout;

use crate::error::{CallError, Slow};

/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);
/// How long one page of a list may take.
const PAGE: Duration = Duration::from_secs(60);
/// Objects in a page.
const PAGE_SIZE: u32 = 500;
/// How often a list begins anew whose pages have become too old while it was read.
const RESTARTS: usize = 3;
/// How long the server keeps a watch open.
const WATCH_SECONDS: u32 = 290;
/// How long a watch may be silent before it is taken for dead: longer than the server would keep it.
pub(crate) const WATCH_IDLE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 30);

/// A cluster's API server, as one user. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: kube::Client,
    server: Arc<str>,
}

/// Events of a watch.
pub(crate) type Events = BoxStream<'static, Result<WatchEvent<Value>, CallError>>;

impl Cluster {
    /// A client by this configuration. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// If certificates or credentials in it cannot be used.
    pub fn new(mut config: kube::Config) -> Result<Self, kube::Error> {
        // Who calls knows better when to try again: a plugin's run is put aside meanwhile.
        config.default_retry = false;
        let server = config.cluster_url.to_string();
        Ok(Self { client: kube::Client::try_from(config)?, server: server.trim_end_matches('/').into() })
    }

    /// Where its server is.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// One request, and the JSON that answers it.
    pub(crate) async fn call(
        &self,
        request: Result<http::Request<Vec<u8>>, kube_core::request::Error>,
    ) -> Result<Value, CallError> {
        self.call_within(CALL, request).await
    }

    async fn call_within(
        &self,
        limit: Duration,
        request: Result<http::Request<Vec<u8>>, kube_core::request::Error>,
    ) -> Result<Value, CallError> {
        match timeout(limit, self.client.request(request?)).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(CallError::Silence(Arc::new(Slow(limit)))),
        }
    }

    /// All objects below `path` that fit, and the version of the whole.
    pub(crate) async fn list(&self, path: &str, selector: Option<&str>) -> Result<(Vec<Value>, String), CallError> {
        let mut restarts = 0;
        loop {
            match self.pages(path, selector).await {
                Err(error) if error.is_expired() && restarts < RESTARTS => restarts += 1,
                other => return other,
            }
        }
    }

    async fn pages(&self, path: &str, selector: Option<&str>) -> Result<(Vec<Value>, String), CallError> {
        let mut params = ListParams::default().limit(PAGE_SIZE);
        params.label_selector = selector.map(str::to_owned);
        let mut all = Vec::new();
        loop {
            let mut page = self.call_within(PAGE, Request::new(path).list(&params)).await?;
            if let Value::Array(items) = page["items"].take() {
                all.extend(items);
            }
            let metadata = &page["metadata"];
            match metadata["continue"].as_str() {
                Some(token) if !token.is_empty() => params.continue_token = Some(token.to_owned()),
                _ => return Ok((all, metadata["resourceVersion"].as_str().unwrap_or_default().to_owned())),
            }
        }
    }

    /// What changes below `path` after a version, until the server ends it.
    pub(crate) async fn watch(&self, path: &str, after: &str) -> Result<Events, CallError> {
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let request = Request::new(path).watch(&params, after)?;
        match timeout(CALL, self.client.request_events::<Value>(request)).await {
            Ok(events) => Ok(events?.map(|event| event.map_err(CallError::from)).boxed()),
            Err(_) => Err(CallError::Silence(Arc::new(Slow(CALL)))),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

/// The path of a kind's objects in a namespace. `kind` is as in `api/v1/…/configmaps`: a group's prefix and a plural.
pub(crate) fn path(prefix: &str, namespace: &str, plural: &str) -> String {
    format!("/{prefix}/namespaces/{namespace}/{plural}")
}
