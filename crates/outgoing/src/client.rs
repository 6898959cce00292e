//! Requests to any server.

use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::sync::OnceCell;

use crate::chain;
use crate::connect::{connector, pooled, secured};

/// Sends requests to any server, by TLS unless the URL says `http`.
pub struct Client<B> {
    connect: Duration,
    plain: legacy::Client<HttpConnector, B>,
    /// Root certificates are wanted only where they are used.
    tls: OnceCell<legacy::Client<HttpsConnector<HttpConnector>, B>>,
}

impl<B> Client<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    /// One whose connections are there within `connect`.
    pub fn new(connect: Duration) -> Self {
        Client { connect, plain: pooled().build(connector(connect)), tls: OnceCell::new() }
    }

    /// The head of the answer, and its body as it comes.
    ///
    /// # Errors
    /// What broke, without any part of the URL: a query may hold a secret.
    pub async fn request(&self, request: Request<B>) -> Result<Response<Incoming>, String> {
        let answer = if request.uri().scheme_str() == Some("http") {
            self.plain.request(request).await
        } else {
            self.tls().await?.request(request).await
        };
        answer.map_err(|error| chain(&error))
    }

    async fn tls(&self) -> Result<&legacy::Client<HttpsConnector<HttpConnector>, B>, String> {
        let connect = || async {
            let tls = secured(connector(self.connect))
                .map_err(|error| format!("this machine has no root certificates: {error}"))?;
            Ok(pooled().build(tls))
        };
        self.tls.get_or_try_init(connect).await
    }
}
