//! `/plugin-help`: what the loaded plugins say of themselves. The port is open to anyone, so they are asked once, and not at
//! each request.

mod organisations;
mod rounds;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use config::Loaded;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::contract::types;
use crate::dispatch::Parts;
use crate::engine::Guests;
use crate::log_book::one_line;
use crate::plugin::Plugin;
use crate::registry::Set;
use crate::routes::Pages;

use organisations::{FRESH, Organisations, PATIENCE};

/// How long an answer serves that services of their own had a part in, or in which an organisation's list is missing.
const A_WHILE: Duration = Duration::from_secs(60);

/// The answer that was given last, and what it was made of.
pub struct Answer<T = Set> {
    last: Arc<Mutex<Option<Given<T>>>>,
    organisations: Organisations,
}

/// An answer, what it was made of, and when it has to be made again even so.
struct Given<T> {
    of: Weak<T>,
    body: Bytes,
    until: Option<Instant>,
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Answer { last: self.last.clone(), organisations: self.organisations.clone() }
    }
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Answer { last: Arc::default(), organisations: Organisations::default() }
    }
}

/// A body, and how long it serves.
struct Made {
    body: Bytes,
    serves: Serves,
}

/// From the shortest to the longest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Serves {
    /// Something is missing that was in the way.
    Once,
    /// It may be another then.
    For(Duration),
    /// It would be the same if it were made again.
    Always,
}

impl<T> Answer<T> {
    /// The answer for `set`: the one that was given before, else what `make` makes. One is made at a time.
    async fn of<F: Future<Output = Made>>(&self, set: Arc<T>, now: Instant, make: impl FnOnce(Arc<T>) -> F) -> Bytes {
        let mut last = self.last.lock().await;
        // While there is a weak reference, nothing else has its address.
        if let Some(given) = &*last
            && std::ptr::eq(given.of.as_ptr(), Arc::as_ptr(&set))
            && given.until.is_none_or(|until| now < until)
        {
            return given.body.clone();
        }
        let Made { body, serves } = make(set.clone()).await;
        let until = match serves {
            Serves::Always => Some(None),
            Serves::For(time) => Some(Some(now + time)),
            Serves::Once => None,
        };
        *last = until.map(|until| Given { of: Arc::downgrade(&set), body: body.clone(), until });
        body
    }
}

/// The page.
pub(crate) async fn page(State(pages): State<Pages>) -> Response {
    let (set, parts, answer) = (pages.parts.registry.current(), pages.parts.clone(), pages.help.clone());
    let organisations = answer.organisations.clone();
    // Apart from the request: who hangs up must not have the plugins asked once more by the next who comes.
    let made = tokio::spawn(async move {
        answer.of(set, Instant::now(), |set| async move { written(&set, &parts, &organisations).await }).await
    });
    match made.await {
        Ok(body) => {
            ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "/plugin-help was lost");
            (StatusCode::INTERNAL_SERVER_ERROR, "see the log\n").into_response()
        }
    }
}

/// Prow's shape and field names. Behaviour: Prow pkg/pluginhelp, `Help`.
async fn written(set: &Arc<Set>, parts: &Parts, organisations: &Organisations) -> Made {
    let configured = &set.loaded.plugins;
    let scopes: BTreeMap<&str, Vec<&str>> =
        configured.scopes().map(|scope| (scope, enabled(configured, scope))).collect();
    let mut repo_plugins = scopes.clone();
    repo_plugins.insert("", set.plugins.keys().map(String::as_str).collect());
    let (named, orgs): (BTreeSet<String>, _) = scopes.keys().map(|&it| it.to_owned()).partition(|it| it.contains('/'));
    let list = |org| organisations::listed(parts.clients.github.clone(), org);
    let (external, expanded) =
        tokio::join!(parts.forwarder.help(&set.loaded), organisations.repos(&orgs, (Instant::now(), PATIENCE), list));
    let all_repos: BTreeSet<String> = named.into_iter().chain(expanded.repos).collect();
    let mut plugin_help = serde_json::Map::new();
    let of_external = if external.by_scope[""].is_empty() { Serves::Always } else { Serves::For(A_WHILE) };
    let of_orgs = match expanded.complete {
        true if orgs.is_empty() => Serves::Always,
        true => Serves::For(FRESH),
        false => Serves::For(A_WHILE),
    };
    let mut serves = of_external.min(of_orgs);
    for plugin in set.plugins.values() {
        match asked(plugin, set, &parts.guests).await {
            Asked::Said(help) => {
                plugin_help.insert(plugin.name.clone(), shown(help, &plugin.description.events));
            }
            Asked::Nothing => {}
            Asked::NotNow => serves = Serves::Once,
        }
    }
    let body = json!({
        "AllRepos": all_repos,
        "RepoPlugins": repo_plugins,
        "RepoExternalPlugins": external.by_scope,
        "PluginHelp": plugin_help,
        "ExternalPluginHelp": external.said,
    });
    Made { body: body.to_string().into(), serves }
}

