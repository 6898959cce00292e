//! The parts of a seed that are not GitHub's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the stand-in Jira has.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedJira {
    /// Who may ask. An account that is there takes the credentials that the document names now.
    pub accounts: Vec<SeedJiraAccount>,
    /// Keys of projects; those of the issues come to be by themselves.
    pub projects: Vec<String>,
    /// Issues, known by their keys.
    pub issues: Vec<SeedJiraIssue>,
}

/// An issue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedJiraIssue {
    /// `ABC-123`
    pub key: String,
    /// One line.
    #[serde(default)]
    pub summary: String,
    /// `To Do` if left out.
    #[serde(default)]
    pub status: Option<String>,
}

/// What the stand-in Bugzilla has.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedBugzilla {
    /// Who may ask; everybody else sees the bugs that are in no group.
    pub accounts: Vec<SeedBugzillaAccount>,
    /// Where keys are looked for: `bearer`, `query`, `header`; everywhere if left out.
    pub key_in: Vec<KeyPlace>,
    /// Bugs by number.
    pub bugs: BTreeMap<u64, SeedBug>,
}

/// Where an API key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPlace {
    /// In `Authorization`.
    Bearer,
    /// As `api_key` or `Bugzilla_api_key`.
    Query,
    /// In `X-BUGZILLA-API-KEY`.
    Header,
}

/// A bug.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedBug {
    /// One line.
    pub summary: String,
    /// The first comment.
    pub description: String,
    /// `NEW` if left out.
    pub status: Option<String>,
    /// `unspecified` if left out.
    pub severity: Option<String>,
    /// The releases that the fix is for.
    pub target_release: Vec<String>,
    /// Who alone may see it.
    pub groups: Vec<String>,
    /// The tester's login, which is an e-mail address.
    pub qa_contact: String,
    /// Bugs that are to be fixed first.
    pub depends_on: Vec<u64>,
    /// By component, as Red Hat's server has them.
    pub sub_components: BTreeMap<String, Vec<String>>,
}

/// Who may ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedJiraAccount {
    /// The user's name.
    pub name: String,
    /// For basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// For bearer authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Sees all, changes nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// Who may ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedBugzillaAccount {
    /// An e-mail address.
    pub login: String,
    /// The key that it asks with.
    pub api_key: String,
    /// Sees and makes private comments.
    #[serde(default)]
    pub insider: bool,
    /// Groups whose bugs it sees.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Sees, and changes nothing.
    #[serde(default)]
    pub read_only: bool,
}
