//! A registry that holds what a test puts there, right or wrong, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use oci::{CONFIG_TYPE, Digest, LAYER_TYPE, MANIFEST_TYPE, Reference, digest_of};
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Stage {
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Of who shows this alone: `Authorization`.
    pub(crate) only_for: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let stage = Stage { host, answers: Arc::default(), asked: Arc::default() };
        let app = Router::new().fallback(answer).with_state(stage.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        stage
    }

    pub(crate) fn put(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    pub(crate) fn blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = digest_of(bytes);
        self.put(&format!("/v2/{name}/blobs/{digest}"), Answer::ok(bytes));
        digest
    }

    pub(crate) fn manifest(&self, name: &str, tag: &str, manifest: &Value) -> Digest {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = digest_of(&bytes);
        for version in [tag, digest.as_str()] {
            let mut answer = Answer::ok(&bytes);
            answer.headers.push(("content-type", MANIFEST_TYPE.to_owned()));
            self.put(&format!("/v2/{name}/manifests/{version}"), answer);
        }
        digest
    }

    /// A component as `wkg oci push` leaves it.
    pub(crate) fn component(&self, name: &str, tag: &str, component: &[u8]) -> Digest {
        let config = json!({
            "created": "2026-11-01T12:00:00.123456789Z", "author": null, "architecture": "wasm", "os": "wasip2",
            "layerDigests": [digest_of(component).as_str()],
            "component": { "exports": ["handle"], "imports": ["bowsprit:plugin/types@0.2.0"], "target": null },
        });
        let config = serde_json::to_vec(&config).unwrap();
        self.blob(name, component);
        self.blob(name, &config);
        self.manifest(name, tag, &manifest(&config, LAYER_TYPE, component, component.len() as u64))
    }

    pub(crate) fn reference(&self, rest: &str) -> Reference {
        format!("oci://{}/{rest}", self.host).parse().unwrap()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Answer {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Answer { status: StatusCode::OK, headers: vec![], body: Bytes::copy_from_slice(body), only_for: None }
    }

    pub(crate) fn status(status: u16) -> Self {
        Answer { status: StatusCode::from_u16(status).unwrap(), ..Answer::ok(b"") }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// CNCF's layout, with the annotations that wkg takes from a package's metadata.
pub(crate) fn manifest(config: &[u8], layer_type: &str, layer: &[u8], size: u64) -> Value {
    json!({
        "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": { "mediaType": CONFIG_TYPE, "digest": digest_of(config).as_str(), "size": config.len() },
        "layers": [{ "mediaType": layer_type, "digest": digest_of(layer).as_str(), "size": size }],
        "annotations": { "org.opencontainers.image.version": "1.0.0" },
    })
}

async fn answer(State(stage): State<Stage>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    stage.asked.lock().unwrap().push(Asked { path: path.clone(), query, authorization: authorization.clone() });
    let Some(answer) = stage.answers.lock().unwrap().get(&path).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let allowed = answer.only_for.is_none() || answer.only_for == authorization;
    let mut response = Response::builder();
    response = response.status(if allowed { answer.status } else { StatusCode::UNAUTHORIZED });
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(if allowed { answer.body } else { Bytes::new() })).unwrap()
}
