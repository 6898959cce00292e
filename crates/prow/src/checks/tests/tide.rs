//! tide and the plugins.

use serde_json::{Value, json};

use super::{check, check_with_plugins};

fn queries(queries: Value) -> Value {
    json!({"tide": {"queries": queries}})
}

fn enabled(by_scope: Value) -> Value {
    json!({ "plugins": by_scope })
}

#[test]
fn a_required_label_needs_its_plugin_and_the_other_way_round() {
    let both = json!({"o": {"plugins": ["lgtm", "approve"]}});
    let query = json!([{"orgs": ["o"], "labels": ["lgtm", "approved"]}]);
    for name in ["mismatched-tide", "mismatched-tide-lenient"] {
        check_with_plugins(name, queries(query.clone()), enabled(both.clone()), &[]);
        check_with_plugins(
            name,
            queries(query.clone()),
            enabled(json!({"o": {"plugins": ["lgtm"], "excluded_repos": ["x"]}})),
            &[
                "c: tide.queries[0].orgs[0] | requires the label `lgtm` in `o/x`",
                "c: tide.queries[0].orgs[0] | the label `approved` in the organisation `o`",
            ],
        );
        check_with_plugins(
            name,
            queries(json!([{"orgs": ["o"], "labels": ["lgtm"]}])),
            enabled(both.clone()),
            &["p: plugins.o.plugins[1] | no query requires its label `approved`"],
        );
        let elsewhere = json!([{"repos": ["p/r"], "labels": ["skip-review"]}]);
        check_with_plugins(name, queries(elsewhere), enabled(both.clone()), &[]);
    }
}

#[test]
fn the_place_is_where_the_repository_itself_is_named() {
    let raw = queries(json!([
        {"orgs": ["o"], "excludedRepos": ["o/r"], "labels": ["lgtm"]},
        {"repos": ["o/s", "o/r"], "labels": ["other"]},
    ]));
    let of_repo = enabled(json!({"o": {"plugins": ["lgtm"]}, "o/r": {"plugins": ["approve"]}}));
    check_with_plugins(
        "mismatched-tide",
        raw,
        of_repo,
        &[
            "p: plugins.o.plugins[0] | enabled in `o/r`",
            "p: plugins.o/r.plugins[0] | no query requires its label `approved`",
        ],
    );
}

#[test]
fn a_forbidden_label_needs_its_plugin_and_the_other_way_round() {
    let raw = || queries(json!([{"orgs": ["o"], "missingLabels": ["do-not-merge/hold", "needs-rebase"]}]));
    let external = json!({"plugins": {"o": ["hold"]}, "external_plugins": {"o": [{"name": "needs-rebase"}]}});
    check_with_plugins("mismatched-tide", raw(), external, &[]);
    check_with_plugins(
        "mismatched-tide",
        raw(),
        enabled(json!({"o": {"plugins": ["wip"]}})),
        &[
            "c: tide.queries[0].orgs[0] | forbids the label `do-not-merge/hold`",
            "p: plugins.o.plugins[0] | no query forbids its label `do-not-merge/work-in-progress`",
            "c: tide.queries[0].orgs[0] | the plugin `needs-rebase` is not enabled",
        ],
    );
    // tide merges nothing that has a conflict, so the label need not be forbidden.
    let rebase = json!({"plugins": {"o": ["x"]}, "external_plugins": {"o": [{"name": "needs-rebase"}]}});
    check_with_plugins("mismatched-tide", queries(json!([{"orgs": ["o"]}])), rebase, &[]);
    check_with_plugins("mismatched-tide-lenient", raw(), enabled(json!({"o": {"plugins": ["wip"]}})), &[]);
}

