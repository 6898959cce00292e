//! What in plugins.yaml keeps it from taking effect.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::RawPlugins;
use crate::goregex;
use crate::problem::{KeyPath, Problems};
use crate::settings::ApproveSettings;

/// Expressions in the blocks, by block and key; the blocks are mappings or lists of them.
const EXPRESSIONS: [(&str, &[&str]); 5] = [
    ("sigmention", &["regexp"]),
    ("cherry_pick_approved", &["branchregexp"]),
    ("cherry_pick_unapproved", &["branchregexp"]),
    ("heart", &["commentregexp"]),
    ("require_matching_label", &["regexp"]),
];

/// A plugin must not be enabled for an org and again for one of its repositories, unless that one is excluded there.
pub(super) fn check_twice(raw: &RawPlugins, file: &str, problems: &mut Problems) {
    let at = KeyPath::root().key("plugins");
    for (scope, entry) in &raw.plugins {
        let Some((org, repo)) = scope.split_once('/') else { continue };
        let of_org = raw.plugins.get(org).filter(|entry| !entry.excluded_repos.iter().any(|excluded| excluded == repo));
        for name in entry.plugins.iter().filter(|name| of_org.is_some_and(|entry| entry.plugins.contains(name))) {
            let why = format!(
                "the plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one, or exclude `{repo}` under `{org}`"
            );
            problems.add(file, at.key(scope), why);
        }
    }
    let name_of = |plugin: &Value| plugin.get("name").and_then(Value::as_str).map(str::to_owned);
    for (scope, entries) in &raw.external_plugins {
        let Some((org, _)) = scope.split_once('/') else { continue };
        let of_org: BTreeSet<_> = raw.external_plugins.get(org).into_iter().flatten().filter_map(name_of).collect();
        for name in entries.iter().filter_map(name_of).filter(|name| of_org.contains(name)) {
            let at = KeyPath::root().key("external_plugins").key(scope);
            problems.add(
                file,
                at,
                format!("the external plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one"),
            );
        }
    }
}

pub(super) fn check_expressions(blocks: &Map<String, Value>, file: &str, problems: &mut Problems) {
    let mut check = |value: Option<&Value>, at: KeyPath| {
        if let Some(Err(why)) = value.and_then(Value::as_str).map(goregex::compile) {
            problems.add(file, at, format!("{why}: mend the expression"));
        }
    };
    for (block, keys) in EXPRESSIONS {
        let at = KeyPath::root().key(block);
        let Some(value) = blocks.get(block) else { continue };
        for key in keys {
            match value {
                Value::Array(entries) => {
                    for (index, entry) in entries.iter().enumerate() {
                        check(entry.get(key), at.index(index).key(*key));
                    }
                }
                value => check(value.get(key), at.key(*key)),
            }
        }
    }
    for (index, entry) in blocks.get("blockades").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = KeyPath::root().key("blockades").index(index);
        check(entry.get("branchregexp"), at.key("branchregexp"));
        for key in ["blockregexps", "exceptionregexps"] {
            for (index, expression) in entry.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
                check(Some(expression), at.key(key).index(index));
            }
        }
    }
    for block in ["blunderbuss", "rifle"] {
        let at = KeyPath::root().key(block).key("wait_for_status").key("description");
        check(blocks.get(block).and_then(|block| block.pointer("/wait_for_status/description")), at);
    }
}

/// Prow checks the values as written, so a block with only some of the sizes fails: the others count as 0.
pub(super) fn check_sizes(blocks: &Map<String, Value>, file: &str, problems: &mut Problems) {
    let Some(size) = blocks.get("size").filter(|size| size.is_object()) else { return };
    let sizes =
        ["s", "m", "l", "xl", "xxl"].map(|key| (key, size.get(key).and_then(Value::as_i64).unwrap_or_default()));
    for pair in sizes.windows(2) {
        let [(smaller, low), (larger, high)] = pair else { continue };
        if low > high {
            let why = format!(
                "the size `{smaller}` ({low}) is above `{larger}` ({high}): give all of s, m, l, xl, xxl, none below the one before"
            );
            return problems.add(file, KeyPath::root().key("size"), why);
        }
    }
}

/// An org or repository has one entry at the most: of two, Prow refuses the file too, and nobody need know which counts.
pub(super) fn check_approve(entries: &[ApproveSettings], file: &str, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        for (place, scope) in entry.repos.iter().enumerate() {
            if !seen.insert(scope) {
                let at = KeyPath::root().key("approve").index(index).key("repos").index(place);
                problems.add(file, at, format!("`{scope}` is listed before: keep one of the two"));
            }
        }
    }
}
