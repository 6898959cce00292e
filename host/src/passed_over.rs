//! Why plugins that are there are not asked about a delivery: plugins.yaml does not enable them for its repository. Pure.

use std::collections::BTreeSet;

use prow::plugins::Plugins;
use store::Considered;

/// So many are named one by one: a row of the inbox stays small, however many plugins a host has.
const MOST_NAMED: usize = 100;

/// Those of `loaded`, and those that the organization enables for its other repositories, that are not among `enabled`.
pub(crate) fn passed_over<'a>(
    plugins: &'a Plugins,
    (org, repo): (&str, &str),
    loaded: impl Iterator<Item = &'a str>,
    enabled: &[&str],
) -> Vec<Considered> {
    let is_excluded = plugins.excluded_repos(org).iter().any(|excluded| excluded == repo);
    let of_org = if is_excluded { plugins.of_org(org) } else { &[] };
    let all: BTreeSet<&str> =
        loaded.chain(of_org.iter().map(String::as_str)).filter(|name| !enabled.contains(name)).collect();
    let why = |name: &str| match of_org.iter().any(|of_org| of_org == name) {
        true => format!("is enabled for {org}, which excludes {repo} (`excluded_repos` in plugins.yaml)"),
        false => format!("is not enabled for {org}/{repo} in plugins.yaml"),
    };
    let considered = |name: &&str| Considered { plugin: (*name).to_owned(), runs: false, why: why(name) };
    let mut told: Vec<_> = all.iter().take(MOST_NAMED).map(considered).collect();
    if let Some(more) = all.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        let why = format!("is not enabled for {org}/{repo} in plugins.yaml");
        told.push(Considered { plugin: format!("{more} more"), runs: false, why });
    }
    told
}

#[cfg(test)]
mod tests {
    use prow::job_config::Named;
    use prow::plugins::RawPlugins;
    use serde_json::json;

    use super::*;

    fn check(repo: &str, loaded: &[&str], enabled: &[&str], want: &[(&str, &str)]) {
        let raw: RawPlugins = serde_json::from_value(json!({ "plugins": {
            "o": { "plugins": ["hold", "lgtm"], "excluded_repos": ["r"] },
            "o/r": { "plugins": ["help"] },
            "p": { "plugins": ["cat"] },
        } }))
        .unwrap();
        let (plugins, _) = Plugins::check(Named { file: "plugins.yaml".to_owned(), raw }, vec![]).unwrap();
        assert_eq!(plugins.effective("o", repo), enabled);
        let told = passed_over(&plugins, ("o", repo), loaded.iter().copied(), enabled);
        assert!(told.iter().all(|considered| !considered.runs));
        let told: Vec<_> = told.iter().map(|considered| (&*considered.plugin, &*considered.why)).collect();
        assert_eq!(told, want);
    }

    #[test]
    fn every_plugin_that_is_there_says_why_it_is_not_asked() {
        let not = "is not enabled for o/s in plugins.yaml";
        check("s", &["cat", "dog", "hold", "lgtm"], &["hold", "lgtm"], &[("cat", not), ("dog", not)]);
        let excluded = "is enabled for o, which excludes r (`excluded_repos` in plugins.yaml)";
        let not = "is not enabled for o/r in plugins.yaml";
        check("r", &["cat"], &["help"], &[("cat", not), ("hold", excluded), ("lgtm", excluded)]);
    }

    #[test]
    fn a_host_with_very_many_plugins_does_not_name_them_all() {
        let names: Vec<String> = (0..MOST_NAMED + 7).map(|number| format!("plugin-{number:03}")).collect();
        let told = passed_over(&Plugins::default(), ("o", "r"), names.iter().map(String::as_str), &[]);
        assert_eq!((told.len(), told.last().unwrap().plugin.as_str()), (MOST_NAMED + 1, "7 more"));
    }
}
