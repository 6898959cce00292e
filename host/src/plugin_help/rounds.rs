//! Under which settings a plugin is asked what it does, and how its answers become one.

use config::Loaded;

use crate::contract::types::{PluginHelp, RepoRef};
use crate::source;

/// Settings that a plugin has somewhere. It is asked once for each.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Round<'a> {
    /// As JSON.
    pub(super) settings: String,
    /// Where it has them: orgs and org/repos for which it is enabled.
    pub(super) scopes: Vec<&'a str>,
}

impl Round<'_> {
    /// The scopes as the contract has them; an organisation has an empty name.
    pub(super) fn repos(&self) -> Vec<RepoRef> {
        let of = |scope: &&str| {
            let (org, name) = scope.split_once('/').unwrap_or((scope, ""));
            RepoRef { org: org.to_owned(), name: name.to_owned() }
        };
        self.scopes.iter().map(of).collect()
    }
}

/// The rounds for one plugin. The first is of the settings that hold where no entry says otherwise.
pub(super) fn rounds<'a>(loaded: &'a Loaded, plugin: &str) -> Vec<Round<'a>> {
    let mut rounds = vec![Round { settings: source::settings(loaded, plugin, "", ""), scopes: Vec::new() }];
    for scope in loaded.plugins.enabled_for(plugin) {
        let (org, name) = scope.split_once('/').unwrap_or((scope, ""));
        let settings = source::settings(loaded, plugin, org, name);
        match rounds.iter_mut().find(|round| round.settings == settings) {
            Some(round) => round.scopes.push(scope),
            None => rounds.push(Round { settings, scopes: vec![scope] }),
        }
    }
    rounds
}

/// The first round's answer, with what the plugin says of the settings of each other one under its scopes: it says that
/// under no name, knowing of one set of settings at a time. What it says under a name of its own stays. Behaviour: Prow
/// pkg/pluginhelp, `PluginHelp.Config`.
pub(super) fn together<'a>(said: impl IntoIterator<Item = (Round<'a>, PluginHelp)>) -> Option<PluginHelp> {
    let mut said = said.into_iter();
    let (_, mut help) = said.next()?;
    for (round, other) in said {
        let everywhere = other.config.iter().find(|(scope, _)| scope.is_empty());
        let own = everywhere.map(|(_, text)| round.scopes.iter().map(|scope| ((*scope).to_owned(), text.clone())));
        let named = other.config.iter().filter(|(scope, _)| !scope.is_empty()).cloned();
        for (scope, text) in own.into_iter().flatten().chain(named) {
            if help.config.iter().all(|(known, _)| *known != scope) {
                help.config.push((scope, text));
            }
        }
    }
    Some(help)
}

#[cfg(test)]
mod tests {
    use config::{Role, SourceFile};

    use super::*;

    fn loaded(plugins: &str) -> Loaded {
        let file = |role, path: &str, text: &str| SourceFile { role, path: path.into(), bytes: text.into() };
        let files = vec![file(Role::Core, "/etc/config.yaml", "{}"), file(Role::Plugins, "/etc/plugins.yaml", plugins)];
        Loaded::from_files(files).unwrap()
    }

    const THREE: &str = "
plugins:
  a: { plugins: [lgtm] }
  b: { plugins: [lgtm] }
  b/strict: { plugins: [hold] }
  c/own: { plugins: [lgtm] }
lgtm:
- repos: [b, c/own]
  review_acts_as_lgtm: true
";

    #[test]
    fn a_plugin_is_asked_once_for_each_of_its_settings() {
        let loaded = loaded(THREE);
        let rounds = rounds(&loaded, "lgtm");
        let scopes: Vec<_> = rounds.iter().map(|round| round.scopes.clone()).collect();
        assert_eq!(scopes, [vec!["a"], vec!["b", "c/own"]]);
        assert!(rounds[1].settings.contains(r#""review_acts_as_lgtm":true"#), "{}", rounds[1].settings);
        let repos: Vec<_> = rounds[1].repos().into_iter().map(|repo| (repo.org, repo.name)).collect();
        assert_eq!(repos, [("b".to_owned(), String::new()), ("c".to_owned(), "own".to_owned())]);
    }

    #[test]
    fn what_it_says_of_other_settings_stands_under_their_scopes() {
        let of = |config: &[(&str, &str)]| PluginHelp {
            description: "d".to_owned(),
            config: config.iter().map(|(scope, text)| ((*scope).to_owned(), (*text).to_owned())).collect(),
            snippet: String::new(),
            commands: Vec::new(),
        };
        let round = |scopes: &[&'static str]| Round { settings: String::new(), scopes: scopes.to_vec() };
        let said = [
            (round(&["a"]), of(&[("", "as usual"), ("x", "first")])),
            (round(&["b", "c/own"]), of(&[("", "strictly"), ("x", "second"), ("y", "named")])),
        ];
        let help = together(said).unwrap();
        let config: Vec<_> = help.config.iter().map(|(scope, text)| (scope.as_str(), text.as_str())).collect();
        let want = [("", "as usual"), ("x", "first"), ("b", "strictly"), ("c/own", "strictly"), ("y", "named")];
        assert_eq!(config, want);
        assert!(together(Vec::new()).is_none());
    }
}
