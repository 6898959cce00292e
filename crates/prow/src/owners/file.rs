//! One OWNERS file, in either of its two shapes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::login;

/// The pattern of a section that is about every file.
pub const EVERYTHING: &str = ".*";

/// What a folder says about itself, rather than about people. Looked up for that very folder, never inherited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct OwnersOptions {
    /// The owners of the folders above have no say here.
    pub no_parent_owners: bool,
    /// What lies in folders below without owners of their own needs no approval.
    pub auto_approve_unowned_subfolders: bool,
}

/// The shape without filters. Keys that are not named here (`emeritus_approvers`, `security_contacts`) are for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Simple {
    /// The folder's options.
    pub options: OwnersOptions,
    /// As [`Filter::approvers`].
    pub approvers: Vec<String>,
    /// As [`Filter::reviewers`].
    pub reviewers: Vec<String>,
    /// As [`Filter::required_reviewers`].
    pub required_reviewers: Vec<String>,
    /// As [`Filter::labels`].
    pub labels: Vec<String>,
}

/// The shape with filters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Full {
    /// The folder's options.
    pub options: OwnersOptions,
    /// Lists by the regular expression of the files that they are about.
    pub filters: BTreeMap<String, Filter>,
}

/// The four lists, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Who may approve: logins, or names of groups.
    pub approvers: Vec<String>,
    /// Who reviews.
    pub reviewers: Vec<String>,
    /// Who is always asked for a review.
    pub required_reviewers: Vec<String>,
    /// What a pull request that touches these files is labelled with.
    pub labels: Vec<String>,
}

impl Simple {
    /// Whether it names nobody and nothing.
    pub fn is_empty(&self) -> bool {
        [&self.approvers, &self.reviewers, &self.required_reviewers, &self.labels].into_iter().all(Vec::is_empty)
    }
}

/// What an OWNERS file says. Logins in lower case; names of groups stand among them, not expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnersFile {
    /// The folder's options.
    pub options: OwnersOptions,
    /// Who owns which files; in the order of their patterns.
    pub sections: Vec<Section>,
}

/// One section of an OWNERS file: the whole of it, or one of its filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// A regular expression in Go's syntax, for paths from the file's folder on; [`EVERYTHING`] for all of them.
    pub pattern: String,
    /// Logins and names of groups.
    pub approvers: BTreeSet<String>,
    /// Logins and names of groups.
    pub reviewers: BTreeSet<String>,
    /// Logins and names of groups.
    pub required_reviewers: BTreeSet<String>,
    /// Labels, spelled as they are written.
    pub labels: BTreeSet<String>,
}

impl From<Simple> for OwnersFile {
    fn from(simple: Simple) -> Self {
        let Simple { options, approvers, reviewers, required_reviewers, labels } = simple;
        let lists = Filter { approvers, reviewers, required_reviewers, labels };
        Self { options, sections: vec![Section::new(EVERYTHING.to_owned(), lists)] }
    }
}

impl From<Full> for OwnersFile {
    fn from(full: Full) -> Self {
        let sections = full.filters.into_iter().map(|(pattern, filter)| Section::new(pattern, filter)).collect();
        Self { options: full.options, sections }
    }
}

impl Section {
    fn new(pattern: String, filter: Filter) -> Self {
        let logins = |list: Vec<String>| list.iter().map(|name| login(name)).collect();
        Self {
            pattern,
            approvers: logins(filter.approvers),
            reviewers: logins(filter.reviewers),
            required_reviewers: logins(filter.required_reviewers),
            labels: filter.labels.into_iter().collect(),
        }
    }
}
