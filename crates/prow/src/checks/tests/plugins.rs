//! plugins.yaml, and files of it that are laid out by org and repository.

use serde_json::{Value, json};

use super::{check_with_plugins, job};
use crate::checks::hierarchy::{About, misplaced};

fn enabled(by_scope: Value) -> Value {
    json!({ "plugins": by_scope })
}

#[test]
fn owners_files_are_to_be_verified() {
    let check =
        |by_scope: Value, want: &[&str]| check_with_plugins("validate-owners", json!({}), enabled(by_scope), want);
    check(json!({"o": {"plugins": ["lgtm"]}}), &[]);
    for plugin in ["approve", "blunderbuss", "rifle", "owners-label"] {
        check(json!({"o": {"plugins": [plugin, "verify-owners"]}}), &[]);
        check(json!({"o": {"plugins": ["x", plugin]}}), &["p: plugins.o.plugins[1] | the organisation `o`"]);
    }
    let excluded = json!({"o": {"plugins": ["verify-owners"], "excluded_repos": ["r"]}, "o/r": ["approve"]});
    check(excluded, &["p: plugins.o/r[0] | in `o/r` the plugin"]);
}

#[test]
fn jobs_without_trigger() {
    let raw = || {
        json!({"presubmits": {"o/r": [job("a", json!({}))], "p/r": [job("b", json!({}))]},
        "postsubmits": {"o/r": [job("c", json!({}))], "o/x": [job("d", json!({}))]}})
    };
    let check = |by_scope: Value, want: &[&str]| check_with_plugins("missing-trigger", raw(), enabled(by_scope), want);
    check(json!({"o": {"plugins": ["trigger"]}, "p/r": {"plugins": ["trigger"]}}), &[]);
    check(
        json!({"o": {"plugins": ["trigger"], "excluded_repos": ["x"]}, "p": {"plugins": ["lgtm"]}}),
        &["c: postsubmits.o/x | `o/x` has jobs", "c: presubmits.p/r | `p/r` has jobs"],
    );
}

#[test]
fn labels_that_are_restricted_and_free() {
    let check = |free: &[&str], restricted: &str, want: &[&str]| {
        let label = json!({"additional_labels": free, "restricted_labels": {"o": [{"label": restricted}]}});
        check_with_plugins("validate-label", json!({}), json!({"plugins": {"o": ["label"]}, "label": label}), want);
    };
    check(&["a"], "b", &[]);
    check(&["a", "b"], "b", &["p: label.restricted_labels.o[0].label | gives it to everybody"]);
    check(&["a"], "", &["p: label.restricted_labels.o[0].label | has no name"]);
}

#[test]
fn who_may_update_config_maps() {
    let check = |allowed: &str, denied: &str, want: &[&str]| {
        let map = json!({"a.yaml": {"name": "a", "allowed_repos": ["o", allowed], "denied_repos": [denied]}});
        let raw = json!({"plugins": {"o": ["config-updater"]}, "config_updater": {"maps": map}});
        check_with_plugins("validate-config-updater-acls", json!({}), raw, want);
    };
    check("o/r", "p", &[]);
    check("", "p", &["p: config_updater.maps.a.yaml.allowed_repos[1] | neither"]);
    check(
        "o/r/x",
        "/r",
        &[
            "p: config_updater.maps.a.yaml.allowed_repos[1] | `o/r/x`",
            "p: config_updater.maps.a.yaml.denied_repos[0] | `/r`",
        ],
    );
}

#[track_caller]
fn check_place(path: &str, about: &About, want: Option<&str>) {
    let found = misplaced(&path.split('/').collect::<Vec<_>>(), about);
    match (&found, want) {
        (None, None) => {}
        (Some(found), Some(want)) if found.contains(want) => {}
        _ => panic!("{path}: {found:?} is not {want:?}"),
    }
}

#[test]
fn a_file_is_about_what_its_folders_say() {
    let plugins = |raw: Value| About::plugins(&serde_json::from_value(raw).unwrap());
    let of_org = plugins(json!({"plugins": {"o": ["x"]}, "lgtm": [{"repos": ["o"]}]}));
    let of_repo = plugins(json!({"external_plugins": {"o/r": []}, "approve": [{"repos": ["o/r"]}]}));
    let of_all = plugins(json!({"plugins": {"o": ["x"]}, "label": {"restricted_labels": {"*": []}}}));
    check_place("any_pluginconfig.yaml", &of_all, None);
    check_place("o/any.yaml", &of_org, None);
    check_place("o/r/any.yaml", &of_repo, None);
    check_place("o/any.yaml", &of_repo, Some("something about `o/r`"));
    check_place("o/r/any.yaml", &of_org, Some("something about `o`"));
    check_place("p/any.yaml", &of_org, Some("the organisation `p` alone"));
    check_place("o/any.yaml", &of_all, Some("for everyone"));
    check_place("o/any.yaml", &About::default(), Some("says nothing about it"));
    check_place("o/r/deep/any.yaml", &of_repo, Some("too deep"));
}

#[test]
fn supplemental_files_of_config_yaml() {
    let about = |raw: Value| About::supplement(&serde_json::from_value(raw).unwrap());
    let protection = json!({"branch-protection": {"orgs": {"o": {"repos": {"r": {"protect": true}}}}}});
    check_place("o/r/any.yaml", &about(protection), None);
    let of_org =
        json!({"branch-protection": {"orgs": {"o": {"protect": true}}}, "tide": {"queries": [{"orgs": ["o"]}]}});
    check_place("o/any.yaml", &about(of_org), None);
    check_place("o/any.yaml", &about(json!({"tide": {"queries": [{"repos": ["o/r"]}]}})), Some("`o/r`"));
    check_place("o/r/any.yaml", &about(json!({"tide": {"merge_method": {"o/r": "squash"}}})), None);
    check_place(
        "o/any.yaml",
        &about(json!({"branch-protection": {"protect-tested-repos": true}})),
        Some("for everyone"),
    );
    check_place("o/any.yaml", &about(json!({"branch-protection": {"protect": true}})), Some("for everyone"));
    check_place("o/any.yaml", &about(json!({"slack_reporter_configs": {"*": {"channel": "c"}}})), Some("for everyone"));
    check_place("o/any.yaml", &about(json!({"slack_reporter_configs": {"o": {"channel": "c"}}})), None);
}