/// What came of asking a plugin.
enum Asked {
    Said(types::PluginHelp),
    /// It failed, and would again.
    Nothing,
    /// We could not ask it.
    NotNow,
}

async fn asked(plugin: &Arc<Plugin>, set: &Arc<Set>, guests: &Guests) -> Asked {
    let room = guests.aside().await;
    // A guest may not run where requests are served.
    let (own, set) = (plugin.clone(), set.clone());
    let answer = guests.handle().spawn(async move {
        let _room = room;
        said(&own, &set.loaded).await
    });
    match answer.await {
        Ok(Ok(Some(help))) => Asked::Said(help),
        Ok(Ok(None)) => Asked::Nothing,
        Ok(Err(error)) if error.is::<wasmtime::PoolConcurrencyLimitError>() => Asked::NotNow,
        Ok(Err(error)) => {
            tracing::warn!(plugin = %plugin.name, error = one_line(format!("{error:#}")), "gives no help");
            Asked::Nothing
        }
        Err(error) => {
            tracing::error!(plugin = %plugin.name, %error, "asking for help was lost");
            Asked::NotNow
        }
    }
}

/// What a plugin says of itself under this configuration, for each of its settings.
///
/// # Errors
/// If it fails, or there is no room for an instance.
pub async fn said(plugin: &Plugin, loaded: &Loaded) -> wasmtime::Result<Option<types::PluginHelp>> {
    let mut said = Vec::new();
    for round in rounds::rounds(loaded, &plugin.name) {
        let help = plugin.help(&round.settings, &round.repos()).await?;
        said.push((round, help));
    }
    Ok(rounds::together(said))
}

/// The plugins that an entry of `plugins` lists, be it an organisation's or a repository's.
fn enabled<'a>(configured: &'a prow::plugins::Plugins, scope: &str) -> Vec<&'a str> {
    configured.names().into_iter().filter(|name| configured.enabled_for(name).contains(&scope)).collect()
}

/// A plugin's help as Prow's page has it.
pub fn shown(help: types::PluginHelp, events: &[types::EventKind]) -> Value {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn plugins_are_asked_once_for_each_set_of_them() {
        let (answer, asked) = (Answer::<u8>::default(), Cell::new(0));
        let make = |serves| {
            let asked = &asked;
            move |set: Arc<u8>| async move {
                asked.set(asked.get() + 1);
                Made { body: Bytes::from(set.to_string()), serves }
            }
        };
        let (first, second) = (Arc::new(1), Arc::new(2));
        let begun = Instant::now();
        for (set, after, serves, want, times) in [
            (&first, 0, Serves::Always, "1", 1),
            (&first, 9_999, Serves::Always, "1", 1),
            (&second, 0, Serves::Once, "2", 2),
            (&second, 0, Serves::For(A_WHILE), "2", 3),
            (&second, 59, Serves::For(A_WHILE), "2", 3),
            (&second, 60, Serves::Always, "2", 4),
            (&second, 9_999, Serves::Always, "2", 4),
        ] {
            assert_eq!(answer.of(set.clone(), begun + Duration::from_secs(after), make(serves)).await, want);
            assert_eq!(asked.get(), times, "{set}");
        }
    }
}
