//! The `status` event.

use serde::Deserialize;

use crate::lenient::or_default;

/// What a `status` event says: a commit status was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StatusEvent {
    /// The commit, 40 hexadecimal digits.
    pub sha: String,
    /// Who speaks, for example a job's context.
    #[serde(default, deserialize_with = "or_default")]
    pub context: String,
    /// `pending`, `success`, `failure` or `error`.
    #[serde(default, deserialize_with = "or_default")]
    pub state: String,
    /// A line for people.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Where to read more.
    #[serde(default, deserialize_with = "or_default")]
    pub target_url: String,
    /// The branches that hold the commit (GitHub lists up to ten).
    #[serde(default, deserialize_with = "branch_names")]
    pub branches: Vec<String>,
}

fn branch_names<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Branch {
        name: String,
    }
    let branches: Option<Vec<Branch>> = Option::deserialize(from)?;
    Ok(branches.unwrap_or_default().into_iter().map(|branch| branch.name).collect())
}
