//! The `pull_request` event.

use serde::Deserialize;
use serde_json::Value;

use crate::actor::Actor;
use crate::issue::{IssueState, label_name, label_names, title};
use crate::lenient::{millis, or_default};

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
    /// Who was asked for a review.
    #[serde(default, deserialize_with = "or_default")]
    pub requested_reviewers: Vec<Actor>,
    /// The slugs of the teams that were asked for a review.
    #[serde(default, deserialize_with = "slugs")]
    pub requested_teams: Vec<String>,
    /// The title of its milestone.
    #[serde(default, deserialize_with = "title")]
    pub milestone: Option<String>,
    /// After a merge, the commit that it made on the base branch; before, GitHub's test merge.
    #[serde(default, deserialize_with = "or_default")]
    pub merge_commit_sha: Option<String>,
    /// Lines added; absent from shortened forms.
    #[serde(default, deserialize_with = "or_default")]
    pub additions: u32,
    /// Lines removed; absent from shortened forms.
    #[serde(default, deserialize_with = "or_default")]
    pub deletions: u32,
    /// When it was opened, in milliseconds since 1970; 0 where the payload does not say.
    #[serde(default, deserialize_with = "millis")]
    pub created_at: u64,
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
#[serde(from = "Wire")]
pub struct PullRequestEvent {
    /// The pull request after the event.
    pub pull_request: PullRequest,
    /// The label that was added or removed, for the actions `labeled` and `unlabeled`.
    pub label: Option<String>,
    /// For `edited`: the base branch or its commit is another one now. Read from `changes`; what cannot be decoded
    /// there counts as no change, as Prow has it.
    pub base_changed: bool,
    /// For `edited`: the title before, if it was changed.
    pub title_from: Option<String>,
    /// For `synchronize`: the head before.
    pub before: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    pull_request: PullRequest,
    #[serde(default, deserialize_with = "label_name")]
    label: Option<String>,
    #[serde(default)]
    changes: Value,
    #[serde(default, deserialize_with = "or_default")]
    before: Option<String>,
}

impl From<Wire> for PullRequestEvent {
    fn from(wire: Wire) -> Self {
        let was = |pointer: &str| wire.changes.pointer(pointer).and_then(Value::as_str);
        let given = |pointer: &str| was(pointer).is_some_and(|from| !from.is_empty());
        Self {
            base_changed: given("/base/ref/from") || given("/base/sha/from"),
            title_from: was("/title/from").map(str::to_owned),
            pull_request: wire.pull_request,
            label: wire.label,
            before: wire.before,
        }
    }
}

fn full_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        full_name: Option<String>,
    }
    Ok(Option::<Named>::deserialize(from)?.and_then(|repo| repo.full_name))
}

fn slugs<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Team {
        slug: String,
    }
    let teams: Option<Vec<Team>> = Option::deserialize(from)?;
    Ok(teams.unwrap_or_default().into_iter().map(|team| team.slug).collect())
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
