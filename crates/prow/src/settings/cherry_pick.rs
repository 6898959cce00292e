//! Settings of the plugins about cherry picks.

use serde::{Deserialize, Serialize};

const RELEASE_BRANCHES: &str = "^release-.*$";

/// One entry of `cherry_pick_approved`. Behaviour: Prow pkg/plugins/config.go, `CherryPickApproved`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CherryPickApprovedSettings {
    /// The org that it is for.
    pub org: String,
    /// The repository, without its org; empty for all of them.
    pub repo: String,
    /// Base branches, as an expression in Go's syntax.
    pub branchregexp: String,
    /// Logins of those who may approve.
    pub approvers: Vec<String>,
    /// `approved` need not be set.
    pub allow_missing_approved_label: bool,
    /// `lgtm` need not be set.
    pub allow_missing_lgtm_label: bool,
}

/// The block `cherry_pick_unapproved`. Behaviour: Prow pkg/plugins/config.go, `CherryPickUnapproved`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CherryPickUnapprovedSettings {
    /// Base branches, as an expression in Go's syntax.
    pub branchregexp: String,
    /// What the author is told.
    pub comment: String,
}

impl CherryPickApprovedSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        super::usual(&mut self.branchregexp, RELEASE_BRANCHES);
        self
    }
}

impl CherryPickUnapprovedSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        super::usual(&mut self.branchregexp, RELEASE_BRANCHES);
        let comment = "This pull request is for another branch than the main one and does not have the label \
                       `cherry-pick-approved`: it gets `do-not-merge/cherry-pick-not-approved`.";
        super::usual(&mut self.comment, comment);
        self
    }
}
