//! Settings of the trigger plugin. A `null` is a key that was not written.

use serde::{Deserialize, Deserializer, Serialize};

use crate::lenient::or_default;

/// One entry of `triggers`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TriggerSettings {
    /// Organisations and `org/repo`s that the entry is for.
    #[serde(deserialize_with = "or_default")]
    pub repos: Vec<String>,
    /// GitHub Apps, without `[bot]`, whose pull requests and comments are trusted.
    #[serde(deserialize_with = "or_default")]
    pub trusted_apps: Vec<String>,
    /// A second organisation whose members are trusted; empty for none.
    #[serde(deserialize_with = "or_default")]
    pub trusted_org: String,
    /// Where to read how to join; empty: the organisation's own page of people.
    #[serde(deserialize_with = "or_default")]
    pub join_org_url: String,
    /// Collaborators are not trusted for being so.
    #[serde(deserialize_with = "or_default")]
    pub only_org_members: bool,
    /// `/ok-to-test` is no command here.
    #[serde(deserialize_with = "or_default")]
    pub ignore_ok_to_test: bool,
    /// Approve and re-run GitHub Actions too.
    #[serde(deserialize_with = "or_default")]
    pub trigger_github_workflows: bool,
    /// A push by somebody who is not trusted ends `ok-to-test`. Not in Prow.
    #[serde(deserialize_with = "or_default")]
    pub ok_to_test_expires_on_push: bool,
    /// How newcomers are invited to join.
    #[serde(deserialize_with = "or_default")]
    pub org_invite: OrgInvite,
}

/// `triggers[].org_invite`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrgInvite {
    /// The invitation that stands out.
    #[serde(deserialize_with = "or_default")]
    pub prominent: ProminentInvite,
}

/// `triggers[].org_invite.prominent`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProminentInvite {
    /// Never shown.
    #[serde(deserialize_with = "or_default")]
    pub disabled: bool,
    /// Shown to authors with so many merged pull requests in the organisation; 0: always.
    #[serde(deserialize_with = "or_three")]
    pub merged_pr_threshold: u32,
    /// Its text; `{join_org_url}` is filled in. Empty: the plugin's own.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
}

const MERGED_PR_THRESHOLD: u32 = 3;

impl Default for ProminentInvite {
    fn default() -> Self {
        Self { disabled: false, merged_pr_threshold: MERGED_PR_THRESHOLD, message: String::new() }
    }
}

fn or_three<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(MERGED_PR_THRESHOLD))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_null_is_a_key_that_was_not_written() {
        let invite = json!({"prominent": {"disabled": null, "merged_pr_threshold": null, "message": null}});
        let nulls = json!({
            "repos": null, "trusted_apps": null, "trusted_org": null, "join_org_url": null, "only_org_members": null,
            "ignore_ok_to_test": null, "trigger_github_workflows": null, "ok_to_test_expires_on_push": null,
            "org_invite": invite,
        });
        assert_eq!(serde_json::from_value::<TriggerSettings>(nulls).unwrap(), TriggerSettings::default());
        let read = |text| serde_json::from_value::<TriggerSettings>(text).unwrap();
        assert_eq!(read(json!({"org_invite": null})), read(json!({"org_invite": {"prominent": null}})));
        assert_eq!(read(json!({})).org_invite.prominent.merged_pr_threshold, 3);
    }
}
