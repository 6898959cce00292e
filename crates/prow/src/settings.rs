//! Prow's settings of the plugins that read typed ones, as a plugin receives them: JSON with every default filled in.

mod approve;
mod lgtm;

use serde::{Deserialize, Serialize};

pub use approve::ApproveSettings;
pub use lgtm::LgtmSettings;

/// One entry of `triggers`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TriggerSettings {
    /// Organisations and `org/repo`s that the entry is for.
    pub repos: Vec<String>,
    /// GitHub Apps, without `[bot]`, whose pull requests and comments are trusted.
    pub trusted_apps: Vec<String>,
    /// A second organisation whose members are trusted; empty for none.
    pub trusted_org: String,
    /// Where to read how to join; empty: the organisation's own page of people.
    pub join_org_url: String,
    /// Collaborators are not trusted for being so.
    pub only_org_members: bool,
    /// `/ok-to-test` is no command here.
    pub ignore_ok_to_test: bool,
    /// Approve and re-run GitHub Actions too.
    pub trigger_github_workflows: bool,
    /// How newcomers are invited to join.
    pub org_invite: OrgInvite,
}

/// `triggers[].org_invite`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrgInvite {
    /// The invitation that stands out.
    pub prominent: ProminentInvite,
}

/// `triggers[].org_invite.prominent`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProminentInvite {
    /// Never shown.
    pub disabled: bool,
    /// Shown to authors with so many merged pull requests in the organisation; 0: always.
    pub merged_pr_threshold: u32,
    /// Its text; `{join_org_url}` is filled in. Empty: the plugin's own.
    pub message: String,
}

impl Default for ProminentInvite {
    fn default() -> Self {
        Self { disabled: false, merged_pr_threshold: 3, message: String::new() }
    }
}

impl TriggerSettings {
    /// Fills in what depends on other keys: with a trusted organisation, its page of people is where to join.
    #[must_use]
    pub fn completed(mut self) -> Self {
        if self.join_org_url.is_empty() && !self.trusted_org.is_empty() {
            self.join_org_url = format!("https://github.com/orgs/{}/people", self.trusted_org);
        }
        self
    }
}

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
