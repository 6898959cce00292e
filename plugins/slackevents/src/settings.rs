//! Prow's block `slack`, with its keys.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The block, for all repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Channels of SIGs, `sig-<name>`, that are told when the SIG is mentioned.
    pub mentionchannels: Vec<String>,
    /// Who is told of pushes that no merge robot made.
    pub mergewarnings: Vec<MergeWarning>,
}

/// One entry of `mergewarnings`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MergeWarning {
    /// Organisations and `org/repo`s that it is for.
    pub repos: Vec<String>,
    /// Channels that are told.
    pub channels: Vec<String>,
    /// Logins that may push anywhere.
    pub exempt_users: Vec<String>,
    /// By branch: logins that may push there.
    pub exempt_branches: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// The first entry that names the repository, else the first that names its organisation.
    pub fn merge_warning(&self, org: &str, repo: &str) -> Option<&MergeWarning> {
        let full_name = format!("{org}/{repo}");
        let naming = |wanted: &str| self.mergewarnings.iter().find(|entry| entry.repos.iter().any(|it| it == wanted));
        naming(&full_name).or_else(|| naming(org))
    }
}
