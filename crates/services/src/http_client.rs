//! One HTTP request to one server: where it goes, how long it may take, how much may come back.
//!
//! The same hyper and rustls (ring) as the GitHub client's. Not reqwest: with TLS switched on there, every plain client
//! of the workspace would want root certificates and a process-wide crypto provider, if only to talk to loopback.

use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use outgoing::{chain, connector, pooled, secured};

use crate::options::{Common, SetupError};

/// A server's base URL: scheme, host, port, and a path without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(String);

impl Base {
    pub(crate) fn parse(service: &'static str, text: &str) -> Result<Self, SetupError> {
        let wrong = |endpoint: &str, problem: &str| SetupError::Endpoint {
            service,
            endpoint: endpoint.to_owned(),
            problem: problem.to_owned(),
        };
        let uri: Uri = text.parse().map_err(|_| wrong(text, "not a URL"))?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong(text, "it needs a scheme, http or https, and a host"));
        };
        if authority.as_str().contains('@') {
            // The URL is printed in errors and logs; a password in it would be too.
            let shown = format!("{scheme}://…@{}", authority.host());
            return Err(wrong(&shown, "credentials belong in a file, not in the URL"));
        }
        if uri.query().is_some() {
            return Err(wrong(text, "a base URL has no query"));
        }
        Ok(Self(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/'))))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What came back, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why nothing came back.
pub(crate) struct Broken {
    /// What broke, without any part of the URL: a query may hold the secret.
    pub(crate) what: String,
    /// Whether the request may have arrived.
    pub(crate) sent: bool,
}

pub(crate) struct HttpClient {
    pub(crate) base: Base,
    connection: Connection,
    timeout: Duration,
}

/// Root certificates are wanted only where they are used.
enum Connection {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

const MOST_BYTES: usize = 16 << 20;

impl HttpClient {
    pub(crate) fn new(base: Base, common: &Common) -> Result<Self, SetupError> {
        let tcp = connector(common.connect_timeout);
        let connection = if base.as_str().starts_with("https:") {
            Connection::Tls(pooled().build(secured(tcp).map_err(SetupError::Roots)?))
        } else {
            Connection::Plain(pooled().build(tcp))
        };
        Ok(Self { base, connection, timeout: common.request_timeout })
    }

    /// Sends it; `path` begins with a slash and comes behind the base's.
    pub(crate) async fn send(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Answer, Broken> {
        let question = if query.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{question}{query}", self.base.as_str());
        let mut request = Request::builder().method(method).uri(url).body(Full::new(body));
        if let Ok(request) = &mut request {
            *request.headers_mut() = headers;
        }
        let request = request.map_err(|_| Broken { what: "no URL can be made of it".to_owned(), sent: false })?;
        let answered = tokio::time::timeout(self.timeout, self.exchange(request)).await;
        answered.unwrap_or_else(|_| Err(Broken { what: format!("no answer within {:?}", self.timeout), sent: true }))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, Broken> {
        let answer = match &self.connection {
            Connection::Plain(client) => client.request(request).await,
            Connection::Tls(client) => client.request(request).await,
        };
        let answer = answer.map_err(|error| Broken { what: chain(&error), sent: !error.is_connect() })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await;
        let body = body.map_err(|error| Broken { what: chain(&*error), sent: true })?;
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, &str>) {
        let got = Base::parse("Jira", text).map(|base| base.0).map_err(|error| error.to_string());
        assert_eq!(got, want.map(str::to_owned).map_err(|e| format!("Jira endpoint {e}")), "{text}");
    }

    #[test]
    fn a_base_has_a_scheme_and_a_host_and_no_secret() {
        check("https://issues.example.com/", Ok("https://issues.example.com"));
        check("http://127.0.0.1:8080/jira/", Ok("http://127.0.0.1:8080/jira"));
        check("issues.example.com", Err("`issues.example.com`: it needs a scheme, http or https, and a host"));
        check("ftp://example.com", Err("`ftp://example.com`: it needs a scheme, http or https, and a host"));
        check("", Err("``: not a URL"));
        check("https://h/?a=b", Err("`https://h/?a=b`: a base URL has no query"));
        check("https://bot:hunter2@h/", Err("`https://…@h`: credentials belong in a file, not in the URL"));
    }
}
