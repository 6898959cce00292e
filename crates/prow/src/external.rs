//! Plugins that are services of their own: `external_plugins` in plugins.yaml. Behaviour: Prow pkg/plugins/config.go,
//! `ExternalPlugin`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::endpoint::Endpoint;
use crate::problem::{KeyPath, Problems};

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalPlugin {
    /// Its name.
    pub name: String,
    /// Where events are posted; `http://NAME` if nothing is said.
    pub endpoint: Endpoint,
    /// The events that it gets, by the names in `X-GitHub-Event`; none: every one, also those that nobody here knows.
    pub events: Vec<String>,
}

/// By org or org/repo.
pub(crate) type ExternalPlugins = BTreeMap<String, Vec<ExternalPlugin>>;

/// One service as it is written. Prow's, so what it does not know is read over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RawExternalPlugin {
    /// Its name.
    pub name: String,
    /// Where events are posted.
    pub endpoint: String,
    /// The names of the events that it gets.
    pub events: Vec<String>,
}

impl ExternalPlugin {
    /// Whether it gets events of this name.
    pub fn wants(&self, event: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event)
    }
}

/// The services of a repository's events: its org's, then its own. Excluded repositories are not excluded here.
pub(crate) fn of<'a>(all: &'a ExternalPlugins, org: &str, repo: &str) -> Vec<&'a ExternalPlugin> {
    let scopes = [org.to_owned(), format!("{org}/{repo}")];
    scopes.iter().filter_map(|scope| all.get(scope)).flatten().collect()
}

/// The checked form. Good only if no problem was added.
pub(crate) fn check(
    raw: BTreeMap<String, Vec<RawExternalPlugin>>,
    file: &str,
    problems: &mut Problems,
) -> ExternalPlugins {
    let root = KeyPath::root().key("external_plugins");
    let mut checked = ExternalPlugins::new();
    for (scope, entries) in raw {
        for (index, entry) in entries.into_iter().enumerate() {
            match check_one(entry) {
                Ok(plugin)
                    if checked.get(&scope).is_some_and(|listed| listed.iter().any(|it| it.name == plugin.name)) =>
                {
                    let why = format!("the external plugin `{}` stands twice: give the one all `events`", plugin.name);
                    problems.add(file, root.key(&scope).index(index), why);
                }
                Ok(plugin) => checked.entry(scope.clone()).or_default().push(plugin),
                Err(why) => problems.add(file, root.key(&scope).index(index), why),
            }
        }
    }
    checked
}

fn check_one(raw: RawExternalPlugin) -> Result<ExternalPlugin, String> {
    let RawExternalPlugin { name, endpoint, events } = raw;
    if name.trim().is_empty() {
        return Err("this external plugin has no `name`: give it one".to_owned());
    }
    let endpoint = if endpoint.is_empty() { format!("http://{name}") } else { endpoint };
    let endpoint = endpoint.parse().map_err(|why: String| {
        format!("the endpoint of `{name}` is no URL, {why}: write it like `http://{name}:8888/hook`")
    })?;
    Ok(ExternalPlugin { name, endpoint, events })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(raw: Value) -> (ExternalPlugins, Vec<String>) {
        let mut problems = Problems::new();
        let checked = check(serde_json::from_value(raw).unwrap(), "f", &mut problems);
        (checked, problems.into_vec().into_iter().map(|problem| problem.to_string()).collect())
    }

    #[test]
    fn a_repository_has_its_orgs_services_and_its_own() {
        let (all, problems) = read(json!({
            "o": [{"name": "needs-rebase", "events": ["pull_request"], "unknown": 1}],
            "o/r": [{"name": "cherrypicker", "endpoint": "https://cp.example.com/hook"}],
            "p": [{"name": "other"}],
        }));
        assert_eq!(problems, [""; 0]);
        let found: Vec<_> = of(&all, "o", "r").iter().map(|it| (it.name.as_str(), it.endpoint.url())).collect();
        let want = [("needs-rebase", "http://needs-rebase"), ("cherrypicker", "https://cp.example.com/hook")];
        assert_eq!(found, want);
        assert_eq!(of(&all, "o", "else").len(), 1);
        let [needs_rebase, cherrypicker] = of(&all, "o", "r")[..] else { panic!("two") };
        assert!(needs_rebase.wants("pull_request") && !needs_rebase.wants("push"));
        assert!(cherrypicker.wants("push") && cherrypicker.wants("an event of tomorrow"));
    }

    #[test]
    fn what_can_get_no_event_is_refused() {
        for (entry, want) in [
            (json!({}), "external_plugins.o[1]: this external plugin has no `name`"),
            (json!({"name": "a", "endpoint": "a:8888"}), "is no URL"),
            (json!({"name": "a", "endpoint": "http:///x"}), "is no URL"),
            (json!({"name": "a", "endpoint": "ftp://a"}), "is no URL"),
            (
                json!({"name": "a", "endpoint": "http://host:99999/"}),
                "external_plugins.o[1]: the endpoint of `a` is no URL",
            ),
            (json!({"name": "a b"}), "is no URL"),
            (
                json!({"name": "there", "events": ["issues"]}),
                "external_plugins.o[1]: the external plugin `there` stands twice",
            ),
        ] {
            let (_, problems) = read(json!({"o": [{"name": "there"}, entry]}));
            assert!(problems.len() == 1 && problems[0].contains(want), "{entry}: {problems:?}");
        }
    }
}
