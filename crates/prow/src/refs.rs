//! The source that a job runs on: one repository at a base, with pull requests merged into it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient::or_default;

/// A repository, its base, and the pull requests on top.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refs {
    /// The owner: an organisation or a user.
    #[serde(default, deserialize_with = "or_default")]
    pub org: String,
    /// The repository's name without its owner.
    #[serde(default, deserialize_with = "or_default")]
    pub repo: String,
    /// The repository's web page.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub repo_link: String,
    /// The base branch or tag, without `refs/heads/`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub base_ref: String,
    /// The commit of the base; empty is its head.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub base_sha: String,
    /// The base commit's web page; for pushes the comparison's.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub base_link: String,
    /// What is merged into the base, in this order.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<Pull>,
    /// Where it is checked out below `src/`, instead of `github.com/<org>/<repo>`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub path_alias: String,
    /// Whether the job starts in this checkout.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub workdir: bool,
    /// Whether it is only a tool for the job, not what is tested.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub auxiliary: bool,
    /// What git clones from, instead of the repository's usual address.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub clone_uri: String,
    /// Whether submodules are left alone.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub skip_submodules: bool,
    /// How many commits of the base are fetched; 0 is all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_zero")]
    pub clone_depth: i64,
    /// Whether the fetch of all branches and tags is left out.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub skip_fetch_head: bool,
    /// Whether file contents are fetched only when needed.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    pub blobless_fetch: Option<bool>,
    /// The only files to check out; empty is all.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout_files: Vec<String>,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One pull request at one commit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pull {
    /// Its number.
    #[serde(default, deserialize_with = "or_default")]
    pub number: u64,
    /// Its author's login.
    #[serde(default, deserialize_with = "or_default")]
    pub author: String,
    /// Its head commit.
    #[serde(default, deserialize_with = "or_default")]
    pub sha: String,
    /// Its title.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Where git finds it, instead of by its commit.
    #[serde(default, deserialize_with = "or_default", rename = "ref", skip_serializing_if = "String::is_empty")]
    pub git_ref: String,
    /// The branch that it comes from.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub head_ref: String,
    /// Its web page.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// Its head commit's web page.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub commit_link: String,
    /// Its author's web page.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub author_link: String,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Refs {
    /// `org/repo`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.org, self.repo)
    }

    /// The textual form: `base:sha,number:sha[:ref],…`. Example: `master:deadbeef,123:abc123,456:def456:refs/changes/56/456/2`.
    pub fn text(&self) -> String {
        let mut text = self.base_ref.clone();
        if !self.base_sha.is_empty() {
            text.push(':');
            text.push_str(&self.base_sha);
        }
        for pull in &self.pulls {
            text.push_str(&format!(",{}:{}", pull.number, pull.sha));
            if !pull.git_ref.is_empty() {
                text.push(':');
                text.push_str(&pull.git_ref);
            }
        }
        text
    }

    /// Where it is checked out below `src/`: the alias, else the repository's address without scheme, else `github.com/<org>/<repo>`.
    pub fn checkout_path(&self) -> String {
        if !self.path_alias.is_empty() {
            return self.path_alias.clone();
        }
        if !self.repo_link.is_empty() {
            return without_scheme(&self.repo_link).trim_end_matches('/').to_owned();
        }
        format!("github.com/{}/{}", self.org, self.repo)
    }

    /// What git clones from: `clone_uri`, else `<repo_link>.git`, else GitHub's address.
    pub fn clone_address(&self) -> String {
        if !self.clone_uri.is_empty() {
            self.clone_uri.clone()
        } else if !self.repo_link.is_empty() {
            format!("{}.git", self.repo_link)
        } else {
            format!("https://github.com/{}/{}.git", self.org, self.repo)
        }
    }
}

fn without_scheme(link: &str) -> &str {
    link.split_once("://").map_or(link, |(_, rest)| rest)
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(base_sha: &str, pulls: &[(u64, &str, &str)]) -> Refs {
        Refs {
            org: "o".into(),
            repo: "r".into(),
            base_ref: "master".into(),
            base_sha: base_sha.into(),
            pulls: pulls
                .iter()
                .map(|(number, sha, git_ref)| Pull {
                    number: *number,
                    sha: (*sha).into(),
                    git_ref: (*git_ref).into(),
                    ..Pull::default()
                })
                .collect(),
            ..Refs::default()
        }
    }

    #[track_caller]
    fn check_text(refs: &Refs, want: &str) {
        assert_eq!(refs.text(), want);
    }

    #[test]
    fn the_textual_form_names_base_and_pulls() {
        check_text(&refs("", &[]), "master");
        check_text(&refs("deadbeef", &[]), "master:deadbeef");
        check_text(&refs("", &[(1, "abc", "")]), "master,1:abc");
        check_text(
            &refs("deadbeef", &[(123, "abc123", ""), (456, "def456", "refs/changes/56/456/2")]),
            "master:deadbeef,123:abc123,456:def456:refs/changes/56/456/2",
        );
    }

    #[test]
    fn the_checkout_and_its_source_follow_alias_then_link_then_github() {
        let mut refs = refs("", &[]);
        assert_eq!(refs.checkout_path(), "github.com/o/r");
        assert_eq!(refs.clone_address(), "https://github.com/o/r.git");
        refs.repo_link = "http://127.0.0.1:9/o/r".into();
        assert_eq!(refs.checkout_path(), "127.0.0.1:9/o/r");
        assert_eq!(refs.clone_address(), "http://127.0.0.1:9/o/r.git");
        refs.path_alias = "k8s.io/r".into();
        refs.clone_uri = "file:///srv/r".into();
        assert_eq!(refs.checkout_path(), "k8s.io/r");
        assert_eq!(refs.clone_address(), "file:///srv/r");
    }
}
