//! A POST to a service, with TLS or without.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use prow::endpoint::Endpoint;

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
    pub(super) async fn post(&self, to: &Endpoint, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Unsent> {
        let exchange = self.exchange(to, headers, body, MOST_BYTES);
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
        to: &Endpoint,
        headers: HeaderMap,
        body: Bytes,
        most: usize,
    ) -> Result<(StatusCode, Option<Bytes>), Unsent> {
        let url: Uri = to.url().parse().map_err(|_| Unsent::Broken("its endpoint is no URL".to_owned()))?;
        let mut request = Request::builder().method(Method::POST).uri(url).body(Full::new(body));
        if let Ok(request) = &mut request {
            *request.headers_mut() = authorized(headers, to);
        }
        let request = request.map_err(|_| Unsent::Broken("its endpoint is no URL".to_owned()))?;
        let answer = self.0.request(request).await.map_err(Unsent::Broken)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), most).collect().await;
        Ok((status, body.ok().map(|body| body.to_bytes())))
    }
}

/// With the name and password that stand in the URL, in place of what came with the event. Behaviour: Go net/http, which
/// Prow forwards with.
fn authorized(mut headers: HeaderMap, to: &Endpoint) -> HeaderMap {
    if let Some((name, password)) = to.user() {
        let credentials = STANDARD.encode(format!("{name}:{password}"));
        let mut value = HeaderValue::try_from(format!("Basic {credentials}")).expect("base64 is ASCII");
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(endpoint: &str, came: Option<&str>, want: Option<&str>) {
        let endpoint: Endpoint = endpoint.parse().unwrap();
        endpoint.url().parse::<Uri>().unwrap();
        let came = came.map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()));
        let sent = authorized(came.into_iter().collect(), &endpoint);
        let sent: Vec<_> = sent.get_all(header::AUTHORIZATION).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(sent, Vec::from_iter(want), "{endpoint}");
    }

    #[test]
    fn a_password_in_an_endpoint_goes_to_its_server() {
        check("http://host/hook", None, None);
        check("http://host/hook", Some("Bearer x"), Some("Bearer x"));
        check("http://bob:pw@host/hook", None, Some("Basic Ym9iOnB3"));
        check("http://bob:pw@host/hook", Some("Bearer x"), Some("Basic Ym9iOnB3"));
        check("https://Aladdin:open%20sesame@[::1]:1/x?y", None, Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        check("http://bob@host", None, Some("Basic Ym9iOg=="));
    }
}
