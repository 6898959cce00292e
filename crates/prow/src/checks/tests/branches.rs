//! Branch protection that is left to others.

use serde_json::{Value, json};

use super::check;

#[track_caller]
fn check_unmanaged(protection: Value, want: &[&str]) {
    check("validate-unmanaged-branchconfig-has-no-subconfig", json!({ "branch-protection": protection }), want);
}

#[test]
fn what_is_managed_may_say_anything() {
    check_unmanaged(json!({}), &[]);
    check_unmanaged(json!({"protect": true, "orgs": {"o": {"protect": false, "repos": {"r": {}}}}}), &[]);
    check_unmanaged(json!({"unmanaged": true}), &[]);
}

#[test]
fn a_level_that_is_unmanaged_says_nothing_else() {
    let with = |more: Value| json!({"unmanaged": true, "protect": true, "orgs": {"o": more}});
    let whole = "c: branch-protection.unmanaged | all branch protection is unmanaged";
    let org = "c: branch-protection.orgs.o | set `unmanaged: false` here";
    check_unmanaged(with(json!({})), &[whole, org]);
    check_unmanaged(
        json!({"orgs": {"o": {"unmanaged": true, "protect": true, "repos": {"r": {}}}}}),
        &[
            "c: branch-protection.orgs.o.unmanaged | the organisation `o` is unmanaged",
            "c: branch-protection.orgs.o.repos.r | `o/r` has settings",
        ],
    );
    check_unmanaged(
        json!({"orgs": {"o": {"repos": {"r": {"unmanaged": true, "protect": true, "branches": {"b": {}}}}}}}),
        &[
            "c: branch-protection.orgs.o.repos.r.unmanaged | `o/r` is unmanaged",
            "c: branch-protection.orgs.o.repos.r.branches.b | the branch `b` of `o/r` has settings",
        ],
    );
    check_unmanaged(
        json!({"orgs": {"o": {"repos": {"r": {"branches": {"b": {"unmanaged": true, "protect": true}}}}}}}),
        &["c: branch-protection.orgs.o.repos.r.branches.b.unmanaged | the branch `b` of `o/r` is unmanaged"],
    );
}

#[test]
fn a_level_below_that_is_managed_gives_it_a_meaning() {
    let managed = || json!({"unmanaged": false, "protect": true});
    check_unmanaged(json!({"unmanaged": true, "protect": true, "orgs": {"o": managed()}}), &[]);
    check_unmanaged(json!({"unmanaged": true, "protect": true, "orgs": {"o": {"repos": {"r": managed()}}}}), &[]);
    let branch = || json!({"branches": {"b": managed()}});
    check_unmanaged(json!({"unmanaged": true, "protect": true, "orgs": {"o": {"repos": {"r": branch()}}}}), &[]);
    check_unmanaged(json!({"orgs": {"o": {"unmanaged": true, "protect": true, "repos": {"r": managed()}}}}), &[]);
    let repo = json!({"unmanaged": true, "protect": true, "branches": {"b": managed()}});
    check_unmanaged(json!({"orgs": {"o": {"repos": {"r": repo}}}}), &[]);
}
