//! Runs of GitHub Actions. Permission: actions.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

/// One run of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkflowRun {
    /// Its id, the same for all its attempts.
    pub id: u64,
    /// The workflow's name.
    #[serde(deserialize_with = "null_is_empty")]
    pub name: String,
    /// What started it: `pull_request`, `push`, …
    pub event: String,
    /// The branch it runs for, without its owner.
    #[serde(deserialize_with = "null_is_empty")]
    pub head_branch: String,
    /// The commit it runs for.
    pub head_sha: String,
    /// `queued`, `in_progress`, `completed`, `waiting`, …
    #[serde(deserialize_with = "null_is_empty")]
    pub status: String,
    /// Once completed: `success`, `failure`, `cancelled`, `skipped`, `timed_out`, `action_required`, …
    pub conclusion: Option<String>,
    /// Which attempt this is, from 1.
    #[serde(rename = "run_attempt")]
    pub attempt: u32,
    /// Its page.
    pub html_url: String,
}

impl WorkflowRun {
    /// Whether a maintainer must let it start.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        self.conclusion.as_deref() == Some(AWAITS) || self.status == AWAITS
    }

    /// Whether it is over and did not succeed.
    ///
    /// Behaviour: Prow counts whatever is neither success nor skipped, cancelled runs among them. A run that awaits
    /// approval is `completed` on the wire, but it has no failed jobs that could run again.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let failed = self.conclusion.as_deref().is_some_and(|conclusion| !matches!(conclusion, "success" | "skipped"));
        self.status == "completed" && failed && !self.awaits_approval()
    }
}

#[derive(Deserialize)]
struct Page {
    workflow_runs: Vec<WorkflowRun>,
}

const AWAITS: &str = "action_required";
const RUNS: &str = "/repos/{owner}/{repo}/actions/runs";
const RUN: &str = "/repos/{owner}/{repo}/actions/runs/{run_id}";
const RERUN: &str = "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs";
const APPROVE: &str = "/repos/{owner}/{repo}/actions/runs/{run_id}/approve";

impl Api {
    /// The runs of a branch at a commit that ended in failure, whatever event started them.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn list_failed_runs(
        &self,
        repo: &RepoName,
        branch: &str,
        head: &str,
    ) -> Result<Vec<WorkflowRun>, ApiError> {
        let runs = self.runs(repo, branch, head, "completed").await?;
        Ok(runs.into_iter().filter(WorkflowRun::has_failed).collect())
    }

    /// The runs of a branch at a commit that wait for a maintainer's approval.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository.
    pub async fn list_runs_awaiting_approval(
        &self,
        repo: &RepoName,
        branch: &str,
        head: &str,
    ) -> Result<Vec<WorkflowRun>, ApiError> {
        let runs = self.runs(repo, branch, head, AWAITS).await?;
        Ok(runs.into_iter().filter(WorkflowRun::awaits_approval).collect())
    }

    /// One run as it is now: its attempt and status tell whether an effect on it was made.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such run.
    pub async fn get_workflow_run(&self, repo: &RepoName, run: u64) -> Result<WorkflowRun, ApiError> {
        self.get(Call::get(RUN, &[&repo.org, &repo.repo, &run.to_string()])?).await
    }

    /// Runs the failed jobs of a run again, as its next attempt. Made twice, the second is refused while the first runs.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the run is not over, succeeded, or is too old.
    pub async fn rerun_failed_jobs(&self, repo: &RepoName, run: u64) -> Result<(), ApiError> {
        let call = Call::post(RERUN, &[&repo.org, &repo.repo, &run.to_string()])?;
        self.send(call, "run failed jobs again").await
    }

    /// Lets the run of a first-time contributor start.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the run waits for no approval.
    pub async fn approve_run(&self, repo: &RepoName, run: u64) -> Result<(), ApiError> {
        let call = Call::post(APPROVE, &[&repo.org, &repo.repo, &run.to_string()])?;
        self.send(call, "approve a workflow run").await
    }

    async fn runs(
        &self,
        repo: &RepoName,
        branch: &str,
        head: &str,
        status: &str,
    ) -> Result<Vec<WorkflowRun>, ApiError> {
        let call = Call::get(RUNS, &[&repo.org, &repo.repo])?
            .with_query("branch", branch)
            .with_query("head_sha", head)
            .with_query("status", status);
        Ok(self.pages::<Page>(call).await?.into_iter().flat_map(|page| page.workflow_runs).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_waits_has_not_failed() {
        let check = |status: &str, conclusion: Option<&str>, failed: bool, awaits: bool| {
            let run = WorkflowRun {
                status: status.into(),
                conclusion: conclusion.map(str::to_owned),
                ..WorkflowRun::default()
            };
            assert_eq!((run.has_failed(), run.awaits_approval()), (failed, awaits), "{status} {conclusion:?}");
        };
        check("completed", Some("failure"), true, false);
        check("completed", Some("cancelled"), true, false);
        check("completed", Some("timed_out"), true, false);
        check("completed", Some("success"), false, false);
        check("completed", Some("skipped"), false, false);
        check("completed", Some("action_required"), false, true);
        check("action_required", None, false, true);
        check("in_progress", None, false, false);
        check("queued", Some("failure"), false, false);
    }
}
