//! Prow's settings of the plugins that read typed ones, as a plugin receives them: JSON with every default filled in.

mod approve;
mod lgtm;
mod trigger;

use serde::{Deserialize, Serialize};

pub use approve::ApproveSettings;
pub use lgtm::LgtmSettings;
pub use trigger::{OrgInvite, ProminentInvite, TriggerSettings};

/// The block `help`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelpSettings {
    /// Where the guidelines for help-wanted issues are.
    pub help_guidelines_url: String,
    /// What they say in short; empty: the plugin's own words.
    pub help_guidelines_summary: String,
}

impl Default for HelpSettings {
    fn default() -> Self {
        Self {
            help_guidelines_url: "https://git.k8s.io/community/contributors/guide/help-wanted.md".to_owned(),
            help_guidelines_summary: String::new(),
        }
    }
}
