//! One request of a plugin's to one destination, and the whole answer.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use outgoing::{chain, secured};

use super::destination::{Destination, is_public};
use crate::contract::types::{ApiError, ErrorKind};

/// How long one request may take, its answer included.
const TIMEOUT: Duration = Duration::from_secs(30);
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an answer's body.
pub(crate) const MAX_ANSWER: usize = 4 << 20;

/// What came back, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nothing was sent.
    NotSent(ApiError),
    /// Some of it was, perhaps all.
    Sent(ApiError),
}

/// Sends it to one of these addresses. A redirect is an answer like any other: who follows it asks anew.
///
/// # Errors
/// `other` for what did not answer. No text holds a header.
pub(crate) async fn send(
    to: &Destination,
    addresses: Vec<SocketAddr>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Failed> {
    let exchanged = tokio::time::timeout(TIMEOUT, exchange(to, addresses, request)).await;
    exchanged.map_err(|_| Failed::Sent(late(to, TIMEOUT))).flatten()
}

fn late(to: &Destination, after: Duration) -> ApiError {
    broken(format!("{} did not answer within {} s", to.host, after.as_secs()))
}

fn broken(message: String) -> ApiError {
    ApiError { kind: ErrorKind::Other, message }
}

/// The addresses of the host that may be connected to: none of this network, unless it was granted. The connection is made to these and no name is looked up again: a
/// name that changes its mind meanwhile changes nothing.
///
/// # Errors
/// `denied` for a name that leads to this network; `other` for one that leads nowhere.
pub(crate) async fn addresses(to: &Destination) -> Result<Vec<SocketAddr>, ApiError> {
    let found = tokio::time::timeout(LOOKUP_TIMEOUT, tokio::net::lookup_host((to.host.as_str(), to.port))).await;
    let found = found.map_err(|_| broken(format!("{}: no address within {} s", to.host, LOOKUP_TIMEOUT.as_secs())))?;
    let found: Vec<_> = found.map_err(|error| broken(format!("{}: no such host: {error}", to.host)))?.collect();
    let allowed: Vec<_> = found.iter().copied().filter(|address| to.is_by_address || is_public(address.ip())).collect();
    match (allowed.is_empty(), found.first()) {
        (false, _) => Ok(allowed),
        (true, None) => Err(broken(format!("{} has no address", to.host))),
        (true, Some(_)) => {
            let message = format!("{} is in this network: grant its address itself, as `address:port`", to.host);
            Err(ApiError { kind: ErrorKind::Denied, message })
        }
    }
}

/// Answers every name with these addresses.
#[derive(Clone)]
struct Known(Vec<SocketAddr>);

impl tower_service::Service<Name> for Known {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

async fn exchange(
    to: &Destination,
    addresses: Vec<SocketAddr>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Failed> {
    let mut tcp = HttpConnector::new_with_resolver(Known(addresses));
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let client = Client::builder(TokioExecutor::new());
    let answered = if to.is_plain {
        client.build(tcp).request(request).await
    } else {
        let rootless = |error| broken(format!("this machine has no root certificates: {error}"));
        let tls = secured(tcp).map_err(|error| Failed::NotSent(rootless(error)))?;
        client.build(tls).request(request).await
    };
    let answer = answered.map_err(|error| {
        let failed = broken(format!("{}: {}", to.host, chain(&error)));
        if error.is_connect() { Failed::NotSent(failed) } else { Failed::Sent(failed) }
    })?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MAX_ANSWER).collect().await;
    let body = body.map_err(|error| Failed::Sent(broken(format!("{}: the answer: {}", to.host, chain(&*error)))))?;
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
}
