//! What the host shows of itself: health, `/status`, metrics, `/plugin-help`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::Encoder as _;
use serde_json::{Value, json};
use store::{Inbox, StoreError};

use crate::catch_up;
use crate::dispatch::Parts;
use crate::origins::Origins;
use crate::plugin_help::{self, Answer};

/// Where the plugins' help is, on the webhook's port.
pub(crate) const PLUGIN_HELP: &str = "/plugin-help";

/// What the pages are made of.
#[derive(Clone)]
pub struct Pages {
    /// The host's parts.
    pub parts: Parts,
    /// All metrics.
    pub registry: prometheus::Registry,
    /// Set once `/hook` is served, and taken back when the host shuts down.
    pub ready: Arc<AtomicBool>,
    /// What `/plugin-help` has answered.
    pub help: Answer,
    /// Where the components of registries come from.
    pub origins: Arc<Origins>,
    /// What was missed, and how that is caught up with.
    pub catch_up: catch_up::Shown,
    /// Facts that stand since the start: version, dry run, how GitHub is spoken to.
    pub about: Value,
}

/// `/healthz`, `/healthz/ready` and `/status`: the health port.
pub fn health(pages: Pages) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/healthz/ready", get(ready))
        .route("/status", get(status))
        .with_state(pages)
}

/// `/metrics`: the metrics port.
pub fn metrics(pages: Pages) -> Router {
    Router::new().route("/metrics", get(exposition)).with_state(pages)
}

/// `/plugin-help`: on the webhook's port, as Prow has it.
pub fn plugin_help(pages: Pages) -> Router {
    Router::new().route(PLUGIN_HELP, get(plugin_help::page)).with_state(pages)
}

async fn ready(State(pages): State<Pages>) -> Response {
    if pages.ready.load(Ordering::SeqCst) {
        "OK".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting or shutting down\n").into_response()
    }
}

async fn status(State(pages): State<Pages>) -> Response {
    // An inbox that cannot be read says so itself, below.
    let catch_up = pages.catch_up.page(&pages.parts.inbox).await.unwrap_or_default();
    let (code, inbox) = match asked(&pages.parts.inbox).await {
        Ok(inbox) => (StatusCode::OK, inbox),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": error.to_string() })),
    };
    let set = pages.parts.registry.current();
    let faults = pages.parts.registry.faults();
    let mut plugins: BTreeMap<_, _> = set
        .plugins
        .values()
        .map(|plugin| {
            let shown = json!({
                "digest": plugin.digest,
                "origin": pages.origins.shown(&set.loaded, plugin),
                "grants": plugin.grants.granted,
                "imports": plugin.functions,
                "limits": plugin.limits,
                "summary": plugin.description.summary,
                "fault": faults.get(&plugin.name),
                "quarantine": pages.parts.gate.quarantine(&plugin.name),
            });
            (plugin.name.clone(), shown)
        })
        .collect();
    // What was never loaded has nothing to show but why not.
    let absent = faults.iter().filter(|(name, _)| name.as_str() != crate::registry::CONFIG);
    for (name, fault) in absent {
        plugins.entry(name.clone()).or_insert_with(|| json!({ "fault": fault }));
    }
    let mut body = json!({
        "config": {
            "revision": set.loaded.revision,
            "fault": faults.get(crate::registry::CONFIG),
        },
        "plugins": plugins,
        "unknown_plugins": set.unknown,
        "external_plugins": pages.parts.forwarder.forwards.shown(&set.loaded),
        "inbox": inbox,
        "catch_up": catch_up,
    });
    if let (Some(body), Some(about)) = (body.as_object_mut(), pages.about.as_object()) {
        body.extend(about.clone());
    }
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body:#}\n")).into_response()
}

/// How much there is to do, and where that is kept and by whom it is done.
async fn asked(inbox: &Inbox) -> Result<Value, StoreError> {
    let mut shown = json!(inbox.counts().await?);
    shown["place"] = json!(inbox.place().await?);
    Ok(shown)
}

async fn exposition(State(pages): State<Pages>) -> Response {
    if let Ok(counts) = pages.parts.inbox.counts().await {
        let metrics = &pages.parts.metrics;
        let as_gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        metrics.undispatched.set(as_gauge(counts.undispatched));
        for (state, count) in [
            ("queued", counts.queued),
            ("parked", counts.parked),
            ("failed", counts.failed),
            ("dead", counts.dead),
            ("unknown", counts.unknown),
        ] {
            metrics.tasks.with_label_values(&[state]).set(as_gauge(count));
        }
    }
    let encoder = prometheus::TextEncoder::new();
    let mut body = Vec::new();
    match encoder.encode(&pages.registry.gather(), &mut body) {
        Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
