//! Settings of the plugins that answer, welcome, link and tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The blocks `cat` and `goose`. Behaviour: Prow pkg/plugins/config.go, `Cat` and `Goose`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PictureSettings {
    /// The file with the key of the server that has the pictures.
    pub key_path: String,
}

/// The block `golint`. Behaviour: Prow pkg/plugins/config.go, `Golint`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GolintSettings {
    /// How sure a finding has to be, from 0 to 1: 0.8
    pub minimum_confidence: Option<f64>,
}

/// The block `heart`. Behaviour: Prow pkg/plugins/config.go, `Heart`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HeartSettings {
    /// Logins whose comments are loved.
    pub adorees: Vec<String>,
    /// What such a comment matches, in Go's syntax.
    pub commentregexp: String,
}

/// The block `jira`. Behaviour: Prow pkg/plugins/config.go, `Jira`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JiraSettings {
    /// Beginnings of keys that are left alone.
    pub disabled_jira_projects: Vec<String>,
}

/// The block `release_note`. Behaviour: Prow pkg/plugins/config.go, `ReleaseNote`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReleaseNoteSettings {
    /// Where the guidelines for release notes are.
    pub guidelines_url: String,
}

/// The block `retitle`. Behaviour: Prow pkg/plugins/config.go, `Retitle`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RetitleSettings {
    /// What is closed may be given another title, too.
    pub allow_closed_issues: bool,
}

/// The block `sigmention`. Behaviour: Prow pkg/plugins/config.go, `SigMention`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SigMentionSettings {
    /// What a mention of a SIG's team is, in Go's syntax.
    pub regexp: String,
}

/// The block `slack`. Behaviour: Prow pkg/plugins/config.go, `Slack`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SlackSettings {
    /// Channels that are told when their SIG is mentioned.
    pub mentionchannels: Vec<String>,
    /// Who is told of pushes that no merge robot made.
    pub mergewarnings: Vec<MergeWarning>,
}

impl SlackSettings {
    /// The first of `mergewarnings` that names the repository, else the first that names its organisation.
    pub fn merge_warning(&self, org: &str, repo: &str) -> Option<&MergeWarning> {
        let full_name = format!("{org}/{repo}");
        let naming = |wanted: &str| self.mergewarnings.iter().find(|entry| entry.repos.iter().any(|it| it == wanted));
        naming(&full_name).or_else(|| naming(org))
    }
}

/// One entry of `slack.mergewarnings`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeWarning {
    /// Orgs and org/repos that it is for.
    pub repos: Vec<String>,
    /// Channels that are told.
    pub channels: Vec<String>,
    /// Logins that may push anywhere.
    pub exempt_users: Vec<String>,
    /// By branch: logins that may push there.
    pub exempt_branches: BTreeMap<String, Vec<String>>,
}

/// One entry of `welcome`. Behaviour: Prow pkg/plugins/config.go, `Welcome`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WelcomeSettings {
    /// Orgs and org/repos that it is for.
    pub repos: Vec<String>,
    /// What newcomers are told, a Go template; empty for the plugin's own words.
    pub message_template: String,
    /// Everybody is told, and not newcomers alone.
    pub always_post: bool,
}

/// One value of `repo_milestone`. Behaviour: Prow pkg/plugins/config.go, `Milestone`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MilestoneSettings {
    /// The number of the team whose members may set milestones; the name is what counts now.
    pub maintainers_id: i64,
    /// The slug of that team.
    pub maintainers_team: String,
    /// Whom others should ask.
    pub maintainers_friendly_name: String,
}

impl GolintSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        self.minimum_confidence.get_or_insert(0.8);
        self
    }
}

impl ReleaseNoteSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        super::usual(&mut self.guidelines_url, "https://git.k8s.io/community/contributors/guide/release-notes.md");
        self
    }
}

impl SigMentionSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        let teams =
            r"(?m)@kubernetes/sig-([\w-]*)-(misc|test-failures|bugs|feature-requests|proposals|pr-reviews|api-reviews)";
        super::usual(&mut self.regexp, teams);
        self
    }
}

impl MilestoneSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        super::usual(&mut self.maintainers_friendly_name, "SIG Chairs/TLs");
        self
    }
}
