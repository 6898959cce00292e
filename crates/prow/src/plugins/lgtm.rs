//! What the lgtm plugin is told: its own block, and what the block `owners` says of collaborators.

use serde_json::{Map, Value};

use super::{Plugins, first_by_repo, to_json};
use crate::problem::{KeyPath, Problems};
use crate::settings::LgtmSettings;

impl Plugins {
    /// The settings of the lgtm plugin for a repository: the first entry that names it, else the first that names its
    /// org, else defaults. Entries are never merged. OWNERS decide for the repositories and orgs that
    /// `owners.skip_collaborators` lists.
    pub fn lgtm(&self, org: &str, repo: &str) -> LgtmSettings {
        let full_name = format!("{org}/{repo}");
        let names = |entry: &LgtmSettings, wanted: &str| entry.repos.iter().any(|repo| repo == wanted);
        let entry = first_by_repo(&self.lgtm, names, org, &full_name).cloned().unwrap_or_default();
        let skips = skipping(&self.blocks).into_iter().flatten().any(|scope| scope == org || *scope == full_name);
        LgtmSettings { skip_collaborators: skips, ..entry }
    }

    /// All that [`Plugins::lgtm`] is made of.
    pub(super) fn lgtm_everywhere(&self) -> Value {
        to_json((&self.lgtm, skipping(&self.blocks)))
    }
}

fn skipping(blocks: &Map<String, Value>) -> Option<&Vec<Value>> {
    blocks.get("owners")?.get("skip_collaborators")?.as_array()
}

/// A list of another shape would let collaborators decide where OWNERS were meant to, or the other way round.
pub(super) fn check(blocks: &Map<String, Value>, file: &str, problems: &mut Problems) {
    let at = KeyPath::root().key("owners").key("skip_collaborators");
    match blocks.get("owners").and_then(|owners| owners.get("skip_collaborators")) {
        None | Some(Value::Null) => {}
        Some(Value::Array(scopes)) => {
            for (index, _) in scopes.iter().enumerate().filter(|(_, scope)| !scope.is_string()) {
                problems.add(file, at.index(index), "not a name: write an org or an org/repo");
            }
        }
        Some(_) => problems.add(file, at, "not a list: write one of orgs and org/repos"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::problem::Problem;

    fn load(raw: Value) -> Result<Plugins, Vec<Problem>> {
        Plugins::check(serde_json::from_value(raw).unwrap(), "plugins.yaml")
    }

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
        check_skips(Value::Null, "o/r", false);
    }

    #[track_caller]
    fn check_refused(listed: Value, want: &[&str]) {
        let found = load(json!({"owners": {"skip_collaborators": listed}})).map(|_| "it loads").unwrap_err();
        let found: Vec<_> = found.iter().map(Problem::to_string).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn what_is_no_list_of_names_is_refused_with_its_place() {
        check_refused(
            json!(true),
            &["plugins.yaml: owners.skip_collaborators: not a list: write one of orgs and org/repos"],
        );
        check_refused(
            json!(["o", 7, "p", ["o/r"]]),
            &[
                "plugins.yaml: owners.skip_collaborators[1]: not a name: write an org or an org/repo",
                "plugins.yaml: owners.skip_collaborators[3]: not a name: write an org or an org/repo",
            ],
        );
    }

    #[test]
    fn an_entry_of_another_shape_is_not_read() {
        for entries in [json!({"repos": ["o"]}), json!([{"repos": "o"}]), json!([{"store_tree_hash": "yes"}])] {
            let read = serde_json::from_value::<crate::plugins::RawPlugins>(json!({ "lgtm": entries }));
            assert!(read.is_err(), "{entries}");
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
