//! The `pull_request` event.

use serde::Deserialize;
use serde_json::Value;

use crate::actor::Actor;
use crate::issue::{IssueState, label_name, label_names};
use crate::lenient::or_default;

/// A pull request. Payloads of reviews carry a shortened one, without `merged` and `mergeable`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequest {
    /// GitHub's id, unique over all repositories.
    pub id: u64,
    /// GraphQL's id.
    #[serde(default, deserialize_with = "or_default")]
    pub node_id: String,
    /// The number within its repository.
    pub number: u64,
    /// Its title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// The description; empty where there is none.
    #[serde(default, deserialize_with = "or_default")]
    pub body: String,
    /// Open or closed; merged is closed.
    #[serde(default, deserialize_with = "or_default")]
    pub state: IssueState,
    /// Not yet up for review.
    #[serde(default, deserialize_with = "or_default")]
    pub draft: bool,
    /// Its commits are in the base branch.
    #[serde(default, deserialize_with = "or_default")]
    pub merged: bool,
    /// Whether it merges without conflict; `None` while GitHub has not computed it.
    #[serde(default)]
    pub mergeable: Option<bool>,
    /// Who opened it.
    #[serde(default, deserialize_with = "or_default", rename = "user")]
    pub author: Actor,
    /// The author's standing in the repository, as GitHub names it (`MEMBER`, `NONE`, …).
    #[serde(default, deserialize_with = "or_default")]
    pub author_association: String,
    /// Its page.
    #[serde(default, deserialize_with = "or_default")]
    pub html_url: String,
    /// What is to be merged.
    pub head: BranchRef,
    /// Where it is to be merged.
    pub base: BranchRef,
    /// The labels' names, in GitHub's order.
    #[serde(default, deserialize_with = "label_names")]
    pub labels: Vec<String>,
    /// Who is assigned.
    #[serde(default, deserialize_with = "or_default")]
    pub assignees: Vec<Actor>,
}

/// One side of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BranchRef {
    /// The branch's name, without `refs/heads/`.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit, 40 lower-case hexadecimal digits.
    pub sha: String,
    /// `org/name` of the repository; `None` where the fork is gone.
    #[serde(default, deserialize_with = "full_name")]
    pub repo: Option<String>,
}

/// What a `pull_request` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PullRequestEvent {
    /// The pull request after the event.
    pub pull_request: PullRequest,
    /// The label that was added or removed, for the actions `labeled` and `unlabeled`.
    #[serde(default, deserialize_with = "label_name")]
    pub label: Option<String>,
    /// For `edited`: the base branch or its commit is another one now. Read from `changes`; what cannot be decoded
    /// there counts as no change, as Prow has it.
    #[serde(default, deserialize_with = "base_changed", rename = "changes")]
    pub base_changed: bool,
}

fn full_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        full_name: Option<String>,
    }
    Ok(Option::<Named>::deserialize(from)?.and_then(|repo| repo.full_name))
}

fn base_changed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let changes = Value::deserialize(from)?;
    let was = |pointer| changes.pointer(pointer).and_then(Value::as_str).is_some_and(|from| !from.is_empty());
    Ok(was("/base/ref/from") || was("/base/sha/from"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(changes: &str, want: bool) {
        let json = format!(
            r#"{{"changes":{changes},"pull_request":{{"id":1,"number":2,"head":{{"ref":"f","sha":"a","repo":null}},"base":{{"ref":"main","sha":"b"}}}}}}"#
        );
        let event: PullRequestEvent = serde_json::from_str(&json).unwrap();
        assert_eq!(event.base_changed, want, "{changes}");
        assert_eq!(event.pull_request.author.login, "ghost");
    }

    #[test]
    fn a_changed_base_is_a_former_ref_or_sha() {
        check(r#"{"base":{"ref":{"from":"old"}}}"#, true);
        check(r#"{"base":{"sha":{"from":"0a"}}}"#, true);
        check(r#"{"base":{"ref":{"from":""},"sha":{"from":""}}}"#, false);
        check(r#"{"title":{"from":"old"}}"#, false);
        check("{}", false);
        check("null", false);
    }

    #[test]
    fn changes_that_cannot_be_decoded_are_no_change() {
        check(r#"{"base":"what"}"#, false);
        check(r#"{"base":{"ref":7}}"#, false);
        check("[1]", false);
    }
}
