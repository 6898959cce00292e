//! plugins.yaml as a whole: who handles what, what plugins are told, and what is refused.

use serde_json::{Value, json};

use crate::job_config::Named;
use crate::plugins::Plugins;
use crate::problem::Problem;

mod sharding;
mod told;
mod validation;
mod warnings;

pub(super) fn load(raw: Value) -> Result<Plugins, Vec<Problem>> {
    load_all(vec![("plugins.yaml", raw)]).map(|(plugins, _)| plugins)
}

/// The main file first, by their names.
fn load_all(files: Vec<(&str, Value)>) -> Result<(Plugins, Vec<Problem>), Vec<Problem>> {
    let named = |(file, raw): (&str, Value)| Named { file: file.to_owned(), raw: serde_json::from_value(raw).unwrap() };
    let mut files = files.into_iter().map(named);
    let main = files.next().unwrap();
    Plugins::check(main, files.collect())
}

#[track_caller]
fn check_effective(plugins: Value, full_name: &str, want: &[&str]) {
    let plugins = load(json!({ "plugins": plugins })).unwrap();
    let (org, repo) = full_name.split_once('/').unwrap();
    assert_eq!(plugins.effective(org, repo), want, "{full_name}");
}

#[test]
fn the_org_s_plugins_come_before_the_repository_s() {
    let both = json!({"o": {"plugins": ["trigger", "hold"]}, "o/r": {"plugins": ["help"]}});
    check_effective(both.clone(), "o/r", &["trigger", "hold", "help"]);
    check_effective(both.clone(), "o/s", &["trigger", "hold"]);
    check_effective(both.clone(), "p/r", &[]);
    check_effective(both, "O/r", &[]);
}

#[test]
fn both_forms_are_read() {
    check_effective(json!({"o": ["a"], "o/r": {"plugins": ["b"]}}), "o/r", &["a", "b"]);
    check_effective(json!({"o": null, "o/r": {"plugins": null, "excluded_repos": null}}), "o/r", &[]);
}

#[test]
fn an_excluded_repository_loses_all_of_the_org_s_plugins() {
    let raw = json!({"o": {"plugins": ["a", "b"], "excluded_repos": ["r"]}, "o/r": ["b"]});
    check_effective(raw.clone(), "o/r", &["b"]);
    check_effective(raw.clone(), "o/s", &["a", "b"]);
    let plugins = load(json!({ "plugins": raw })).unwrap();
    assert_eq!(plugins.enabled_for("b"), ["o", "o/r"]);
    assert_eq!(plugins.excluded_repos("o"), ["r"]);
    assert_eq!(plugins.names().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(plugins.scopes().collect::<Vec<_>>(), ["o", "o/r"]);
}

#[track_caller]
fn check_refused(raw: Value, want: &[&str]) {
    let found: Vec<_> = load(raw).map(|_| "it loads").unwrap_err().iter().map(Problem::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.contains(want), "{found:?} lacks {want:?}");
    }
}

#[test]
fn the_trigger_entry_of_the_repository_replaces_the_org_s() {
    let plugins = load(json!({"triggers": [
        {"repos": ["o"], "only_org_members": true, "trusted_org": "k"},
        {"repos": ["o/r"], "ignore_ok_to_test": true},
        {"repos": ["o"], "trusted_apps": ["late"]},
    ]}))
    .unwrap();
    let of_org = plugins.trigger("o", "s");
    assert!(of_org.only_org_members && of_org.trusted_apps.is_empty());
    assert_eq!(of_org.join_org_url, "https://github.com/orgs/k/people");
    let of_repo = plugins.trigger("o", "r");
    assert!(of_repo.ignore_ok_to_test && !of_repo.only_org_members);
    assert_eq!(
        plugins.settings("trigger", "p", "x"),
        json!({
            "repos": [], "trusted_apps": [], "trusted_org": "", "join_org_url": "", "only_org_members": false,
            "ignore_ok_to_test": false, "trigger_github_workflows": false, "ok_to_test_expires_on_push": false,
            "org_invite": {"prominent": {"disabled": false, "merged_pr_threshold": 3, "message": ""}},
        })
    );
    let zero =
        load(json!({"triggers": [{"repos": ["o"], "org_invite": {"prominent": {"merged_pr_threshold": 0}}}]})).unwrap();
    assert_eq!(zero.trigger("o", "r").org_invite.prominent.merged_pr_threshold, 0);
}

