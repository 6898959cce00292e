//! Prow's settings of the plugins that read typed ones, as a plugin receives them: JSON with every default filled in.

mod approve;
mod bugzilla;
mod checks;
mod cherry_pick;
mod config_updater;
mod conversation;
mod label;
mod lgtm;
mod owners;
mod project;
mod reviewers;
#[cfg(test)]
mod tests;
mod trigger;

use serde::{Deserialize, Serialize};

pub use approve::ApproveSettings;
pub use bugzilla::{
    BranchOptions, BugState, BugzillaBlock, BugzillaOptions, BugzillaOrg, BugzillaRepo, BugzillaSettings,
};
pub use checks::{
    BlockadeSettings, BranchCleanerSettings, CommitMsgCheck, DcoSettings, InvalidCommitMsgSettings, OverrideSettings,
    RequireMatchingLabelSettings, SizeSettings,
};
pub use cherry_pick::{CherryPickApprovedSettings, CherryPickUnapprovedSettings};
pub use config_updater::{ClusterGroup, ConfigMapSpec, ConfigUpdaterSettings};
pub use conversation::{
    GolintSettings, HeartSettings, JiraSettings, MergeWarning, MilestoneSettings, PictureSettings, ReleaseNoteSettings,
    RetitleSettings, SigMentionSettings, SlackSettings, WelcomeSettings,
};
pub use label::{AssignOnLabel, LabelBlock, LabelSettings, RestrictedLabel};
pub use lgtm::LgtmSettings;
pub use owners::{Filenames, OwnersBlock, OwnersSettings};
pub use project::{
    ManagedColumn, ManagedProject, ManagedScope, ProjectManagerSettings, ProjectOrg, ProjectRepo, ProjectSettings,
};
pub use reviewers::{ReviewersSettings, StatusMatch};
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

impl HelpSettings {
    /// Fills in what was left empty.
    #[must_use]
    pub fn completed(mut self) -> Self {
        usual(&mut self.help_guidelines_url, &Self::default().help_guidelines_url);
        self
    }
}

/// An empty text is one that was left out.
fn usual(value: &mut String, usual: &str) {
    if value.is_empty() {
        usual.clone_into(value);
    }
}
