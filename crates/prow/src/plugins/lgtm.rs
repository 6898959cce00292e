//! What the lgtm plugin is told: its own block, and what the block `owners` says of collaborators.

use super::Plugins;
use super::settings::first;
use crate::settings::LgtmSettings;

impl Plugins {
    /// The settings of the lgtm plugin for a repository: the first entry that names it, else the first that names its
    /// org, else defaults. Entries are never merged. OWNERS decide for the repositories and orgs that
    /// `owners.skip_collaborators` lists.
    pub fn lgtm(&self, org: &str, repo: &str) -> LgtmSettings {
        let entry = first(&self.blocks.lgtm, |entry| &entry.repos, org, repo).cloned().unwrap_or_default();
        LgtmSettings { skip_collaborators: self.owners(org, repo).skip_collaborators, ..entry }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::plugins::tests::load;

    #[track_caller]
    fn check_team(entries: &Value, full_name: &str, want: &str) {
        let plugins = load(json!({ "lgtm": entries })).unwrap();
        let (org, repo) = full_name.split_once('/').unwrap();
        assert_eq!(plugins.lgtm(org, repo).trusted_team_for_sticky_lgtm, want, "{full_name}");
    }

    #[test]
    fn the_repository_s_entry_replaces_the_org_s_and_the_first_of_a_kind_counts() {
        let team = |repo: &str, team: &str| json!({"repos": [repo], "trusted_team_for_sticky_lgtm": team});
        let entries = json!([team("o", "of o"), team("o/r", "of r"), team("o", "late"), team("o/r", "late")]);
        check_team(&entries, "o/s", "of o");
        check_team(&entries, "o/r", "of r");
        check_team(&entries, "p/r", "");
        check_team(&json!([team("o", "of o"), {"repos": ["o/r"], "store_tree_hash": true}]), "o/r", "");
        check_team(&Value::Null, "o/r", "");
    }

    #[test]
    fn the_plugin_is_told_every_key_with_its_default() {
        let plugins = load(json!({"lgtm": [{"repos": ["o"], "store_tree_hash": true, "review_acts_as_lgtm": null}]}));
        let plugins = plugins.unwrap();
        let told = |repos: Value, store: bool| {
            json!({
                "repos": repos, "review_acts_as_lgtm": false, "store_tree_hash": store,
                "trusted_team_for_sticky_lgtm": "", "skip_collaborators": false,
            })
        };
        assert_eq!(plugins.settings("lgtm", "o", "r"), told(json!(["o"]), true));
        assert_eq!(plugins.settings("lgtm", "p", "r"), told(json!([]), false));
    }

    #[track_caller]
    fn check_skips(listed: Value, full_name: &str, want: bool) {
        // What an entry says of it has no effect: it is no key of Prow's there.
        let entry = json!({"repos": ["o", "p", "o/r"], "skip_collaborators": !want});
        let plugins = load(json!({"lgtm": [entry], "owners": {"skip_collaborators": listed}})).unwrap();
        let (org, repo) = full_name.split_once('/').unwrap();
        assert_eq!(plugins.lgtm(org, repo).skip_collaborators, want, "{full_name}");
    }

    #[test]
    fn collaborators_are_skipped_for_an_org_or_for_one_repository() {
        check_skips(json!(["o"]), "o/r", true);
        check_skips(json!(["p", "o/r"]), "o/r", true);
        check_skips(json!(["o/s", "p", "r"]), "o/r", false);
        check_skips(json!([]), "o/r", false);
    }

    #[test]
    fn an_entry_of_another_shape_is_not_read() {
        let entry = |entries: Value| json!({ "lgtm": entries });
        let skips = |listed: Value| json!({"owners": {"skip_collaborators": listed}});
        for raw in [
            entry(json!({"repos": ["o"]})),
            entry(json!([{"repos": "o"}])),
            entry(json!([{"store_tree_hash": "yes"}])),
            skips(json!(true)),
            skips(json!([["o/r"]])),
        ] {
            let read = serde_json::from_value::<crate::plugins::RawPlugins>(raw.clone());
            assert!(read.is_err(), "{raw}");
        }
    }

    #[test]
    fn the_plugin_is_loaded_anew_when_either_block_changes() {
        let everywhere = |raw: Value| load(raw).unwrap().settings_everywhere("lgtm");
        let entry = json!([{"repos": ["o"]}]);
        let before = everywhere(json!({"lgtm": entry, "owners": {"labels_denylist": ["x"]}}));
        assert_eq!(before, everywhere(json!({ "lgtm": entry })));
        assert_ne!(before, everywhere(json!({"lgtm": entry, "owners": {"skip_collaborators": ["o"]}})));
        assert_ne!(before, everywhere(json!({"lgtm": [{"repos": ["p"]}]})));
    }
}
