//! What external plugins say of themselves. Behaviour: Prow pkg/pluginhelp/hook/hook.go, `externalHelpProvider`: each is
//! asked by a POST of its repositories to `ENDPOINT/help`, all at once, a second for all of them, without a second try.

use std::collections::BTreeMap;
use std::time::Duration;

use config::Loaded;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{HeaderMap, HeaderValue, header};
use prow::external::ExternalPlugin;
use serde_json::{Map, Value, json};

use super::{AGENT, Forwarder};

const PATIENCE: Duration = Duration::from_secs(1);
const MOST_BYTES: usize = 256 << 10;

/// The external plugins of a configuration.
#[derive(Default)]
pub(crate) struct ExternalHelp {
    /// Their names, by org or org/repo; all of them by `""`.
    pub(crate) by_scope: BTreeMap<String, Vec<String>>,
    /// What they say, by name; who says nothing is not there.
    pub(crate) said: Map<String, Value>,
}

impl Forwarder {
    /// Asks them.
    pub(crate) async fn help(&self, loaded: &Loaded) -> ExternalHelp {
        let (by_scope, asked) = listed(loaded.plugins.all_external());
        let mut asking: FuturesUnordered<_> = asked
            .into_values()
            .map(|(plugin, repos)| async move { (plugin.name.clone(), self.ask(plugin, &Value::Array(repos)).await) })
            .collect();
        let mut said = Map::new();
        let all = async {
            while let Some((name, answer)) = asking.next().await {
                match answer {
                    Ok(help) => drop(said.insert(name, help)),
                    Err(why) => tracing::debug!(plugin = %name, why, "gives no help"),
                }
            }
        };
        // Who is later is left out.
        let _ = tokio::time::timeout(PATIENCE, all).await;
        ExternalHelp { by_scope, said }
    }

    async fn ask(&self, plugin: &ExternalPlugin, repos: &Value) -> Result<Value, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, AGENT);
        let (status, body) = self
            .client
            .exchange(&plugin.endpoint.below("help"), headers, repos.to_string().into(), MOST_BYTES)
            .await
            .map_err(|unsent| unsent.to_string())?;
        if !status.is_success() {
            return Err(format!("it answered {status}"));
        }
        let body = body.ok_or_else(|| format!("it answered with more than {MOST_BYTES} bytes"))?;
        let mut help: Map<String, Value> = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        help.insert("Events".to_owned(), json!(plugin.events));
        Ok(Value::Object(help))
    }
}

/// A service, and the repositories that it is told of.
type Asked<'a> = BTreeMap<&'a str, (&'a ExternalPlugin, Vec<Value>)>;

/// The names by scope, and whom to ask: one of each name, as Prow does.
fn listed<'a>(all: impl Iterator<Item = (&'a str, &'a ExternalPlugin)>) -> (BTreeMap<String, Vec<String>>, Asked<'a>) {
    let (mut by_scope, mut asked) = (BTreeMap::<String, Vec<String>>::new(), Asked::new());
    for (scope, plugin) in all {
        by_scope.entry(scope.to_owned()).or_default().push(plugin.name.clone());
        let (org, repo) = scope.split_once('/').unwrap_or((scope, ""));
        let (_, repos) = asked.entry(&plugin.name).or_insert((plugin, Vec::new()));
        repos.push(json!({ "Org": org, "Repo": repo }));
    }
    by_scope.insert(String::new(), asked.keys().map(ToString::to_string).collect());
    (by_scope, asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_told_of_its_repositories() {
        let service = |name: &str| ExternalPlugin {
            name: name.into(),
            endpoint: format!("http://{name}").parse().unwrap(),
            events: vec![],
        };
        let (a, b) = (service("a"), service("b"));
        let (by_scope, asked) = listed([("o", &a), ("o", &b), ("p/r", &a)].into_iter());
        let shown = json!({ "by_scope": by_scope, "a": asked["a"].1, "b": asked["b"].1 });
        let want = json!({
            "by_scope": { "": ["a", "b"], "o": ["a", "b"], "p/r": ["a"] },
            "a": [{ "Org": "o", "Repo": "" }, { "Org": "p", "Repo": "r" }],
            "b": [{ "Org": "o", "Repo": "" }],
        });
        assert_eq!(shown, want);
    }
}
