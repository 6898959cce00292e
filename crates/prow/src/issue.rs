//! The `issues` and `issue_comment` events.

use serde::Deserialize;

use crate::actor::Actor;
use crate::lenient::{millis, or_default};

/// Open or closed; a merged pull request is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueState {
    /// Work goes on.
    #[default]
    Open,
    /// Closed, or merged.
    Closed,
}

/// An issue, or the issue side of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Issue {
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
    /// Open or closed.
    #[serde(default, deserialize_with = "or_default")]
    pub state: IssueState,
    /// Who opened it.
    #[serde(default, deserialize_with = "or_default", rename = "user")]
    pub author: Actor,
    /// Its page.
    #[serde(default, deserialize_with = "or_default")]
    pub html_url: String,
    /// The labels' names, in GitHub's order.
    #[serde(default, deserialize_with = "label_names")]
    pub labels: Vec<String>,
    /// Who is assigned.
    #[serde(default, deserialize_with = "or_default")]
    pub assignees: Vec<Actor>,
    /// Whether it is a pull request: the payload's `pull_request` is there.
    #[serde(default, deserialize_with = "is_there", rename = "pull_request")]
    pub is_pr: bool,
    /// The title of its milestone.
    #[serde(default, deserialize_with = "title")]
    pub milestone: Option<String>,
    /// When it was opened, in milliseconds since 1970; 0 where the payload does not say.
    #[serde(default, deserialize_with = "millis")]
    pub created_at: u64,
}

/// What an `issues` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IssueEvent {
    /// The issue after the event.
    pub issue: Issue,
    /// The label that was added or removed, for the actions `labeled` and `unlabeled`.
    #[serde(default, deserialize_with = "label_name")]
    pub label: Option<String>,
    /// For `edited`: the title before, if it was changed.
    #[serde(default, deserialize_with = "title_from", rename = "changes")]
    pub title_from: Option<String>,
}

/// What an `issue_comment` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IssueCommentEvent {
    /// The issue or pull request that was commented on.
    pub issue: Issue,
    /// The comment.
    pub comment: Text,
}

/// A text that somebody wrote: a comment, a review, a comment in a review.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Text {
    /// GitHub's id of the text.
    pub id: u64,
    /// GraphQL's id.
    #[serde(default, deserialize_with = "or_default")]
    pub node_id: String,
    /// Who wrote it.
    #[serde(default, deserialize_with = "or_default", rename = "user")]
    pub author: Actor,
    /// The text; empty for a review without a summary.
    #[serde(default, deserialize_with = "or_default")]
    pub body: String,
    /// Where to read it.
    #[serde(default, deserialize_with = "or_default")]
    pub html_url: String,
    /// When it was written, or the review submitted, in milliseconds since 1970; 0 where the payload does not say.
    #[serde(default, deserialize_with = "millis", alias = "submitted_at")]
    pub created_at: u64,
    /// When it was last edited, in milliseconds since 1970; 0 where the payload does not say, as for reviews.
    #[serde(default, deserialize_with = "millis")]
    pub updated_at: u64,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

/// Reads a list of labels down to their names.
pub(crate) fn label_names<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let labels: Option<Vec<Label>> = Option::deserialize(from)?;
    Ok(labels.unwrap_or_default().into_iter().map(|label| label.name).collect())
}

/// Reads one label down to its name.
pub(crate) fn label_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let label: Option<Label> = Option::deserialize(from)?;
    Ok(label.map(|label| label.name))
}

/// Reads a milestone down to its title.
pub(crate) fn title<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Milestone {
        title: String,
    }
    let milestone: Option<Milestone> = Option::deserialize(from)?;
    Ok(milestone.map(|milestone| milestone.title))
}

/// Reads `changes` down to the former title. What cannot be decoded there counts as no change.
pub(crate) fn title_from<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let changes = serde_json::Value::deserialize(from)?;
    Ok(changes.pointer("/title/from").and_then(serde_json::Value::as_str).map(str::to_owned))
}

fn is_there<'de, D: serde::Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::<serde::de::IgnoredAny>::deserialize(from)?.is_some())
}
