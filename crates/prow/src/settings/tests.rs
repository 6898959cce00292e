//! Bugzilla's options, level by level.

use serde_json::{Value, json};

use super::BugzillaBlock;

#[track_caller]
fn check(block: Value, branch: &str, want: Value) {
    let block: BugzillaBlock = serde_json::from_value(block).unwrap();
    let told = serde_json::to_value(block.of("o", "r")).unwrap();
    assert_eq!(told["branches"][branch], want, "{branch}: {told:#}");
}

fn release(name: &str) -> Value {
    json!({"target_release": name})
}

#[test]
fn the_narrower_level_counts() {
    let mut block = json!({"default": {"*": release("1"), "main": release("2")}});
    check(block.clone(), "*", release("1"));
    check(block.clone(), "main", release("2"));
    block["orgs"] = json!({"o": {"default": {"*": release("3")}}, "p": {"default": {"*": release("x")}}});
    check(block.clone(), "main", release("3"));
    block["orgs"]["o"]["default"]["main"] = release("4");
    check(block.clone(), "main", release("4"));
    block["orgs"]["o"]["repos"] =
        json!({"r": {"branches": {"*": release("5")}}, "s": {"branches": {"main": release("x")}}});
    check(block.clone(), "main", release("5"));
    block["orgs"]["o"]["repos"]["r"]["branches"]["main"] = release("6");
    check(block.clone(), "main", release("6"));
    check(block.clone(), "*", release("5"));
    check(block, "other", Value::Null);
    check(json!({}), "*", json!({}));
}

#[test]
fn keys_are_taken_one_by_one_unless_defaults_are_excluded() {
    let block = |exclude: bool| {
        json!({
            "default": {"*": {"is_open": true, "enable_backporting": true, "allowed_groups": ["b"]}},
            "orgs": {"o": {"default": {"main": {"exclude_defaults": exclude, "target_release": "1", "allowed_groups": ["a", "b"]}}}},
        })
    };
    check(
        block(false),
        "main",
        json!({
            "exclude_defaults": false, "is_open": true, "enable_backporting": true, "target_release": "1",
            "allowed_groups": ["a", "b"],
        }),
    );
    check(block(true), "main", json!({"exclude_defaults": true, "target_release": "1", "allowed_groups": ["a", "b"]}));
}

#[test]
fn statuses_are_states() {
    let state = |status: &str, resolution: &str| json!({"status": status, "resolution": resolution});
    let options = json!({
        "statuses": ["NEW", "MODIFIED"], "valid_states": [{"status": "CLOSED", "resolution": "ERRATA"}],
        "dependent_bug_statuses": ["VERIFIED"], "status_after_validation": "POST", "status_after_merge": "MODIFIED",
        "state_after_merge": {"status": "ON_QA"}, "dependent_bug_target_releases": ["1"], "dependent_bug_target_release": "2",
    });
    check(
        json!({"default": {"*": options}}),
        "*",
        json!({
            "valid_states": [state("CLOSED", "ERRATA"), state("MODIFIED", ""), state("NEW", "")],
            "dependent_bug_states": [state("VERIFIED", "")],
            "state_after_validation": state("POST", ""),
            "state_after_merge": state("ON_QA", ""),
            "dependent_bug_target_releases": ["1", "2"],
        }),
    );
    let block = json!({"default": {"*": {"valid_states": [{"status": "NEW"}]}, "main": {"statuses": ["POST"]}}});
    check(block, "main", json!({"valid_states": [state("POST", "")]}));
}