#[test]
fn the_approve_entry_of_the_repository_replaces_the_org_s() {
    let plugins = load(json!({"approve": [
        {"repos": ["o"], "issue_required": true, "pr_process_link": "https://p", "commandHelpLink": "https://c"},
        {"repos": ["o/r", "q"], "require_self_approval": true, "ignore_review_state": true, "lgtm_acts_as_approve": true},
    ]}))
    .unwrap();
    let of_org = plugins.approve("o", "s");
    assert!(of_org.issue_required && !of_org.require_self_approval);
    assert_eq!((of_org.pr_process_link.as_str(), of_org.command_help_link.as_str()), ("https://p", "https://c"));
    let of_repo = plugins.approve("o", "r");
    assert!(!of_repo.issue_required && of_repo.require_self_approval);
    assert!(of_repo.ignore_review_state && of_repo.lgtm_acts_as_approve);
    assert_eq!(of_repo.command_help_link, "https://go.k8s.io/bot-commands");
    assert_eq!(plugins.approve("q", "any").repos, ["o/r", "q"]);
    assert_eq!(
        plugins.settings("approve", "p", "x"),
        json!({
            "repos": [], "issue_required": false, "require_self_approval": false, "lgtm_acts_as_approve": false,
            "ignore_review_state": false, "commandHelpLink": "https://go.k8s.io/bot-commands",
            "pr_process_link": "https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process",
        })
    );
}

#[test]
fn approve_keys_that_are_null_or_empty_have_their_defaults() {
    let keys = ["issue_required", "require_self_approval", "lgtm_acts_as_approve", "ignore_review_state"];
    let mut entry = json!({"repos": ["o"], "commandHelpLink": "", "pr_process_link": null});
    for key in keys {
        entry[key] = Value::Null;
    }
    let plugins = load(json!({ "approve": [entry, {"repos": null}] })).unwrap();
    let mut found = plugins.settings("approve", "o", "r");
    found["repos"] = json!([]);
    assert_eq!(found, plugins.settings("approve", "p", "r"));
    assert!(load(json!({"approve": null})).is_ok());
}

#[test]
fn files_with_owners_have_the_names_of_the_repository_s_entry_else_of_the_org_s() {
    let plugins = load(json!({"owners": {
        "filenames": {"o": {"owners": "CODE", "owners_aliases": "GROUPS"}, "o/r": {"owners": "MINE"}},
        "mdyamlrepos": ["o", "p/r"],
    }}));
    let plugins = plugins.unwrap();
    let names = |org, repo| {
        let names = plugins.owners_names(org, repo);
        (names.owners, names.aliases, names.markdown)
    };
    let want = |owners: &str, aliases: &str, markdown| (owners.to_owned(), aliases.to_owned(), markdown);
    assert_eq!(names("o", "s"), want("CODE", "GROUPS", true));
    // Entries are not merged; what one leaves out is called as usual.
    assert_eq!(names("o", "r"), want("MINE", "OWNERS_ALIASES", true));
    assert_eq!(names("p", "r"), want("OWNERS", "OWNERS_ALIASES", true));
    assert_eq!(names("p", "s"), want("OWNERS", "OWNERS_ALIASES", false));
}

#[test]
fn a_module_s_config_stands_in_for_the_block() {
    let module = |config: Value| json!({"component": "a.wasm", "config": config});
    let plugins = load(
        json!({"modules": {"greeter": module(json!({"greeting": "hello"})), "size": module(json!(7))}, "size": {}}),
    )
    .unwrap();
    assert_eq!(plugins.settings("greeter", "o", "r"), json!({"greeting": "hello"}));
    assert_eq!(plugins.settings("size", "o", "r"), json!(7));
    assert!(plugins.module("greeter").is_some() && plugins.module("hold").is_none());
}
