//! What takes effect and should be known all the same.

use serde_json::{Value, json};

use super::load_all;

#[track_caller]
fn check(mut raw: Value, want: &[&str]) {
    let given = raw.get("plugins").is_some();
    if !given {
        raw["plugins"] = json!({"o": {"plugins": ["hold"]}});
    }
    let (_, found) = load_all(vec![("f", raw)]).unwrap();
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        assert!(found.starts_with(want), "{found:?} does not begin with {want:?}");
    }
}

#[test]
fn nothing_is_said_of_what_is_usual() {
    check(json!({"triggers": [{"repos": ["o"]}, {"repos": ["o/r", "p", "p"]}], "repo_milestone": {"": {}}}), &[]);
    check(json!({"plugins": {"o": {"plugins": ["hold"]}, "p": []}}), &[]);
}

#[test]
fn entries_that_never_count() {
    for block in ["lgtm", "triggers"] {
        let want = format!("f: {block}[1].repos: an entry before this one is for `o/r` and counts");
        check(json!({block: [{"repos": ["o/r", "o"]}, {"repos": ["p", "o/r"]}]}), &[&want]);
    }
}

#[test]
fn keys_that_have_been_replaced() {
    check(json!({"plugins": {"o": ["hold"], "p": ["hold"]}}), &["f: plugins.o: plugins are listed as Prow's first"]);
    check(json!({"triggers": [{"repos": ["o"], "trusted_org": "k"}]}), &["f: triggers[0].trusted_org: "]);
    check(json!({"repo_milestone": {"o/r": {"maintainers_id": 1}}}), &["f: repo_milestone.o/r.maintainers_id: "]);
    let old = json!({"main": {"dependent_bug_target_release": "1"}});
    check(
        json!({"bugzilla": {"default": old, "orgs": {"o": {"default": old, "repos": {"r": {"branches": old}}}}}}),
        &[
            "f: bugzilla.default.main.dependent_bug_target_release: ",
            "f: bugzilla.orgs.o.default.main.dependent_bug_target_release: ",
            "f: bugzilla.orgs.o.repos.r.branches.main.dependent_bug_target_release: ",
        ],
    );
}
