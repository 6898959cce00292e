//! Regular expressions in the blocks.

use crate::goregex;
use crate::plugins::Blocks;
use crate::problem::{KeyPath, Problems};

/// Compiles them all.
pub(super) fn compile(blocks: &Blocks, file: &str, problems: &mut Problems) {
    let mut check = |expression: &str, at: KeyPath| {
        if let Err(why) = goregex::compile(expression) {
            problems.add(file, at, format!("{why}: mend the expression"));
        }
    };
    let at = |block: &str| KeyPath::root().key(block);
    check(&blocks.sigmention.regexp, at("sigmention").key("regexp"));
    check(&blocks.heart.commentregexp, at("heart").key("commentregexp"));
    check(&blocks.cherry_pick_unapproved.branchregexp, at("cherry_pick_unapproved").key("branchregexp"));
    for (index, entry) in blocks.cherry_pick_approved.iter().enumerate() {
        check(&entry.branchregexp, at("cherry_pick_approved").index(index).key("branchregexp"));
    }
    for (index, entry) in blocks.require_matching_label.iter().enumerate() {
        check(&entry.regexp, at("require_matching_label").index(index).key("regexp"));
    }
    for (block, settings) in [("blunderbuss", &blocks.blunderbuss), ("rifle", &blocks.rifle)] {
        if let Some(status) = &settings.wait_for_status {
            check(&status.description, at(block).key("wait_for_status").key("description"));
        }
    }
    for (index, entry) in blocks.blockades.iter().enumerate() {
        let at = at("blockades").index(index);
        if let Some(branches) = &entry.branchregexp {
            check(branches, at.key("branchregexp"));
        }
        for (key, expressions) in [("blockregexps", &entry.blockregexps), ("exceptionregexps", &entry.exceptionregexps)]
        {
            for (index, expression) in expressions.iter().enumerate() {
                check(expression, at.key(key).index(index));
            }
        }
    }
}
