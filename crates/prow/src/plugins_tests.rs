//! plugins.yaml as a whole: who handles what, what plugins are told, and what is refused.

use serde_json::{Value, json};

use crate::plugins::Plugins;
use crate::problem::Problem;

fn load(raw: Value) -> Result<Plugins, Vec<Problem>> {
    Plugins::check(serde_json::from_value(raw).unwrap(), "plugins.yaml")
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
fn a_plugin_is_not_enabled_twice() {
    check_refused(
        json!({"plugins": {"o": ["a"], "o/r": ["a"]}}),
        &["plugins.yaml: plugins.o/r: the plugin `a` is enabled for `o` and"],
    );
    let service = |name: &str| json!([{"name": name}]);
    check_refused(
        json!({"external_plugins": {"o": service("a"), "o/r": service("a")}}),
        &["external_plugins.o/r: the external plugin `a`"],
    );
    assert!(load(json!({"external_plugins": {"o": service("a"), "o/r": service("b")}})).is_ok());
}

#[test]
fn expressions_in_blocks_are_compiled() {
    check_refused(json!({"sigmention": {"regexp": "("}}), &["sigmention.regexp"]);
    check_refused(json!({"heart": {"commentregexp": "("}}), &["heart.commentregexp"]);
    check_refused(
        json!({"cherry_pick_approved": [{"branchregexp": "a"}, {"branchregexp": "("}]}),
        &["cherry_pick_approved[1].branchregexp"],
    );
    check_refused(json!({"cherry_pick_unapproved": {"branchregexp": "("}}), &["cherry_pick_unapproved.branchregexp"]);
    check_refused(json!({"require_matching_label": [{"regexp": "("}]}), &["require_matching_label[0].regexp"]);
    check_refused(
        json!({"blockades": [{"branchregexp": "(", "blockregexps": ["a", "("], "exceptionregexps": ["("]}]}),
        &["blockades[0].branchregexp", "blockades[0].blockregexps[1]", "blockades[0].exceptionregexps[0]"],
    );
    check_refused(json!({"rifle": {"wait_for_status": {"description": "("}}}), &["rifle.wait_for_status.description"]);
}

#[test]
fn sizes_do_not_decrease() {
    assert!(load(json!({"size": {"s": 10, "m": 30, "l": 100, "xl": 500, "xxl": 1000}})).is_ok());
    assert!(load(json!({"size": {"s": 1, "m": 1, "l": 1, "xl": 1, "xxl": 1}})).is_ok());
    check_refused(json!({"size": {"s": 10}}), &["size: the size `s` (10) is above `m` (0)"]);
    check_refused(
        json!({"size": {"s": 1, "m": 2, "l": 3, "xl": 2, "xxl": 5}}),
        &["the size `l` (3) is above `xl` (2)"],
    );
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
            "ignore_ok_to_test": false, "trigger_github_workflows": false,
            "org_invite": {"prominent": {"disabled": false, "merged_pr_threshold": 3, "message": ""}},
        })
    );
    let zero =
        load(json!({"triggers": [{"repos": ["o"], "org_invite": {"prominent": {"merged_pr_threshold": 0}}}]})).unwrap();
    assert_eq!(zero.trigger("o", "r").org_invite.prominent.merged_pr_threshold, 0);
}

#[test]
fn blocks_are_found_by_their_plugin_and_resolved_for_the_repository() {
    let plugins = load(json!({
        "approve": [{"repos": ["o"], "issue_required": true}, {"repos": ["o/r"]}],
        "size": {"s": 1, "m": 2, "l": 3, "xl": 4, "xxl": 5},
        "cherry_pick_approved": [{"org": "o"}],
        "repo_milestone": {"o/r": {"maintainers_team": "t"}},
        "help": {"help_guidelines_summary": "be kind"},
        "slack": {"mentionchannels": ["sig-node"]},
        "jira": {"disabled_jira_projects": ["ABC"]},
    }))
    .unwrap();
    assert_eq!(plugins.settings("slackevents", "o", "r"), json!({"mentionchannels": ["sig-node"]}));
    assert_eq!(plugins.settings("jira", "o", "r"), json!({"disabled_jira_projects": ["ABC"]}));
    assert_eq!(plugins.settings("approve", "o", "s"), json!({"repos": ["o"], "issue_required": true}));
    assert_eq!(plugins.settings("approve", "o", "r"), json!({"repos": ["o/r"]}));
    assert_eq!(plugins.settings("approve", "p", "r"), Value::Null);
    assert_eq!(plugins.settings("size", "o", "r")["xl"], 4);
    assert_eq!(plugins.settings("cherry-pick-approved", "o", "r"), json!([{"org": "o"}]));
    assert_eq!(plugins.settings("milestone", "o", "r"), json!({"o/r": {"maintainers_team": "t"}}));
    assert_eq!(plugins.settings("help", "o", "r")["help_guidelines_summary"], "be kind");
    assert_eq!(plugins.settings("hold", "o", "r"), Value::Null);
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
