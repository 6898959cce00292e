//! Contexts that are required and optional at once.

use serde_json::{Value, json};

use super::{check, job};

/// With one presubmit of `o/r` with these keys, tide's options of it, and branch protection of `o`.
#[track_caller]
fn check_contexts(presubmit: Value, options: Value, protection: Value, want: &[&str]) {
    let raw = json!({
        "presubmits": {"o/r": [job("j", presubmit)]},
        "tide": {"context_options": {"orgs": {"o": {"repos": {"r": options}}}}},
        "branch-protection": {"orgs": {"o": protection}, "allow_disabled_policies": true},
    });
    let want: Vec<_> =
        want.iter().map(|words| format!("c: tide.context_options.orgs.o.repos.r.branches.{words}")).collect();
    check("tide-context-policy", raw, &want.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn tide_s_own_lists_against_one_another() {
    let lists = |required: &str, if_present: &str, optional: &str| {
        json!({"required-contexts": [required], "required-if-present-contexts": [if_present],
            "optional-contexts": [optional]})
    };
    check_contexts(json!({}), lists("a", "b", "c"), json!({}), &[]);
    check_contexts(json!({}), lists("a", "b", "a"), json!({}), &["master | `a` are required and optional at once"]);
    check_contexts(json!({}), lists("a", "a", "b"), json!({}), &["master | `a` are required and required if present"]);
    check_contexts(json!({}), lists("a", "b", "b"), json!({}), &["master | `b` are optional and required if present"]);
}

#[test]
fn optional_expressions_against_what_is_required() {
    let optional = |pattern: &str| json!({"optional-regex-contexts": [pattern]});
    check_contexts(json!({"always_run": true}), optional("^x"), json!({}), &[]);
    check_contexts(json!({"always_run": true}), optional("^j$"), json!({}), &["master | have `j`, which is required"]);
    check_contexts(json!({"run_if_changed": "a"}), optional("^j"), json!({}), &["master | have `j`"]);
    check_contexts(json!({"always_run": true, "optional": true}), optional("^j"), json!({}), &[]);
    check_contexts(json!({}), optional("("), json!({}), &["master | no expression"]);
}

#[test]
fn jobs_count_by_how_they_run() {
    let optional = |context: &str| json!({"optional-contexts": [context]});
    let always = json!({"always_run": true});
    check_contexts(always.clone(), optional("j"), json!({}), &["master | required and optional"]);
    check_contexts(json!({}), optional("j"), json!({}), &["master | optional and required if present"]);
    check_contexts(json!({"always_run": true, "skip_report": true}), optional("j"), json!({}), &[]);
    let required = json!({"required-contexts": ["j"]});
    check_contexts(
        json!({"always_run": true, "optional": true}),
        required,
        json!({}),
        &["master | required and optional"],
    );
    // A job counts on the branches that it runs on.
    let on = json!({"always_run": true, "branches": ["main", "old"]});
    check_contexts(
        on,
        json!({"branches": {"main": {"optional-contexts": ["j"]}}}),
        json!({}),
        &["main | `main` of `o/r`"],
    );
}

#[test]
fn branch_protection_counts_where_tide_is_to_heed_it() {
    let protection = json!({"protect": true, "required_status_checks": {"contexts": ["x"]}});
    let options = |heed: bool| json!({"from-branch-protection": heed, "optional-contexts": ["x"]});
    check_contexts(json!({}), options(false), protection.clone(), &[]);
    check_contexts(json!({}), options(true), protection, &["master | `x` are required and optional"]);
    let open = json!({"protect": false, "required_status_checks": {"contexts": ["x"]}});
    check_contexts(json!({}), options(true), open, &[]);
    // With it, a job that runs by hand alone may be required.
    let by_hand = json!({"protect": true, "require_manually_triggered_jobs": true});
    let options = json!({"from-branch-protection": true, "required-if-present-contexts": ["j"]});
    check_contexts(json!({}), options.clone(), json!({"protect": true}), &[]);
    check_contexts(json!({}), options, by_hand, &["master | `j` are required and required if present"]);
}
