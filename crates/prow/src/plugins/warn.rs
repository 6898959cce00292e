//! What an operator should know of a plugins.yaml that takes effect.

use std::collections::BTreeSet;

use super::RawPlugins;
use crate::problem::{KeyPath, Problems};
use crate::settings::{BranchOptions, BugzillaBlock};

/// Looks through all of it as it is written. Behaviour: Prow pkg/plugins/config.go warns of the same, but for entries
/// that never count, of which it says nothing.
pub(super) fn whole(raw: &RawPlugins, file: &str, warnings: &mut Problems) {
    let at = |key: &str| KeyPath::root().key(key);
    let blocks = &raw.blocks;
    if raw.plugins.is_empty() {
        warnings.add(file, KeyPath::root(), "no plugins are enabled: list some under `plugins`");
    }
    if let Some((scope, _)) = raw.plugins.iter().find(|(_, entry)| entry.is_bare && !entry.plugins.is_empty()) {
        let why = "plugins are listed as Prow's first versions had them: put each list under a key `plugins`";
        warnings.add(file, at("plugins").key(scope), why);
    }
    never_counts(blocks.triggers.iter().map(|entry| &entry.repos), &at("triggers"), file, warnings);
    never_counts(blocks.lgtm.iter().map(|entry| &entry.repos), &at("lgtm"), file, warnings);
    for (index, _) in blocks.triggers.iter().enumerate().filter(|(_, entry)| !entry.trusted_org.is_empty()) {
        let why = "`trusted_org` counts, but Prow means to give it up: invite who is trusted to the organisation";
        warnings.add(file, at("triggers").index(index).key("trusted_org"), why);
    }
    for (scope, _) in blocks.repo_milestone.iter().filter(|(_, entry)| entry.maintainers_id != 0) {
        let why = "`maintainers_id` has been replaced: write the team's slug under `maintainers_team`";
        warnings.add(file, at("repo_milestone").key(scope).key("maintainers_id"), why);
    }
    old_releases(&blocks.bugzilla, file, warnings);
}

/// Of two entries for one org or repository the first counts.
fn never_counts<'a>(entries: impl Iterator<Item = &'a Vec<String>>, at: &KeyPath, file: &str, warnings: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, repos) in entries.enumerate() {
        let own: BTreeSet<&String> = repos.iter().collect();
        for scope in own.intersection(&seen) {
            let why = format!("an entry before this one is for `{scope}` and counts instead: remove it in one of them");
            warnings.add(file, at.index(index).key("repos"), why);
        }
        seen.extend(own);
    }
}

fn old_releases(block: &BugzillaBlock, file: &str, warnings: &mut Problems) {
    let mut look = |options: &BranchOptions, at: KeyPath| {
        for (branch, _) in options.iter().filter(|(_, options)| options.dependent_bug_target_release.is_some()) {
            let why = "`dependent_bug_target_release` has been replaced: write `dependent_bug_target_releases`, a list";
            warnings.add(file, at.key(branch).key("dependent_bug_target_release"), why);
        }
    };
    let root = KeyPath::root().key("bugzilla");
    block.default.iter().for_each(|options| look(options, root.key("default")));
    for (name, org) in &block.orgs {
        let at = root.key("orgs").key(name);
        org.default.iter().for_each(|options| look(options, at.key("default")));
        for (name, repo) in &org.repos {
            look(&repo.branches, at.key("repos").key(name).key("branches"));
        }
    }
}
