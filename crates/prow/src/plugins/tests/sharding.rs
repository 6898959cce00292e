//! One plugins.yaml of several files.

use serde_json::{Value, json};

use super::load_all;

#[track_caller]
fn check_refused(main: Value, shard: Value, want: &[&str]) {
    let found = load_all(vec![("main", main), ("shard", shard)]).map(|_| "it loads").unwrap_err();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.contains(want), "{found:?} lacks {want:?}");
    }
}

#[test]
fn what_can_be_merged_is_merged() {
    let shard = |org: &str| {
        json!({
            "plugins": {org: ["hold"]},
            "external_plugins": {org: [{"name": "x"}]},
            "approve": [{"repos": [org], "issue_required": true}],
            "lgtm": [{"repos": [org], "store_tree_hash": true}],
            "triggers": [{"repos": [org], "trusted_org": org}],
            "welcome": [{"repos": [org], "message_template": org}],
            "label": {"restricted_labels": {org: [{"label": "a", "allowed_users": [org]}]}},
            "bugzilla": {"orgs": {org: {"default": {"*": {"target_release": org}}}}},
        })
    };
    let main = json!({"label": {"additional_labels": ["z"]}, "plugins": {"main": {"plugins": ["lgtm"]}}});
    let (plugins, warnings) = load_all(vec![("main", main), ("a", shard("o")), ("b", shard("p"))]).unwrap();
    for org in ["o", "p"] {
        assert_eq!(plugins.effective(org, "r"), ["hold"]);
        assert_eq!(plugins.external(org, "r")[0].endpoint.url(), "http://x");
        assert!(plugins.approve(org, "r").issue_required && plugins.lgtm(org, "r").store_tree_hash);
        assert_eq!(plugins.trigger(org, "r").join_org_url, format!("https://github.com/orgs/{org}/people"));
        assert_eq!(plugins.welcome(org, "r").message_template, org);
        assert_eq!(plugins.settings("label", org, "r")["restricted_labels"][0]["allowed_users"], json!([org]));
        assert_eq!(plugins.settings("bugzilla", org, "r")["branches"]["*"]["target_release"], org);
    }
    assert_eq!(plugins.effective("main", "r"), ["lgtm"]);
    let places: Vec<_> = warnings.iter().map(|warning| format!("{}: {}", warning.file, warning.path)).collect();
    assert_eq!(places, ["a: plugins.o", "a: triggers[0].trusted_org", "b: triggers[0].trusted_org"]);
}

#[test]
fn lists_keep_the_order_of_the_files() {
    let entry = |team: &str| json!({"lgtm": [{"repos": ["o"], "trusted_team_for_sticky_lgtm": team}]});
    let (plugins, _) = load_all(vec![("main", entry("main")), ("a", entry("a"))]).unwrap();
    assert_eq!(plugins.lgtm("o", "r").trusted_team_for_sticky_lgtm, "main");
}

#[test]
fn what_is_said_twice_is_refused_in_its_own_file() {
    let plugins = json!({"plugins": {"o": ["hold"]}});
    check_refused(plugins.clone(), plugins, &["shard: plugins.o: main has this too"]);
    let service = json!({"external_plugins": {"o": [{"name": "x"}]}});
    check_refused(service.clone(), service, &["shard: external_plugins.o: main has this too"]);
    let options = json!({"*": {"is_open": true}});
    let bugs = json!({"bugzilla": {"default": options}});
    check_refused(bugs.clone(), bugs, &["shard: bugzilla.default: main has"]);
    let bugs = json!({"bugzilla": {"orgs": {"o": {"default": options, "repos": {"r": {"branches": options}}}}}});
    check_refused(
        bugs.clone(),
        bugs,
        &["shard: bugzilla.orgs.o.default: main has", "shard: bugzilla.orgs.o.repos.r: main has"],
    );
    let label = |name: &str| json!({"label": {"restricted_labels": {"o": [{"label": "b"}, {"label": name}]}}});
    let other = json!({"label": {"restricted_labels": {"o": [{"label": "a"}]}}});
    check_refused(label("a"), other.clone(), &["shard: label.restricted_labels.o[0]: main restricts `a` too"]);
    assert!(load_all(vec![("main", label("c")), ("shard", other)]).is_ok());
}

#[test]
fn what_stands_for_everyone_has_one_file() {
    check_refused(json!({}), json!({"heart": {"adorees": ["a"]}}), &["shard: heart: this cannot be said in a supple"]);
    check_refused(json!({}), json!({"label": {"additional_labels": ["a"]}}), &["shard: label.additional_labels: this"]);
    check_refused(json!({}), json!({"owners": {"labels_denylist": ["a"]}}), &["shard: owners: this"]);
    check_refused(json!({}), json!({"modules": {"m": {"component": "a.wasm"}}}), &["shard: modules: this"]);
    check_refused(json!({}), json!({"signatures": {"*": {"keys": ["k"]}}}), &["shard: signatures: this"]);
    assert!(load_all(vec![("main", json!({})), ("shard", json!({"heart": {}, "size": {"s": 0}}))]).is_ok());
}

#[test]
fn the_whole_is_checked_and_told_by_file() {
    let entry = |repo: &str| json!({"approve": [{"repos": ["p"]}, {"repos": [repo]}]});
    check_refused(
        json!({"approve": [{"repos": ["o"]}]}),
        entry("o"),
        &["shard: approve[1].repos[0]: `o` is listed before"],
    );
    check_refused(
        json!({"plugins": {"o": ["a"]}}),
        json!({"plugins": {"o/r": ["a"]}}),
        &["shard: plugins.o/r: the plugin `a`"],
    );
    check_refused(
        json!({"external_plugins": {"o": [{"name": "a"}]}}),
        json!({"external_plugins": {"p": [{"name": "b"}, {"name": ""}]}}),
        &["shard: external_plugins.p[1]: this external plugin has no `name`"],
    );
    check_refused(json!({"size": {"s": 1}}), json!({"plugins": {"o": ["a"]}}), &["main: size: "]);
}
