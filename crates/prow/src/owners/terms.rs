//! What the configuration says of a repository's OWNERS files.

use std::collections::BTreeMap;

use super::{DenyList, Names};
use crate::raw_config::RawOwnersDirDenylist;

/// How the OWNERS files of a repository are read: two trees of one commit are the same only if they were read alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// What the files are called: `owners.filenames` and `owners.mdyamlrepos` of plugins.yaml.
    pub names: Names,
    /// Whose folders do not count: `owners_dir_denylist` of config.yaml.
    pub denied: Denied,
}

/// The patterns of folders whose OWNERS files do not count, as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Denied {
    /// Regular expressions in Go's syntax, unanchored.
    pub patterns: Vec<String>,
    /// The preconfigured ones do not count: `ignore_preconfigured_defaults`.
    pub ignore_preconfigured_defaults: bool,
}

impl Denied {
    /// The patterns compiled, and what is wrong with those that are left out.
    pub fn compile(&self) -> (DenyList, Vec<String>) {
        if self.ignore_preconfigured_defaults { DenyList::only(&self.patterns) } else { DenyList::new(&self.patterns) }
    }
}

/// `owners_dir_denylist`. Behaviour: Prow pkg/config, `OwnersDirDenylist`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnersDirDenylist {
    default: Vec<String>,
    repos: BTreeMap<String, Vec<String>>,
    ignore_preconfigured_defaults: bool,
}

impl OwnersDirDenylist {
    /// What is denied in a repository: the patterns for all, those for its org and its own, each beside the others.
    pub fn of(&self, org: &str, repo: &str) -> Denied {
        let listed = [org.to_owned(), format!("{org}/{repo}")].into_iter().filter_map(|scope| self.repos.get(&scope));
        let patterns = self.default.iter().chain(listed.flatten()).cloned().collect();
        Denied { patterns, ignore_preconfigured_defaults: self.ignore_preconfigured_defaults }
    }
}

impl From<RawOwnersDirDenylist> for OwnersDirDenylist {
    fn from(raw: RawOwnersDirDenylist) -> Self {
        let repos = raw.repos.unwrap_or_default().into_iter();
        Self {
            default: raw.default.unwrap_or_default(),
            repos: repos.map(|(scope, patterns)| (scope, patterns.unwrap_or_default())).collect(),
            ignore_preconfigured_defaults: raw.ignore_preconfigured_defaults.unwrap_or_default(),
        }
    }
}
