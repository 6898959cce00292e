//! The webhook as a sender meets it: over a socket, byte by byte where that matters.

mod client;
mod crowd;
mod limits;
mod rows;

use std::path::{Path, PathBuf};

use axum::Router;
use axum::routing::get;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use client::{Answer, Post};

/// Keys for one repository, one organization, and everyone else.
const LEVELS: &str =
    "org/a: [{value: key-a}]\norg/b: [{value: key-b}]\norg: [{value: key-org}]\n'*': [{value: key-any}]\n";
/// Keys for one organization alone.
const NARROW: &str = "org: [{value: key-org}]\n";
/// One key for everything.
const PLAIN: &str = "key";

/// A webhook that is being served.
struct World {
    address: std::net::SocketAddr,
    hook: Hook,
    inbox: Inbox,
    registry: Registry,
    stop: CancellationToken,
    served: JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl World {
    async fn start(keys: &str) -> Self {
        Self::with_limits(keys, Limits::default()).await
    }

    async fn with_limits(keys: &str, limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&dir.path().join("inbox.db")).await.unwrap();
        Self::on(keys, limits, inbox, dir).await
    }

    async fn on(keys: &str, limits: Limits, inbox: Inbox, dir: tempfile::TempDir) -> Self {
        let file: PathBuf = dir.path().join("hmac");
        std::fs::write(&file, keys).unwrap();
        let hmacs = Hmacs::open(&file).unwrap();
        let registry = Registry::new();
        let hook = Hook::with_limits("/hook", hmacs, inbox.clone(), &registry, limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let others = Router::new().route("/plugin-help", get(|| async { "help" }));
        let served = tokio::spawn(serve(listener, hook.clone(), others, stop.clone()).unwrap());
        Self { address, hook, inbox, registry, stop, served, dir }
    }

    async fn send(&self, post: &Post) -> Answer {
        client::send(self.address, &post.bytes()).await
    }

    /// Sends, and wants this code at the start of the answer's text too.
    async fn check(&self, what: &str, post: &Post, want: u16) -> Answer {
        let answer = self.send(post).await;
        assert_eq!(answer.status, want, "{what}: {}", answer.text);
        if post.path == "/hook" {
            assert!(answer.text.starts_with(&want.to_string()), "{what}: {}", answer.text);
            assert!(answer.head.contains("content-type: text/plain"), "{what}: {}", answer.head);
        }
        answer
    }

    /// The value of a counter, by its one label.
    fn counted(&self, name: &str, label: &str) -> f64 {
        let families = self.registry.gather();
        let metrics = families.iter().filter(|family| family.name() == name).flat_map(|family| family.get_metric());
        let labelled = metrics.filter(|metric| metric.get_label()[0].value() == label);
        labelled.map(|metric| metric.get_counter().get_value()).sum()
    }

    /// Ends the server, and waits until it has.
    async fn end(self) {
        self.stop.cancel();
        self.served.await.unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.dir.path(), name)
    }
}

/// The signature header of a holder of `key`.
fn sign(key: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A payload about a repository.
fn about(repo: &str) -> String {
    format!(r#"{{"action":"created","repository":{{"full_name":"{repo}"}},"organization":{{"login":"org"}}}}"#)
}
