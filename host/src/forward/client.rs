//! A POST to a service, with TLS or without.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};

const CONNECT: Duration = Duration::from_secs(5);
/// Services answer when they have taken an event, and handle it after that. Prow waits for ever.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer's body is read, so that its connection can be used again, and thrown away.
const MOST_BYTES: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsent {
    /// No connection, or one that broke.
    #[error("{0}")]
    Broken(String),
    /// It took the event and said nothing.
    #[error("{0}")]
    TooSlow(String),
}

pub(super) struct Client(outgoing::Client<Full<Bytes>>);

impl Client {
    pub(super) fn new() -> Self {
        Client(outgoing::Client::new(CONNECT))
    }

    /// The status of the answer.
    pub(super) async fn post(&self, url: &str, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Unsent> {
        let exchange = self.exchange(url, headers, body, MOST_BYTES);
        let answered = tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| {
            Unsent::TooSlow(format!(
                "it took the event and had not answered after {PATIENCE:?}: whether it handles it is unknown"
            ))
        })?;
        // What it says is not asked for: the status has come, and counts.
        answered.map(|(status, _)| status)
    }

    /// The status and, if it came whole and has no more than `most` bytes, the body of the answer.
    pub(super) async fn exchange(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        most: usize,
    ) -> Result<(StatusCode, Option<Bytes>), Unsent> {
        let url: Uri = url.parse().map_err(|_| Unsent::Broken("its endpoint is no URL".to_owned()))?;
        let mut request = Request::builder().method(Method::POST).uri(url).body(Full::new(body));
        if let Ok(request) = &mut request {
            *request.headers_mut() = headers;
        }
        let request = request.map_err(|_| Unsent::Broken("its endpoint is no URL".to_owned()))?;
        let answer = self.0.request(request).await.map_err(Unsent::Broken)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), most).collect().await;
        Ok((status, body.ok().map(|body| body.to_bytes())))
    }
}
