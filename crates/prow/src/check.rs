//! The `check_run`, `check_suite` and `workflow_run` events.

use serde::Deserialize;

use crate::lenient::or_default;

/// A check run, or a check suite (which has no name).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Check {
    /// GitHub's id.
    pub id: u64,
    /// The check's name; empty for a suite.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// The commit that is checked.
    pub head_sha: String,
    /// The branch; a check run's is its suite's. `None` where GitHub knows none.
    #[serde(default)]
    pub head_branch: Option<String>,
    /// `queued`, `in_progress`, `completed`, …
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// How it ended; `None` before that.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// The slug of the GitHub App that owns it.
    #[serde(default, deserialize_with = "slug")]
    pub app: Option<String>,
    /// Numbers of the pull requests that GitHub ties to the commit.
    #[serde(default, deserialize_with = "numbers")]
    pub pull_requests: Vec<u64>,
}

/// What a `check_run` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckRunEvent {
    /// The run after the event.
    #[serde(deserialize_with = "run_of_suite")]
    pub check_run: Check,
}

/// What a `check_suite` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CheckSuiteEvent {
    /// The suite after the event.
    pub check_suite: Check,
}

/// One run of a GitHub Actions workflow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkflowRun {
    /// GitHub's id.
    pub id: u64,
    /// The workflow's name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// What started it: `push`, `pull_request`, …
    #[serde(default, deserialize_with = "or_default")]
    pub event: String,
    /// The commit that it runs on.
    pub head_sha: String,
    /// The branch that it runs on.
    #[serde(default)]
    pub head_branch: Option<String>,
    /// `queued`, `in_progress`, `completed`, …
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// How it ended; `None` before that.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// Numbers of the pull requests that GitHub ties to the commit.
    #[serde(default, deserialize_with = "numbers")]
    pub pull_requests: Vec<u64>,
}

/// What a `workflow_run` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WorkflowRunEvent {
    /// The run after the event.
    pub workflow_run: WorkflowRun,
}

fn slug<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct App {
        #[serde(default)]
        slug: Option<String>,
    }
    Ok(Option::<App>::deserialize(from)?.and_then(|app| app.slug))
}

fn numbers<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Numbered {
        number: u64,
    }
    let pulls: Option<Vec<Option<Numbered>>> = Option::deserialize(from)?;
    Ok(pulls.unwrap_or_default().into_iter().flatten().map(|pull| pull.number).collect())
}

fn run_of_suite<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Check, D::Error> {
    #[derive(Deserialize)]
    struct Suite {
        #[serde(default)]
        head_branch: Option<String>,
    }
    #[derive(Deserialize)]
    struct Run {
        #[serde(flatten)]
        check: Check,
        #[serde(default)]
        check_suite: Option<Suite>,
    }
    let run = Run::deserialize(from)?;
    let mut check = run.check;
    check.head_branch = check.head_branch.or_else(|| run.check_suite.and_then(|suite| suite.head_branch));
    Ok(check)
}
