//! Whose approval a change needs, by the OWNERS files above it. Behaviour: Prow pkg/plugins/approve/approvers/owners.go.
//!
//! Decided otherwise than there:
//! - A folder stands for one below it only where whoever may approve the one may approve the other. Prow drops the lower
//!   one whenever `no_parent_owners` lies not between; with owners by `filters`, files are then approved by people who
//!   do not own them.
//! - `auto_approve_unowned_subfolders` is about subfolders also in the root. There Prow lets everything through that
//!   has no deeper owners.

use std::collections::{BTreeMap, BTreeSet};

use kit::owners::{FileOwners, OwnersGroup};

/// The files that a pull request changes, and who governs them.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// From the root.
    pub paths: Vec<String>,
    /// By places in `paths`.
    pub groups: Vec<OwnersGroup>,
}

/// Files that the same people own: those of one folder, unless its `filters` tell them apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Where the OWNERS file is; the root is empty. A Markdown file with a header is its own.
    pub folder: String,
    /// Whom that file names, in lower case.
    pub leaf: BTreeSet<String>,
    /// Who may approve: those, and whom the files above it name.
    pub approvers: BTreeSet<String>,
}

/// What has to be approved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required {
    /// Sorted, each once.
    groups: Vec<Group>,
    has_files: bool,
}

impl Required {
    /// What a change of these files needs.
    pub fn of(changed: &Changed) -> Self {
        let Changed { paths, groups } = changed;
        let set = |logins: &[String]| logins.iter().cloned().collect();
        let group = |owners: &FileOwners| Group {
            folder: owners.approvers_folder.clone(),
            leaf: set(&owners.leaf_approvers),
            approvers: set(&owners.approvers),
        };
        let needed = groups.iter().filter(|group| !is_exempt(group, paths));
        let all: BTreeSet<Group> = needed.map(|needed| group(&needed.owners)).collect();
        let closed = groups.iter().map(|group| &group.owners).filter(|owners| owners.no_parent_owners);
        let closed: BTreeSet<&str> = closed.map(|owners| owners.approvers_folder.as_str()).collect();
        let mut by_folder: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
        for group in &all {
            by_folder.entry(&group.folder).or_default().push(group);
        }
        let groups = all.iter().filter(|group| !has_deputy(group.folder.as_str(), &by_folder, &closed));
        Self { groups: groups.cloned().collect(), has_files: !paths.is_empty() }
    }

    /// The files by owners, those of one folder side by side.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Whether this login, in lower case, may approve anything here.
    pub fn has_say(&self, login: &str) -> bool {
        self.groups.iter().any(|group| group.approvers.contains(login))
    }

    /// Whether these logins, in lower case, may approve everything. A pull request without files is never approved.
    pub fn is_approved(&self, by: &BTreeSet<String>) -> bool {
        self.has_files && self.groups.iter().all(|group| group.is_approved(by))
    }
}

impl Group {
    /// Whether one of these logins, in lower case, may approve these files.
    pub fn is_approved(&self, by: &BTreeSet<String>) -> bool {
        !self.approvers.is_disjoint(by)
    }
}

/// Whether all of them are in subfolders without owners of their own, below a folder that lets such be.
fn is_exempt(group: &OwnersGroup, paths: &[String]) -> bool {
    let folder = group.owners.approvers_folder.as_str();
    let is_below = |path: &String| {
        let below = match folder {
            "" => Some(path.as_str()),
            folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
        };
        below.is_some_and(|below| below.contains('/'))
    };
    group.owners.auto_approve_unowned_subfolders
        && group.files.iter().all(|file| paths.get(*file as usize).is_some_and(is_below))
}

/// Whether a folder above this one is required too, and its approval is as good.
fn has_deputy(folder: &str, by_folder: &BTreeMap<&str, Vec<&Group>>, closed: &BTreeSet<&str>) -> bool {
    let mut at = folder;
    while !at.is_empty() && !closed.contains(at) {
        at = above(at);
        let Some(deputies) = by_folder.get(at) else { continue };
        let own = by_folder.get(folder).into_iter().flatten();
        if own.into_iter().all(|own| deputies.iter().all(|deputy| deputy.approvers.is_subset(&own.approvers))) {
            return true;
        }
    }
    false
}

/// The folder that a path is in; the root for one in the root.
pub fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// How many files of a pull request GitHub lists.
const LISTED: usize = 3000;

/// The files to ask about. Of the largest pull requests GitHub hides some: for those somebody has to approve who may
/// approve anything, so the root is asked about too. Prow takes the listed ones for all.
pub fn with_the_unlisted(mut paths: Vec<String>) -> Vec<String> {
    if paths.len() >= LISTED {
        paths.push(".".to_owned());
    }
    paths
}
