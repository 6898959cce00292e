//! A server that answers as a test says and keeps what it was asked. Every request is held to GitHub's description.

use std::future::Future;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use github::{Api, Auth, Client, Options, RepoName, Scope};
use openapi::{Description, Operation};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An answer to give.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

pub(crate) struct FarSide {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `GET /path`
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub(crate) fn is_graphql(&self) -> bool {
        self.path.ends_with("/graphql")
    }

    /// What GitHub's description has against it; an operation if nothing.
    pub(crate) fn described(&self, github: &Description) -> Result<Operation, String> {
        let path = self.path.strip_prefix("/api/v3").unwrap_or(&self.path);
        github
            .check_request(&self.method, path, self.query.as_deref(), &self.headers, self.body.as_bytes())
            .map_err(|problems| format!("{}: {problems:?}", self.line()))
    }
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl FarSide {
    /// Answers each request by `answer`, which is given what was asked and how many came before.
    pub(crate) async fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::forwarding(move |seen, before| std::future::ready(answer(&seen, before))).await
    }

    pub(crate) async fn forwarding<F, A>(answer: F) -> Self
    where
        F: Fn(Seen, usize) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let all: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&all), Arc::new(answer));
        let handler = move |request: Request| {
            let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
            async move {
                let seen = read(request).await;
                let before = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(seen.clone());
                    kept.len() - 1
                };
                respond(answer(seen, before).await)
            }
        };
        let app = axum::Router::new().fallback(handler);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen: all, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    pub(crate) fn options(&self) -> Options {
        Options { endpoints: vec![self.url.clone()], ..Options::new(Auth::Token("ghp_secret".to_owned().into())) }
    }

    /// The API in `o/r` with a personal token.
    pub(crate) fn api(&self) -> Api {
        Client::new(self.options()).unwrap().scoped(Scope::repo(&repo()))
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        self.task.abort();
        let Some(github) = Description::if_present().filter(|_| !std::thread::panicking()) else { return };
        for seen in self.seen() {
            // Places that a redirect or a link named are the server's own business, and GraphQL is not in it.
            if !seen.path.contains("/repositories/") && !seen.is_graphql() {
                seen.described(&github).unwrap();
            }
        }
    }
}

pub(crate) fn repo() -> RepoName {
    RepoName::new("o", "r")
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers,
        body: String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap(),
    }
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
