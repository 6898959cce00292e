//! Where a plugin is enabled, and where that stands.

use std::collections::{BTreeMap, BTreeSet};

use super::Plugins;
use crate::checks::Scopes;
use crate::problem::{KeyPath, Problem, Problems};

impl Plugins {
    /// The repositories whose events a plugin handles.
    ///
    /// Behaviour: Prow pkg/plugins/config.go, `EnabledReposForPlugin`.
    pub(crate) fn covered_by(&self, plugin: &str) -> Scopes {
        let (mut orgs, mut repos) = (BTreeMap::new(), BTreeSet::new());
        for scope in self.enabled_for(plugin) {
            if scope.contains('/') {
                repos.insert(scope.to_owned());
            } else {
                let without = self.excluded_repos(scope).iter().map(|repo| format!("{scope}/{repo}"));
                orgs.insert(scope.to_owned(), without.collect());
            }
        }
        Scopes::new(orgs, repos)
    }

    /// The same for a plugin that is a service of its own, which nothing excludes.
    pub(crate) fn covered_by_external(&self, plugin: &str) -> Scopes {
        let scopes = self.all_external().filter(|(_, one)| one.name == plugin).map(|(scope, _)| scope.to_owned());
        let (repos, orgs): (BTreeSet<_>, BTreeSet<_>) = scopes.partition(|scope| scope.contains('/'));
        Scopes::new(orgs.into_iter().map(|org| (org, BTreeSet::new())).collect(), repos)
    }

    /// Where one of `plugins` is enabled for an org or org/repo.
    pub(crate) fn place_of(&self, scope: &str, plugins: &[&str]) -> Option<KeyPath> {
        let entry = self.plugins.get(scope)?;
        let index = entry.plugins.iter().position(|name| plugins.contains(&name.as_str()))?;
        let at = KeyPath::root().key("plugins").key(scope);
        Some(if entry.is_bare { at } else { at.key("plugins") }.index(index))
    }

    /// A problem with the file in which this place was written.
    pub(crate) fn problem(&self, path: KeyPath, message: impl Into<String>) -> Vec<Problem> {
        let mut one = Problems::new();
        one.add("", path, message);
        self.origins.placed(one)
    }
}
