//! Supplemental files of config.yaml: one for each org or repository, perhaps, that its owners may change.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::branch_protection::BranchProtection;
use super::slack::{self, SlackReporters};
use super::tide::{OrgMergeMethod, Tide};
use super::tide_query::TideQuery;
use crate::job_config::Named;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::RawConfig;

/// What a supplemental file may say.
///
/// Behaviour: Prow pkg/config, `ProwConfig.mergeFrom`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RawSupplement {
    /// Levels and switches that no other file has.
    #[serde(rename = "branch-protection")]
    pub branch_protection: Option<BranchProtection>,
    /// Orgs and repositories that no other file has.
    pub slack_reporter_configs: Option<SlackReporters>,
    /// Further queries and merge methods.
    pub tide: Option<TideSupplement>,
}

/// `tide` of a supplemental file
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TideSupplement {
    /// Beside those of other files.
    pub queries: Vec<TideQuery>,
    /// For names that no other file has.
    pub merge_method: BTreeMap<String, OrgMergeMethod>,
}

/// Checks what a supplemental file says and adds it to what config.yaml and the files before it say.
pub fn merge(core: &mut RawConfig, supplement: Named<RawSupplement>, problems: &mut Problems) {
    let Named { file, raw: RawSupplement { branch_protection, slack_reporter_configs, tide } } = supplement;
    let root = KeyPath::root();
    if let Some(theirs) = branch_protection {
        let at = root.key("branch-protection");
        core.branch_protection.get_or_insert_default().merge(theirs, &file, &at, problems);
    }
    if let Some(TideSupplement { queries, merge_method }) = tide {
        let at = root.key("tide");
        let theirs = Tide { queries, merge_method, ..Tide::default() };
        theirs.check_what_merges(&file, &at, problems);
        core.tide.get_or_insert_default().merge(theirs, &file, &at, problems);
    }
    if let Some(mut theirs) = slack_reporter_configs {
        let at = root.key("slack_reporter_configs");
        slack::check(&mut theirs, &file, &at, problems);
        slack::merge(core.slack_reporter_configs.get_or_insert_default(), theirs, &file, &at, problems);
    }
}
