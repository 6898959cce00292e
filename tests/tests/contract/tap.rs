//! A wire to a far side that writes down what is asked over it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kube::config::{KubeConfigOptions, Kubeconfig};

/// Who is behind it.
#[derive(Clone)]
enum Behind {
    /// Nobody: it answers by itself.
    Nobody,
    /// A server without TLS.
    Http(reqwest::Client, String),
    /// An API server, as its administrator.
    Cluster(kube::Client),
}

#[derive(Clone)]
struct Wire {
    behind: Behind,
    asked: Arc<Mutex<Vec<String>>>,
}

/// It listens on loopback until it is dropped.
pub(crate) struct Tap {
    /// Where, without a path.
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
    _serves: tokio::task::JoinSet<()>,
}

impl Tap {
    /// One that answers everything by itself.
    pub(crate) async fn alone() -> Self {
        Self::start(Behind::Nobody).await
    }

    /// Before the server at this address.
    pub(crate) async fn before(server: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self::start(Behind::Http(http, server.to_owned())).await
    }

    /// Before the API server of this kubeconfig.
    pub(crate) async fn before_cluster(kubeconfig: &Path) -> Self {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        Self::start(Behind::Cluster(kube::Client::try_from(config).unwrap())).await
    }

    async fn start(behind: Behind) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::default();
        let app = Router::new().fallback(pass).with_state(Wire { behind, asked: Arc::clone(&asked) });
        let mut serves = tokio::task::JoinSet::new();
        serves.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, asked, _serves: serves }
    }

    /// `METHOD /path` of all that was asked since the last look.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn pass(State(wire): State<Wire>, request: Request) -> Response {
    wire.asked.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
    let (mut head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    for own in [header::HOST, header::AUTHORIZATION, header::CONTENT_LENGTH] {
        if own != header::AUTHORIZATION || matches!(wire.behind, Behind::Cluster(_)) {
            head.headers.remove(own);
        }
    }
    let path = head.uri.path_and_query().unwrap().to_string();
    let answer = match &wire.behind {
        Behind::Nobody => return StatusCode::OK.into_response(),
        Behind::Http(http, server) => {
            let request = http.request(head.method, format!("{server}{path}")).headers(head.headers).body(body);
            axum::http::Response::from(request.send().await.unwrap()).map(Body::new)
        }
        Behind::Cluster(client) => {
            head.uri = path.parse().unwrap();
            let request = axum::http::Request::from_parts(head, kube::client::Body::from(body.to_vec()));
            client.send(request).await.unwrap().map(Body::new)
        }
    };
    let (mut head, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap();
    for own in [header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        head.headers.remove(own);
    }
    Response::from_parts(head, Body::from(body))
}
