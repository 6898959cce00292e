//! Issues and the labels on them. Permission: issues, or pull_requests where the issue is one.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};
use crate::milestones::Milestone;
use crate::repos::RepoName;

/// An issue, or the issue side of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// Its number in its repository.
    pub number: u64,
    /// Its id in GraphQL.
    pub node_id: String,
    /// `open` or `closed`.
    pub state: String,
    /// Its title.
    pub title: String,
    /// Its text, empty if none was written.
    #[serde(deserialize_with = "null_is_empty")]
    pub body: String,
    /// Who opened it.
    #[serde(deserialize_with = "null_is_empty")]
    pub user: User,
    /// Its labels.
    #[serde(deserialize_with = "null_is_empty")]
    pub labels: Vec<Label>,
    /// Who it is assigned to.
    #[serde(deserialize_with = "null_is_empty")]
    pub assignees: Vec<User>,
    /// What it is planned for.
    pub milestone: Option<Milestone>,
    /// Whether it is a pull request.
    #[serde(rename = "pull_request", deserialize_with = "is_there")]
    pub is_pull_request: bool,
    /// Its page.
    pub html_url: String,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
}

/// GitHub tells a pull request by an object that issues do not have; our own rendering of it is a boolean.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    use serde_json::Value;
    Ok(!matches!(Value::deserialize(deserializer)?, Value::Null | Value::Bool(false)))
}

/// A label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WireLabel")]
pub struct Label {
    /// Its name, in the case it was made with; GitHub compares names without regard to case.
    pub name: String,
    /// Six hex digits.
    pub color: String,
    /// What it is for.
    pub description: Option<String>,
}

/// An issue's labels are objects or, in old answers, bare names.
#[derive(Deserialize)]
#[serde(untagged)]
enum WireLabel {
    Name(String),
    Full {
        #[serde(default, deserialize_with = "null_is_empty")]
        name: String,
        #[serde(default, deserialize_with = "null_is_empty")]
        color: String,
        #[serde(default)]
        description: Option<String>,
    },
}

impl From<WireLabel> for Label {
    fn from(wire: WireLabel) -> Self {
        match wire {
            WireLabel::Name(name) => Self { name, ..Self::default() },
            WireLabel::Full { name, color, description } => Self { name, color, description },
        }
    }
}

pub(crate) const ISSUE: &str = "/repos/{owner}/{repo}/issues/{issue_number}";
const LABELS: &str = "/repos/{owner}/{repo}/issues/{issue_number}/labels";
const LABEL: &str = "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}";

impl Api {
    /// One issue or pull request.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] also where it was deleted or the token may not see it.
    pub async fn get_issue(&self, repo: &RepoName, number: u64) -> Result<Issue, ApiError> {
        self.get(Call::get(ISSUE, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// The labels on an issue or pull request.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue.
    pub async fn list_labels(&self, repo: &RepoName, number: u64) -> Result<Vec<Label>, ApiError> {
        self.list(Call::get(LABELS, &[&repo.org, &repo.repo, &number.to_string()])?).await
    }

    /// Puts `name` on an issue or pull request; success if it is there already. A label that the repository does not
    /// have is made.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue, [`crate::ApiErrorKind::Unprocessable`] where the
    /// name is none.
    pub async fn add_label(&self, repo: &RepoName, number: u64, name: &str) -> Result<(), ApiError> {
        let call = Call::post(LABELS, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(&json!({ "labels": [name] })), "add a label").await
    }

    /// Takes `name` off an issue or pull request; success if it is not there.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such issue: GitHub's text alone tells the two 404s apart.
    pub async fn remove_label(&self, repo: &RepoName, number: u64, name: &str) -> Result<(), ApiError> {
        let call = Call::delete(LABEL, &[&repo.org, &repo.repo, &number.to_string(), name])?;
        match self.send(call, "remove a label").await {
            Err(error) if error.is_not_found() && error.message == "Label does not exist" => Ok(()),
            result => result,
        }
    }
}
