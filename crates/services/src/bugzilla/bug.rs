//! A bug: as Bugzilla sends it, and as callers see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::external::ExternalBug;

/// A bug.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bug {
    /// Its number.
    pub id: u64,
    /// One line.
    pub summary: String,
    /// The product it is in.
    pub product: String,
    /// The component of the product; the first, where there are more.
    pub component: String,
    /// The versions that it was seen in.
    pub version: Vec<String>,
    /// The releases that the fix is for.
    pub target_release: Vec<String>,
    /// `NEW`, `ON_QA`, …
    pub status: String,
    /// Empty while it is open.
    pub resolution: String,
    /// `urgent`, `high`, …
    pub severity: String,
    /// Whether the status is an open one.
    pub is_open: bool,
    /// Bugs that have to be fixed first.
    pub depends_on: Vec<u64>,
    /// Bugs that wait for this one.
    pub blocks: Vec<u64>,
    /// The groups that alone may see it; empty: everybody.
    pub groups: Vec<String>,
    /// The e-mail address of the tester; empty for none.
    pub qa_contact: String,
}

/// What is read of a bug, and what a clone takes over. Absent, `null` and (for lists) a single text are all fine: Red
/// Hat's server sends lists where others send one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireBug {
    pub(crate) id: u64,
    #[serde(deserialize_with = "lenient")]
    pub(crate) summary: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) product: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) component: OneOrMany,
    #[serde(deserialize_with = "lenient")]
    pub(crate) version: OneOrMany,
    #[serde(deserialize_with = "lenient")]
    pub(crate) target_release: OneOrMany,
    #[serde(deserialize_with = "lenient")]
    pub(crate) target_milestone: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) status: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) resolution: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) severity: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) priority: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) platform: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) op_sys: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) whiteboard: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) assigned_to: String,
    #[serde(deserialize_with = "lenient")]
    pub(crate) qa_contact: String,
    pub(crate) qa_contact_detail: Option<User>,
    pub(crate) is_open: bool,
    #[serde(deserialize_with = "lenient")]
    pub(crate) depends_on: Vec<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) blocks: Vec<u64>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) cc: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) groups: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) keywords: Vec<String>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) flags: Vec<Flag>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) sub_components: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "lenient")]
    pub(crate) external_bugs: Vec<ExternalBug>,
}

/// A flag without what belongs to its bug alone: its own number, who set it, and when.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Flag {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    type_id: Option<u64>,
    #[serde(default)]
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requestee: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct User {
    #[serde(default, deserialize_with = "lenient")]
    email: String,
}

fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text where the server sends one, a list where it sends a list; a clone is sent what the original was read as.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<OneOrMany> for Vec<String> {
    fn from(texts: OneOrMany) -> Self {
        match texts {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl From<WireBug> for Bug {
    fn from(bug: WireBug) -> Self {
        let email = bug.qa_contact_detail.map(|user| user.email).filter(|email| !email.is_empty());
        Self {
            id: bug.id,
            summary: bug.summary,
            product: bug.product,
            component: Vec::from(bug.component).into_iter().next().unwrap_or_default(),
            version: bug.version.into(),
            target_release: bug.target_release.into(),
            status: bug.status,
            resolution: bug.resolution,
            severity: bug.severity,
            is_open: bug.is_open,
            depends_on: bug.depends_on,
            blocks: bug.blocks,
            groups: bug.groups,
            qa_contact: email.unwrap_or(bug.qa_contact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_version_or_a_list_of_them_and_null_are_all_read() {
        let bug = |text: &str| Bug::from(serde_json::from_str::<WireBug>(text).unwrap());
        let plain = bug(r#"{"id":1,"version":"4.1","component":"api","qa_contact":"qa@x","summary":null,"extra":{}}"#);
        assert_eq!(
            (plain.version, plain.component.as_str(), plain.qa_contact.as_str()),
            (vec!["4.1".to_owned()], "api", "qa@x")
        );
        let listed = bug(
            r#"{"id":1,"version":["4.1","4.2"],"component":["api","ui"],"qa_contact":"qa","qa_contact_detail":{"email":"qa@x"}}"#,
        );
        assert_eq!((listed.version.len(), listed.component.as_str(), listed.qa_contact.as_str()), (2, "api", "qa@x"));
    }
}
