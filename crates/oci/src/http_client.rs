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
use outgoing::chain;

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

pub(crate) struct HttpClient(outgoing::Client<Upload>);

impl HttpClient {
    pub(crate) fn new() -> Self {
        HttpClient(outgoing::Client::new(CONNECT))
    }

    /// Sends it, and reads an answer of at most `most` bytes within `patience`.
    pub(crate) async fn send(&self, request: Request<Upload>, most: u64, patience: Duration) -> Result<Answer, Broken> {
        let answered = tokio::time::timeout(patience, self.exchange(request, most)).await;
        answered.unwrap_or_else(|_| Err(Broken::Failed(format!("no whole answer within {patience:?}"))))
    }

    async fn exchange(&self, request: Request<Upload>, most: u64) -> Result<Answer, Broken> {
        let (head, body) = self.0.request(request).await.map_err(Broken::Failed)?.into_parts();
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
}
