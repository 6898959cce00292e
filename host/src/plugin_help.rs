//! `/plugin-help`: what the loaded plugins say of themselves. The port is open to anyone, so they are asked once, and not at
//! each request.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Weak};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::contract::types;
use crate::engine::Guests;
use crate::plugin::Plugin;
use crate::registry::Set;
use crate::routes::Pages;

/// The answer that was given last, and what it was made of.
pub struct Answer<T = Set>(Arc<Mutex<Option<Given<T>>>>);

/// What an answer was made of, and the answer.
type Given<T> = (Weak<T>, Bytes);

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Answer(self.0.clone())
    }
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Answer(Arc::default())
    }
}

/// A body, and whether it would be the same if it were made again.
struct Made {
    body: Bytes,
    lasting: bool,
}

impl<T> Answer<T> {
    /// The answer for `set`: the one that was given before, else what `make` makes. One is made at a time.
    async fn of<F: Future<Output = Made>>(&self, set: Arc<T>, make: impl FnOnce(Arc<T>) -> F) -> Bytes {
        let mut last = self.0.lock().await;
        // While there is a weak reference, nothing else has its address.
        if let Some((of, body)) = &*last
            && std::ptr::eq(of.as_ptr(), Arc::as_ptr(&set))
        {
            return body.clone();
        }
        let made = make(set.clone()).await;
        *last = made.lasting.then(|| (Arc::downgrade(&set), made.body.clone()));
        made.body
    }
}

/// The page.
pub(crate) async fn page(State(pages): State<Pages>) -> Response {
    let (set, guests, answer) = (pages.parts.registry.current(), pages.parts.guests.clone(), pages.help.clone());
    // Apart from the request: who hangs up must not have the plugins asked once more by the next who comes.
    let made = tokio::spawn(async move { answer.of(set, |set| async move { written(&set, &guests).await }).await });
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
async fn written(set: &Set, guests: &Guests) -> Made {
    let configured = &set.loaded.plugins;
    let scopes: BTreeMap<&str, Vec<&str>> =
        configured.scopes().map(|scope| (scope, enabled(configured, scope))).collect();
    let mut repo_plugins = scopes.clone();
    repo_plugins.insert("", set.plugins.keys().map(String::as_str).collect());
    let all_repos: Vec<&str> = scopes.keys().copied().filter(|scope| scope.contains('/')).collect();
    let mut plugin_help = serde_json::Map::new();
    let mut lasting = true;
    for plugin in set.plugins.values() {
        match asked(plugin, set, guests).await {
            Asked::Said(help) => {
                plugin_help.insert(plugin.name.clone(), shown(help, &plugin.description.events));
            }
            Asked::Nothing => {}
            Asked::NotNow => lasting = false,
        }
    }
    let body = json!({
        "AllRepos": all_repos,
        "RepoPlugins": repo_plugins,
        "RepoExternalPlugins": {},
        "PluginHelp": plugin_help,
        "ExternalPluginHelp": {},
    });
    Made { body: body.to_string().into(), lasting }
}

/// What came of asking a plugin.
enum Asked {
    Said(types::PluginHelp),
    /// It failed, and would again.
    Nothing,
    /// We could not ask it.
    NotNow,
}

async fn asked(plugin: &Arc<Plugin>, set: &Set, guests: &Guests) -> Asked {
    let repos = set.loaded.plugins.enabled_for(&plugin.name).into_iter().map(|scope| {
        let (org, name) = scope.split_once('/').unwrap_or((scope, ""));
        types::RepoRef { org: org.to_owned(), name: name.to_owned() }
    });
    let repos: Vec<_> = repos.collect();
    let settings = crate::source::settings(&set.loaded, &plugin.name, "", "");
    let room = guests.aside().await;
    // A guest may not run where requests are served.
    let own = plugin.clone();
    let answer = guests.handle().spawn(async move {
        let _room = room;
        own.help(&settings, &repos).await
    });
    match answer.await {
        Ok(Ok(help)) => Asked::Said(help),
        Ok(Err(error)) if error.is::<wasmtime::PoolConcurrencyLimitError>() => Asked::NotNow,
        Ok(Err(error)) => {
            tracing::warn!(plugin = %plugin.name, error = format!("{error:#}"), "gives no help");
            Asked::Nothing
        }
        Err(error) => {
            tracing::error!(plugin = %plugin.name, %error, "asking for help was lost");
            Asked::NotNow
        }
    }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn plugins_are_asked_once_for_each_set_of_them() {
        let (answer, asked) = (Answer::<u8>::default(), Cell::new(0));
        let make = |lasting| {
            let asked = &asked;
            move |set: Arc<u8>| async move {
                asked.set(asked.get() + 1);
                Made { body: Bytes::from(set.to_string()), lasting }
            }
        };
        let (first, second) = (Arc::new(1), Arc::new(2));
        for (set, lasting, want, times) in [
            (&first, true, "1", 1),
            (&first, true, "1", 1),
            (&second, false, "2", 2),
            (&second, true, "2", 3),
            (&second, true, "2", 3),
        ] {
            assert_eq!(answer.of(set.clone(), make(lasting)).await, want);
            assert_eq!(asked.get(), times, "{set}");
        }
    }
}
