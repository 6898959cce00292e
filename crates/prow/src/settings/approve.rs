//! Settings of the approve plugin.

use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// One entry of `approve`, with what the block `owners` says about the same repository.
///
/// Behaviour: Prow pkg/plugins/config.go, `Approve` and `ApproveFor`. A `null` is a key that was not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApproveSettings {
    /// Organisations and `org/repo`s that the entry is for.
    #[serde(deserialize_with = "or_default")]
    pub repos: Vec<String>,
    /// The description has to name an issue, or an approver to say `/approve no-issue`.
    #[serde(deserialize_with = "or_default")]
    pub issue_required: bool,
    /// The author's pull request is not their approval; they have to say `/approve`.
    #[serde(deserialize_with = "or_default")]
    pub require_self_approval: bool,
    /// `/lgtm` is `/approve`, and `/lgtm cancel` is `/approve cancel`.
    #[serde(deserialize_with = "or_default")]
    pub lgtm_acts_as_approve: bool,
    /// Only commands count, and not whether a review approves or requests changes.
    #[serde(deserialize_with = "or_default")]
    pub ignore_review_state: bool,
    /// Where the commands are listed; `?repo=org%2Frepo` is put behind it.
    #[serde(rename = "commandHelpLink", deserialize_with = "or_default")]
    pub command_help_link: String,
    /// Where the way of a review is described.
    #[serde(deserialize_with = "or_default")]
    pub pr_process_link: String,
}

impl Default for ApproveSettings {
    fn default() -> Self {
        Self {
            repos: Vec::new(),
            issue_required: false,
            require_self_approval: false,
            lgtm_acts_as_approve: false,
            ignore_review_state: false,
            command_help_link: "https://go.k8s.io/bot-commands".to_owned(),
            pr_process_link: "https://git.k8s.io/community/contributors/guide/owners.md#the-code-review-process"
                .to_owned(),
        }
    }
}

impl ApproveSettings {
    /// Fills in what was left empty: a link that leads nowhere is the usual one.
    #[must_use]
    pub fn completed(mut self) -> Self {
        let usual = Self::default();
        if self.command_help_link.is_empty() {
            self.command_help_link = usual.command_help_link;
        }
        if self.pr_process_link.is_empty() {
            self.pr_process_link = usual.pr_process_link;
        }
        self
    }
}
