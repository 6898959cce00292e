//! What in plugins.yaml keeps it from taking effect. Behaviour: Prow pkg/plugins/config.go, `Validate`, but that all
//! problems are found and not the first alone.

mod config_updater;
mod enablement;
mod expressions;
mod labels;
mod projects;

use std::collections::BTreeSet;

use super::RawPlugins;
use crate::problem::{KeyPath, Problems};
use crate::settings::{InvalidCommitMsgSettings, ReviewersSettings, SizeSettings};

/// The checks of Prow's plugin invalidcommitmsg.
const COMMIT_MSG_CHECKS: [&str; 2] = ["fixupPrefix", "issueClosingKeywords"];

/// Looks through all of it, defaults filled in.
pub(super) fn whole(raw: &RawPlugins, file: &str, problems: &mut Problems) {
    let blocks = &raw.blocks;
    let at = |key: &str| KeyPath::root().key(key);
    enablement::twice(raw, file, problems);
    enablement::exclusive(&raw.plugins, file, problems);
    expressions::compile(blocks, file, problems);
    reviewers(&blocks.blunderbuss, "blunderbuss", file, problems);
    reviewers(&blocks.rifle, "rifle", file, problems);
    config_updater::check(&blocks.config_updater, file, problems);
    sizes(&blocks.size, file, problems);
    labels::check(&blocks.require_matching_label, file, problems);
    projects::check(&blocks.project_manager, file, problems);
    once(blocks.approve.iter().map(|entry| &entry.repos), &at("approve"), file, problems);
    once(blocks.welcome.iter().map(|entry| &entry.repos), &at("welcome"), file, problems);
    once(blocks.invalid_commit_msg.iter().map(|entry| &entry.repos), &at("invalid_commit_msg"), file, problems);
    commit_messages(&blocks.invalid_commit_msg, file, problems);
}

fn reviewers(settings: &ReviewersSettings, block: &str, file: &str, problems: &mut Problems) {
    if let Some(count @ ..1) = settings.request_count {
        let at = KeyPath::root().key(block).key("request_count");
        problems.add(file, at, format!("{count} is not positive: ask for one review at least"));
    }
}

/// Prow checks the values as written, so a block with only some of the sizes fails: the others count as 0.
fn sizes(size: &SizeSettings, file: &str, problems: &mut Problems) {
    let sizes = [("s", size.s), ("m", size.m), ("l", size.l), ("xl", size.xl), ("xxl", size.xxl)];
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

/// An org or repository has one entry at the most, so that nobody need know which of two counts.
fn once<'a>(entries: impl Iterator<Item = &'a Vec<String>>, at: &KeyPath, file: &str, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, repos) in entries.enumerate() {
        for (place, scope) in repos.iter().enumerate() {
            if !seen.insert(scope) {
                let at = at.index(index).key("repos").index(place);
                problems.add(file, at, format!("`{scope}` is listed before: keep one of the two"));
            }
        }
    }
}

fn commit_messages(entries: &[InvalidCommitMsgSettings], file: &str, problems: &mut Problems) {
    for (index, entry) in entries.iter().enumerate() {
        let at = KeyPath::root().key("invalid_commit_msg").index(index);
        for (place, _) in entry.repos.iter().enumerate().filter(|(_, repo)| repo.trim().is_empty()) {
            let why = "this names no repository: write an org or an org/repo";
            problems.add(file, at.key("repos").index(place), why);
        }
        for (place, check) in entry.checks.iter().enumerate() {
            if !COMMIT_MSG_CHECKS.contains(&check.name.as_str()) {
                let why = format!("there is no check `{}`: use one of {}", check.name, COMMIT_MSG_CHECKS.join(", "));
                problems.add(file, at.key("checks").index(place).key("name"), why);
            }
        }
    }
}
