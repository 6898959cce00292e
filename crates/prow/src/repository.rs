//! A repository, as GitHub's payloads show it.

use serde::Deserialize;

use crate::lenient::or_default;

/// The repository that an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Repo {
    /// The owner's name: `owner.login`, else `owner.name` (push events of old), else the first half of `full_name`.
    pub org: String,
    /// The repository's name without its owner.
    pub name: String,
    /// `org/name`, as GitHub spells it.
    pub full_name: String,
    /// The page of the repository.
    pub html_url: String,
    /// Where `git clone` finds it over HTTP.
    pub clone_url: String,
    /// The branch that pull requests go to unless told otherwise, without `refs/heads/`.
    pub default_branch: String,
    /// Not readable by everyone.
    pub private: bool,
    /// Read-only for all.
    pub archived: bool,
    /// Made from another repository.
    pub fork: bool,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default, deserialize_with = "or_default")]
    owner: Owner,
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    full_name: String,
    #[serde(default, deserialize_with = "or_default")]
    html_url: String,
    #[serde(default, deserialize_with = "or_default")]
    clone_url: String,
    #[serde(default, deserialize_with = "or_default")]
    default_branch: String,
    #[serde(default, deserialize_with = "or_default")]
    private: bool,
    #[serde(default, deserialize_with = "or_default")]
    archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    fork: bool,
}

#[derive(Default, Deserialize)]
struct Owner {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

impl From<Wire> for Repo {
    fn from(wire: Wire) -> Self {
        let org = wire
            .owner
            .login
            .or(wire.owner.name)
            .or_else(|| wire.full_name.split_once('/').map(|(org, _)| org.to_owned()))
            .unwrap_or_default();
        let full_name = if wire.full_name.is_empty() { format!("{org}/{}", wire.name) } else { wire.full_name };
        Self {
            org,
            name: wire.name,
            full_name,
            html_url: wire.html_url,
            clone_url: wire.clone_url,
            default_branch: wire.default_branch,
            private: wire.private,
            archived: wire.archived,
            fork: wire.fork,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, org: &str, full_name: &str) {
        let repo: Repo = serde_json::from_str(json).unwrap();
        assert_eq!((repo.org.as_str(), repo.full_name.as_str()), (org, full_name), "{json}");
    }

    #[test]
    fn the_owner_is_found_wherever_the_payload_has_it() {
        check(r#"{"name":"r","full_name":"o/r","owner":{"login":"o"}}"#, "o", "o/r");
        check(r#"{"name":"r","full_name":"o/r","owner":{"name":"o"}}"#, "o", "o/r");
        check(r#"{"name":"r","full_name":"o/r","owner":null}"#, "o", "o/r");
        check(r#"{"name":"r","owner":{"login":"o"}}"#, "o", "o/r");
    }
}
