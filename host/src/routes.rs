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

use crate::contract::types;
use crate::dispatch::Parts;

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
    Router::new().route(PLUGIN_HELP, get(help)).with_state(pages)
}

async fn ready(State(pages): State<Pages>) -> Response {
    if pages.ready.load(Ordering::SeqCst) {
        "OK".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "starting or shutting down\n").into_response()
    }
}

async fn status(State(pages): State<Pages>) -> Response {
    let (code, inbox) = match pages.parts.inbox.counts().await {
        Ok(counts) => (StatusCode::OK, json!(counts)),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": error.to_string() })),
    };
    let set = pages.parts.registry.current();
    let faults = pages.parts.registry.faults();
    let plugins: BTreeMap<_, _> = set
        .plugins
        .values()
        .map(|plugin| {
            let shown = json!({
                "digest": plugin.digest,
                "grants": plugin.grants.granted,
                "imports": plugin.functions,
                "limits": plugin.limits,
                "summary": plugin.description.summary,
                "fault": faults.get(&plugin.name),
            });
            (plugin.name.clone(), shown)
        })
        .collect();
    let mut body = json!({
        "config": {
            "revision": set.loaded.revision,
            "fault": faults.get(crate::registry::CONFIG),
        },
        "plugins": plugins,
        "unknown_plugins": set.unknown,
        "inbox": inbox,
    });
    if let (Some(body), Some(about)) = (body.as_object_mut(), pages.about.as_object()) {
        body.extend(about.clone());
    }
    (code, [(header::CONTENT_TYPE, "application/json")], format!("{body:#}\n")).into_response()
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

/// Prow's shape and field names. Behaviour: Prow pkg/pluginhelp, `Help`.
async fn help(State(pages): State<Pages>) -> Response {
    let set = pages.parts.registry.current();
    let configured = &set.loaded.plugins;
    let scopes: BTreeMap<&str, Vec<&str>> =
        configured.scopes().map(|scope| (scope, enabled(configured, scope))).collect();
    let mut repo_plugins = scopes.clone();
    repo_plugins.insert("", set.plugins.keys().map(String::as_str).collect());
    let all_repos: Vec<&str> = scopes.keys().copied().filter(|scope| scope.contains('/')).collect();
    let mut plugin_help = serde_json::Map::new();
    for plugin in set.plugins.values() {
        let repos = configured.enabled_for(&plugin.name).into_iter().map(|scope| {
            let (org, name) = scope.split_once('/').unwrap_or((scope, ""));
            types::RepoRef { org: org.to_owned(), name: name.to_owned() }
        });
        let repos: Vec<_> = repos.collect();
        let settings = crate::source::settings(&set.loaded, &plugin.name, "", "");
        // A guest may not run where requests are served.
        let (asked, guests) = (plugin.clone(), pages.parts.guests.handle().clone());
        let answer = guests.spawn(async move { asked.help(&settings, &repos).await }).await;
        match answer {
            Ok(Ok(help)) => {
                plugin_help.insert(plugin.name.clone(), shown(help, &plugin.description.events));
            }
            Ok(Err(error)) => tracing::warn!(plugin = %plugin.name, error = format!("{error:#}"), "gives no help"),
            Err(error) => tracing::error!(plugin = %plugin.name, %error, "asking for help was lost"),
        }
    }
    let body = json!({
        "AllRepos": all_repos,
        "RepoPlugins": repo_plugins,
        "RepoExternalPlugins": {},
        "PluginHelp": plugin_help,
        "ExternalPluginHelp": {},
    });
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], body.to_string())
        .into_response()
}

/// The plugins that an entry of `plugins` lists, be it an organisation's or a repository's.
fn enabled<'a>(configured: &'a prow::plugins::Plugins, scope: &str) -> Vec<&'a str> {
    configured.names().into_iter().filter(|name| configured.enabled_for(name).contains(&scope)).collect()
}

fn shown(help: types::PluginHelp, events: &[types::EventKind]) -> Value {
    let commands: Vec<_> = help
        .commands
        .iter()
        .map(|command| {
            json!({
                "Usage": command.usage,
                "Featured": command.featured,
                "Description": command.description,
                "Examples": command.examples,
                "WhoCanUse": command.who_can_use,
            })
        })
        .collect();
    let mut value = json!({
        "Description": help.description,
        "Config": help.config.into_iter().collect::<BTreeMap<_, _>>(),
        "Events": events.iter().map(|kind| event_name(*kind)).collect::<Vec<_>>(),
        "Commands": commands,
    });
    if !help.snippet.is_empty() {
        value["Snippet"] = Value::String(help.snippet);
    }
    value
}

/// As Prow's help writes it.
fn event_name(kind: types::EventKind) -> &'static str {
    match kind {
        types::EventKind::Issue => "issue",
        types::EventKind::IssueComment => "issue_comment",
        types::EventKind::PullRequest => "pull_request",
        types::EventKind::PullRequestReview => "pull_request_review",
        types::EventKind::PullRequestReviewComment => "pull_request_review_comment",
        types::EventKind::Push => "push",
        types::EventKind::Status => "status",
        types::EventKind::CheckRun => "check_run",
        types::EventKind::CheckSuite => "check_suite",
        types::EventKind::WorkflowRun => "workflow_run",
        types::EventKind::Comment => "GenericCommentEvent (any event for user text)",
        types::EventKind::Scheduled => "scheduled",
        types::EventKind::Other => "other",
    }
}
