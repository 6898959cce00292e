//! One HTTP request to any server, with TLS or without: how long it may take, how much may come back.
//!
//! hyper and rustls (ring) as in the other clients. Not `oci-client`, which brings reqwest's TLS, with which every plain
//! client of the workspace would want a process-wide crypto provider, and which reads whole answers before it looks at
//! their size.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::OnceCell;

use crate::body::Upload;

const CONNECT: Duration = Duration::from_secs(5);

/// What came back, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why nothing came back. Without any part of the URL, whose query may hold a secret.
#[derive(Debug)]
pub(crate) enum Broken {
    /// No whole answer came.
    Failed(String),
    /// So many bytes came or were announced.
    TooLarge(u64),
}

pub(crate) struct HttpClient {
    plain: Client<HttpConnector, Upload>,
    /// Root certificates are wanted only where they are used.
    tls: OnceCell<Client<HttpsConnector<HttpConnector>, Upload>>,
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        HttpClient { plain: builder().build(connector()), tls: OnceCell::new() }
    }

    /// Sends it, and reads an answer of at most `most` bytes within `patience`.
    pub(crate) async fn send(&self, request: Request<Upload>, most: u64, patience: Duration) -> Result<Answer, Broken> {
        let answered = tokio::time::timeout(patience, self.exchange(request, most)).await;
        answered.unwrap_or_else(|_| Err(Broken::Failed(format!("no whole answer within {patience:?}"))))
    }

    async fn exchange(&self, request: Request<Upload>, most: u64) -> Result<Answer, Broken> {
        let sent = if request.uri().scheme_str() == Some("http") {
            self.plain.request(request).await
        } else {
            self.tls().await?.request(request).await
        };
        let (head, body) = sent.map_err(|error| Broken::Failed(chain(&error)))?.into_parts();
        let announced = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if let Some(bytes) = announced.filter(|bytes| *bytes > most) {
            return Err(Broken::TooLarge(bytes));
        }
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let body = Limited::new(body, limit).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { Broken::TooLarge(most + 1) } else { Broken::Failed(chain(&*error)) }
        })?;
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }

    async fn tls(&self) -> Result<&Client<HttpsConnector<HttpConnector>, Upload>, Broken> {
        let connect = || async {
            let roots = HttpsConnectorBuilder::new()
                .with_native_roots()
                .map_err(|error| Broken::Failed(format!("this machine has no root certificates: {error}")))?;
            Ok(builder().build(roots.https_only().enable_http1().wrap_connector(connector())))
        };
        self.tls.get_or_try_init(connect).await
    }
}

fn connector() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    tcp
}

fn builder() -> hyper_util::client::legacy::Builder {
    let mut hyper = Client::builder(TokioExecutor::new());
    hyper.pool_timer(TokioTimer::new());
    hyper
}

/// An error and its causes on one line, none said twice.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