#[test]
fn every_plugin_whose_label_blocks_is_looked_at() {
    let pairs = [
        ("hold", "do-not-merge/hold"),
        ("wip", "do-not-merge/work-in-progress"),
        ("bugzilla", "bugzilla/invalid-bug"),
        ("verify-owners", "do-not-merge/invalid-owners-file"),
        ("release-note", "do-not-merge/release-note-label-needed"),
        ("cherry-pick-unapproved", "do-not-merge/cherry-pick-not-approved"),
        ("blockade", "do-not-merge/blocked-paths"),
    ];
    for (plugin, label) in pairs {
        let forbidding = queries(json!([{"orgs": ["o"], "missingLabels": [label]}]));
        check_with_plugins("mismatched-tide", forbidding.clone(), enabled(json!({"o": {"plugins": [plugin]}})), &[]);
        let want =
            format!("c: tide.queries[0].orgs[0] | `{label}` in the organisation `o`, where the plugin `{plugin}`");
        check_with_plugins("mismatched-tide", forbidding, enabled(json!({"o": {"plugins": ["x"]}})), &[&want]);
    }
}

#[test]
fn lgtm_and_needs_ok_to_test_in_one_query() {
    let query = |labels: &[&str], missing: &[&str]| {
        queries(json!([{"orgs": ["o"]}, {"orgs": ["p"], "labels": labels, "missingLabels": missing}]))
    };
    check("needs-ok-to-test", query(&["lgtm"], &["hold"]), &[]);
    check("needs-ok-to-test", query(&["approved"], &["needs-ok-to-test"]), &[]);
    let want = "c: tide.queries[1].missingLabels[1] | `needs-ok-to-test`";
    check("needs-ok-to-test", query(&["approved", "lgtm"], &["hold", "needs-ok-to-test"]), &[want]);
}

#[test]
fn strict_branches_where_tide_merges() {
    let strict = |protection: Value| {
        let mut raw = queries(json!([{"orgs": ["o"], "excludedRepos": ["o/x"]}, {"repos": ["p/r"]}]));
        raw["branch-protection"] = protection;
        raw
    };
    let on = || json!({"strict": true});
    let name = "tide-strict-branch";
    let at = |path: &str, of: &str| format!("c: branch-protection.{path}required_status_checks.strict | {of}");
    check(name, strict(json!({"protect": true, "required_status_checks": on()})), &[&at("", "all protected branches")]);
    check(name, strict(json!({"required_status_checks": on()})), &[]);
    check(name, json!({"branch-protection": {"protect": true, "required_status_checks": on()}}), &[]);
    // Whether it is protected and whether it is strict may be said on different levels.
    let of_org = json!({"protect": true, "orgs": {"o": {"required_status_checks": on()}}});
    check(name, strict(of_org), &[&at("orgs.o.", "the organisation `o` without `o/x`")]);
    let of_repo = json!({"orgs": {"p": {"protect": true, "repos": {"r": {"required_status_checks": on()}, "s": {}}}}});
    check(name, strict(of_repo), &[&at("orgs.p.repos.r.", "`p/r`")]);
    let of_branch = json!({"branches": {"main": {"protect": true, "required_status_checks": on()}}});
    check(
        name,
        strict(json!({"orgs": {"o": {"repos": {"r": of_branch}}}})),
        &[&at("orgs.o.repos.r.branches.main.", "`o/r`")],
    );
    let excepted = json!({"protect": true, "required_status_checks": on(), "repos": {"r": {"protect": false}}});
    check(
        name,
        strict(json!({"orgs": {"o": excepted}})),
        &[&at("orgs.o.", "the organisation `o` without `o/r`, `o/x`")],
    );
    check(name, strict(json!({"orgs": {"o": {"repos": {"x": of_branch_of("x")}}}})), &[]);
    let vague = json!({"orgs": {"o": {"repos": {"r": {"branches": {"main": {}}}}}}});
    check(name, strict(vague), &["c: branch-protection.orgs.o.repos.r.branches.main | set `protect`"]);
}

fn of_branch_of(name: &str) -> Value {
    json!({"branches": {name: {"protect": true, "required_status_checks": {"strict": true}}}})
}
