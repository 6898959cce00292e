//! Plugins that would handle an event twice, or that would stand in each other's way.

use std::collections::{BTreeMap, BTreeSet};

use crate::plugins::{RawPluginList, RawPlugins};
use crate::problem::{KeyPath, Problems};

/// Each asks for reviews in its own way.
const EXCLUSIVE: [&str; 2] = ["blunderbuss", "rifle"];

/// A plugin must not be enabled for an org and again for one of its repositories, unless that one is excluded there.
/// Nobody is excluded from an org's external plugins.
pub(super) fn twice(raw: &RawPlugins, file: &str, problems: &mut Problems) {
    let at = KeyPath::root().key("plugins");
    for (scope, repo, own, wide) in pairs(&raw.plugins) {
        for name in own.plugins.iter().filter(|name| wide.plugins.contains(name)) {
            let org = org_of(scope);
            let why = format!(
                "the plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one, or exclude `{repo}` under `{org}`"
            );
            problems.add(file, at.key(scope), why);
        }
    }
    for (scope, entries) in raw.external_plugins.iter().filter(|(scope, _)| scope.contains('/')) {
        let org = org_of(scope);
        let of_org: BTreeSet<_> = raw.external_plugins.get(org).into_iter().flatten().map(|it| &it.name).collect();
        for name in entries.iter().map(|it| &it.name).filter(|name| of_org.contains(name)) {
            let at = KeyPath::root().key("external_plugins").key(scope);
            let why = format!("the external plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one");
            problems.add(file, at, why);
        }
    }
}

/// Of some plugins only one may handle a repository.
pub(super) fn exclusive(plugins: &BTreeMap<String, RawPluginList>, file: &str, problems: &mut Problems) {
    let at = KeyPath::root().key("plugins");
    let [one, other] = EXCLUSIVE;
    let has = |entry: &RawPluginList, name: &str| entry.plugins.iter().any(|it| it == name);
    let has_both = |entry: &RawPluginList| has(entry, one) && has(entry, other);
    for (scope, _) in plugins.iter().filter(|(_, entry)| has_both(entry)) {
        problems.add(file, at.key(scope), format!("both `{one}` and `{other}` are enabled here: keep one of them"));
    }
    for (scope, _, own, wide) in pairs(plugins).filter(|(_, _, own, _)| !has_both(own)) {
        if (has(own, one) && has(wide, other)) || (has(own, other) && has(wide, one)) {
            let org = org_of(scope);
            let why = format!("of `{one}` and `{other}`, one is enabled for `{org}` and one for `{scope}`: keep one");
            problems.add(file, at.key(scope), why);
        }
    }
}

/// The entries of repositories: key, repository, the entry, and that of its org, if that is for the repository too.
fn pairs(
    plugins: &BTreeMap<String, RawPluginList>,
) -> impl Iterator<Item = (&String, &str, &RawPluginList, &RawPluginList)> {
    plugins.iter().filter_map(|(scope, own)| {
        let (org, repo) = scope.split_once('/')?;
        let wide = plugins.get(org).filter(|wide| !wide.excluded_repos.iter().any(|excluded| excluded == repo))?;
        Some((scope, repo, own, wide))
    })
}

fn org_of(scope: &str) -> &str {
    scope.split('/').next().unwrap_or_default()
}
