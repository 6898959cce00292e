//! A world to try things in, and a receiver for its webhooks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::process::Command;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use sim::client::{NewPr, Pr, Sim};
use sim::seed::{Seed, Seeded};
use sim::{Options, Running};
use tokio::task::JoinHandle;

/// The demonstration's repository, where most tests play.
pub(crate) const REPO: &str = "my-org/hello";

/// A stand-in with the demonstration's world.
pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) sim: Sim,
    pub(crate) seeded: Seeded,
    http: reqwest::Client,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default(), "").await
    }

    /// Also with what a document adds.
    pub(crate) async fn with(options: Options, extra: &str) -> Self {
        let running = sim::serve(options).await.unwrap();
        running.seed(Seed::demo(None)).await.unwrap();
        let seeded = match extra {
            "" => Seeded::default(),
            text => running.seed(Seed::parse(text).unwrap()).await.unwrap(),
        };
        let http = reqwest::Client::builder().user_agent("a-test").no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sim: running.client(), running, seeded, http }
    }

    /// A request with a token, or without one if it is empty.
    pub(crate) fn request(&self, method: &str, path: &str, token: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.running.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Response {
        let request = self.request(method, path, token);
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    pub(crate) async fn status(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> StatusCode {
        self.send(method, path, token, body).await.status()
    }

    pub(crate) async fn json(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Value {
        let response = self.send(method, path, token, body).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn open(&self, login: &str, branch: &str) -> Pr {
        let user = self.sim.user(login).await.unwrap();
        user.open_pr(REPO, &NewPr::of_file(branch, &format!("{branch}.txt"), "one\n")).await.unwrap()
    }

    /// A JWT of the app, signed by openssl and so by other hands than those that check it.
    pub(crate) fn jwt(&self, slug: &str, seconds: i64) -> String {
        use base64::Engine as _;
        let app = &self.seeded.apps[slug];
        let now = jiff::Timestamp::now().as_second();
        let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let claims = serde_json::json!({ "iat": now - 10, "exp": now + seconds, "iss": app.id.to_string() });
        let signed = format!("{}.{}", encode(br#"{"alg":"RS256","typ":"JWT"}"#), encode(claims.to_string().as_bytes()));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &signed).unwrap();
        let mut openssl = Command::new("openssl");
        let out = openssl.args(["dgst", "-sha256", "-sign", &app.private_key_path]).arg(file.path()).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        format!("{signed}.{}", encode(&out.stdout))
    }

    pub(crate) async fn installation_token(&self, slug: &str, account: &str, narrow: Value) -> String {
        let id = self.seeded.apps[slug].installations[account];
        let path = format!("/app/installations/{id}/access_tokens");
        let made = self.json("POST", &path, &self.jwt(slug, 540), Some(narrow)).await;
        made["token"].as_str().unwrap().to_owned()
    }
}

/// One file with new content.
pub(crate) fn file(path: &str, text: &str) -> BTreeMap<String, Option<String>> {
    [(path.to_owned(), Some(text.to_owned()))].into()
}

/// A delivery as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn event(&self) -> &str {
        &self.headers["x-github-event"]
    }

    pub(crate) fn payload(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Event and action: `pull_request.opened`.
    pub(crate) fn name(&self) -> String {
        match self.payload()["action"].as_str() {
            Some(action) => format!("{}.{action}", self.event()),
            None => self.event().to_owned(),
        }
    }
}

/// Takes webhooks and remembers them. It ends when it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    code: Arc<Mutex<u16>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let code = Arc::new(Mutex::new(200));
        let (kept, answered) = (received.clone(), code.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answered) = (kept.clone(), answered.clone());
                let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                    let (kept, answered) = (kept.clone(), answered.clone());
                    async move {
                        let (head, body) = request.into_parts();
                        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
                        let headers = head.headers.iter().map(|(k, v)| (k.to_string(), text(v))).collect();
                        let body = body.collect().await.unwrap().to_bytes().to_vec();
                        kept.lock().unwrap().push(Received { headers, body });
                        let mut response = http::Response::new(Full::new(bytes::Bytes::from_static(b"thanks")));
                        *response.status_mut() = http::StatusCode::from_u16(*answered.lock().unwrap()).unwrap();
                        Ok::<_, Infallible>(response)
                    }
                });
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
        Self { url, received, code, task }
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.all().iter().map(Received::name).collect()
    }

    pub(crate) fn answer_with(&self, code: u16) {
        *self.code.lock().unwrap() = code;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
