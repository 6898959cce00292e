use serde::{Deserialize, Serialize};

use crate::lenient::or_default;

/// One entry of `lgtm`. Behaviour: Prow pkg/plugins/config.go, `Lgtm`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LgtmSettings {
    /// Organisations and `org/repo`s that the entry is for.
    #[serde(deserialize_with = "or_default")]
    pub repos: Vec<String>,
    /// A review that approves is `/lgtm`, one that requests changes takes it back.
    #[serde(deserialize_with = "or_default")]
    pub review_acts_as_lgtm: bool,
    /// The label stays as long as the files are the same: after a rebase, a squash, a better commit message.
    #[serde(deserialize_with = "or_default")]
    pub store_tree_hash: bool,
    /// The display name of a team of the organisation, on whose pull requests the label stays whatever is pushed;
    /// empty for none.
    #[serde(deserialize_with = "or_default")]
    pub trusted_team_for_sticky_lgtm: String,
    /// OWNERS files and not the list of collaborators say who may. Stands in no entry of `lgtm`: it is resolved from
    /// `owners.skip_collaborators`.
    #[serde(deserialize_with = "or_default")]
    pub skip_collaborators: bool,
}
