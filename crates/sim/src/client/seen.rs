//! What a caller asks for and what it gets to see.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::StatusState;

/// A pull request to open: a commit on a new branch, and the request to merge it.
#[derive(Debug, Clone)]
pub struct NewPr {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The new branch, made from `base`.
    pub branch: String,
    /// The branch to merge into.
    pub base: String,
    /// What the commit changes: a path with its new content, or with none to delete it.
    pub files: BTreeMap<String, Option<String>>,
    /// Not yet ready for review.
    pub draft: bool,
}

impl NewPr {
    /// A pull request against `main` that writes one file, titled and named by `branch`.
    #[must_use]
    pub fn of_file(branch: &str, path: &str, content: &str) -> Self {
        Self {
            title: format!("Change {path}"),
            body: String::new(),
            branch: branch.to_owned(),
            base: "main".to_owned(),
            files: [(path.to_owned(), Some(content.to_owned()))].into(),
            draft: false,
        }
    }
}

/// What most callers want to know of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pr {
    /// Its number.
    pub number: u64,
    /// The head commit.
    pub head_sha: String,
    /// The branch of the head.
    pub head_ref: String,
    /// `owner/name` of the head's repository.
    pub head_repo: String,
    /// The tip of the base branch.
    pub base_sha: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// The names of its labels.
    pub labels: Vec<String>,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The comment's id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Markdown.
    pub body: String,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What it is about.
    pub context: String,
    /// What it says.
    pub state: StatusState,
    /// A few words.
    #[serde(default)]
    pub description: Option<String>,
    /// Where to read more.
    #[serde(default)]
    pub target_url: Option<String>,
}

/// A request that the stand-in received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Counts up from 1.
    pub seq: u64,
    /// `GET` and so on.
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// Who asked: a login, `app:<slug>`, `installation:<id>` or `anonymous`.
    pub who: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// What it was answered with; none if the connection was cut.
    pub status: Option<u16>,
    /// The fault that was played on it.
    pub fault: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// From its arrival to its answer, in milliseconds.
    pub elapsed_ms: f64,
}

/// One entry of the log of webhook deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The delivery's id; a redelivery has one of its own.
    pub id: u64,
    /// The GUID that the receiver sees.
    pub guid: String,
    /// The hook that it was sent to.
    pub hook_id: u64,
    /// The event's name.
    pub event: String,
    /// The payload's action.
    pub action: Option<String>,
    /// Whether it repeats an earlier one.
    pub redelivery: bool,
    /// What the receiver answered; none while it is on its way, 0 if there was no answer.
    pub status_code: Option<u16>,
    /// GitHub's word for the outcome: `OK`, or what went wrong.
    pub status: String,
    /// Seconds until the answer.
    pub duration: f64,
}

pub(super) fn names_of(labels: &Value) -> Vec<String> {
    labels.as_array().into_iter().flatten().filter_map(|label| label["name"].as_str().map(str::to_owned)).collect()
}

pub(super) fn pr_of(value: &Value) -> Pr {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Pr {
        number: value["number"].as_u64().unwrap_or_default(),
        head_sha: text(&value["head"]["sha"]),
        head_ref: text(&value["head"]["ref"]),
        head_repo: text(&value["head"]["repo"]["full_name"]),
        base_sha: text(&value["base"]["sha"]),
        state: text(&value["state"]),
        merged: value["merged"].as_bool().unwrap_or_default(),
        merge_commit_sha: value["merge_commit_sha"].as_str().map(str::to_owned),
        labels: names_of(&value["labels"]),
    }
}
