//! Settings of the plugins that look at labels, branches, commits and files of a pull request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One entry of `require_matching_label`. Behaviour: Prow pkg/plugins/config.go, `RequireMatchingLabel`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequireMatchingLabelSettings {
    /// The org that it is for.
    pub org: String,
    /// The repository, without its org; empty for all of them.
    pub repo: String,
    /// The base branch; empty for all of them.
    pub branch: String,
    /// Pull requests are looked at.
    pub prs: bool,
    /// Issues are looked at.
    pub issues: bool,
    /// What a label has to match, in Go's syntax.
    pub regexp: String,
    /// The label that is set as long as none does.
    pub missing_label: String,
    /// What is said then; empty for nothing.
    pub missing_comment: String,
    /// How long others may take to set labels, as Go writes durations.
    pub grace_period: String,
}

impl RequireMatchingLabelSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        super::usual(&mut self.grace_period, "5s");
        self
    }
}

/// One entry of `blockades`. Behaviour: Prow pkg/plugins/config.go, `Blockade`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockadeSettings {
    /// Orgs and org/repos that it is for.
    pub repos: Vec<String>,
    /// Base branches, as an expression in Go's syntax; all of them if nothing is said.
    pub branchregexp: Option<String>,
    /// Paths that must not be changed.
    pub blockregexps: Vec<String>,
    /// Paths that may be nevertheless.
    pub exceptionregexps: Vec<String>,
    /// Why.
    pub explanation: String,
}

/// One value of `dco`. Behaviour: Prow pkg/plugins/config.go, `Dco`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DcoSettings {
    /// Members of the org, or of the trusted one, need not sign off.
    pub skip_dco_check_for_members: bool,
    /// GitHub Apps, without `[bot]`, that need not.
    pub trusted_apps: Vec<String>,
    /// The org whose members count; empty for the repository's own.
    pub trusted_org: String,
    /// Collaborators need not.
    pub skip_dco_check_for_collaborators: bool,
    /// The repository with the guidelines, org/repo; empty for the repository itself.
    pub contributing_repo: String,
    /// Its branch.
    pub contributing_branch: String,
    /// The guidelines' path.
    pub contributing_path: String,
}

/// One entry of `invalid_commit_msg`. Behaviour: Prow pkg/plugins/config.go, `InvalidCommitMsg`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InvalidCommitMsgSettings {
    /// Orgs and org/repos that it is for.
    pub repos: Vec<String>,
    /// Checks that are turned on or off.
    pub checks: Vec<CommitMsgCheck>,
}

/// One check of commit messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CommitMsgCheck {
    /// `fixupPrefix` or `issueClosingKeywords`.
    pub name: String,
    /// It is not made.
    pub disabled: bool,
}

/// The block `size`. Behaviour: Prow pkg/plugins/config.go, `Size`, and pkg/plugins/size/size.go, `sizesOrDefault`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SizeSettings {
    /// Changed lines from which a pull request is of this size: 10
    pub s: i64,
    /// 30
    pub m: i64,
    /// 100
    pub l: i64,
    /// 500
    pub xl: i64,
    /// 1000
    pub xxl: i64,
}

impl SizeSettings {
    /// Fills in what was left out: each size by itself.
    #[must_use]
    pub fn completed(self) -> Self {
        let or = |value: i64, usual: i64| if value == 0 { usual } else { value };
        let Self { s, m, l, xl, xxl } = self;
        Self { s: or(s, 10), m: or(m, 30), l: or(l, 100), xl: or(xl, 500), xxl: or(xxl, 1000) }
    }
}

/// The block `branch_cleaner`. Behaviour: Prow pkg/plugins/config.go, `BranchCleaner`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BranchCleanerSettings {
    /// By org or org/repo: branches that stay, by name or as expressions.
    pub preserved_branches: BTreeMap<String, Vec<String>>,
}

/// The block `override`. Behaviour: Prow pkg/plugins/config.go, `Override`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OverrideSettings {
    /// Approvers in the root's OWNERS file may.
    pub allow_top_level_owners: bool,
    /// By org or org/repo: slugs of teams whose members may.
    pub allowed_github_teams: BTreeMap<String, Vec<String>>,
}
