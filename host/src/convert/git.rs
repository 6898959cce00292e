//! What git and OWNERS files say, as the contract has it.

use std::collections::BTreeSet;

use crate::contract::{git_read, owners};

pub(crate) fn path_change(change: git::PathChange) -> git_read::PathChange {
    let kind = match change.kind {
        git::ChangeKind::Added => git_read::ChangeKind::Added,
        git::ChangeKind::Removed => git_read::ChangeKind::Removed,
        git::ChangeKind::Modified => git_read::ChangeKind::Modified,
        git::ChangeKind::Renamed => git_read::ChangeKind::Renamed,
        git::ChangeKind::Other => git_read::ChangeKind::Other,
    };
    git_read::PathChange { path: change.path, previous_path: change.previous_path, kind }
}

pub(crate) fn merge_check(check: git::MergeCheck) -> git_read::MergeCheck {
    git_read::MergeCheck { tree: check.tree.map(|tree| tree.to_string()), conflicts: check.conflicts }
}

pub(crate) fn blamed_line(line: git::BlamedLine) -> git_read::BlamedLine {
    git_read::BlamedLine { line: line.line, commit: line.commit.to_string(), author_email: line.author_email }
}

pub(crate) fn pick(pick: git::Pick) -> git_read::Pick {
    match pick {
        git::Pick::Picked(commit) => git_read::Pick::Picked(commit.to_string()),
        git::Pick::Conflicts(paths) => git_read::Pick::Conflicts(paths),
    }
}

pub(crate) fn list(names: BTreeSet<String>) -> Vec<String> {
    names.into_iter().collect()
}

pub(crate) fn file_owners(file: prow::owners::FileOwners) -> owners::FileOwners {
    owners::FileOwners {
        path: file.path,
        approvers_folder: file.approvers_folder,
        reviewers_folder: file.reviewers_folder,
        leaf_approvers: list(file.leaf_approvers),
        approvers: list(file.approvers),
        leaf_reviewers: list(file.leaf_reviewers),
        reviewers: list(file.reviewers),
        required_reviewers: list(file.required_reviewers),
        labels: list(file.labels),
        no_parent_owners: file.options.no_parent_owners,
        auto_approve_unowned_subfolders: file.options.auto_approve_unowned_subfolders,
    }
}

pub(crate) fn owners_group(group: prow::owners::OwnersGroup) -> owners::OwnersGroup {
    owners::OwnersGroup { owners: file_owners(group.owners), files: group.files }
}

pub(crate) fn owners_section(section: prow::owners::Section) -> owners::OwnersSection {
    owners::OwnersSection {
        pattern: section.pattern,
        approvers: list(section.approvers),
        reviewers: list(section.reviewers),
        required_reviewers: list(section.required_reviewers),
        labels: list(section.labels),
    }
}
