//! A server that answers as a script says, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) uri: String,
    pub(crate) body: String,
    headers: http::HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Status, headers, body.
pub(crate) type Reply = (u16, Vec<(&'static str, String)>, String);

pub(crate) struct FarSide {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl FarSide {
    /// `reply` is told how many requests came before this one.
    pub(crate) async fn start(reply: impl Fn(usize, &Seen) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let kept = Arc::clone(&seen);
        let handler = move |request: Request| {
            let (kept, reply) = (Arc::clone(&kept), reply.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                let seen = Seen { uri: head.uri.to_string(), body, headers: head.headers };
                let mut kept = kept.lock().unwrap();
                let (status, headers, text) = reply(kept.len(), &seen);
                kept.push(seen);
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(text)).unwrap()
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(handler)).await.unwrap();
        });
        Self { url, seen, serving }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
