//! What GitHub Actions does by itself, and the fence around tokens.

use reqwest::Method;
use serde_json::json;

use super::{Error, Sim, from};
use crate::fence::{Decision, Row};
use crate::world::{Conclusion, RunStatus};

/// A workflow run to start.
#[derive(Debug, Clone)]
pub struct NewWorkflowRun {
    /// The workflow's name.
    pub name: String,
    /// What starts it: `pull_request` and so on.
    pub event: String,
    /// The branch it runs for.
    pub head_branch: String,
    /// `owner/name` of that branch's repository; the run's own if left out.
    pub head_repo: Option<String>,
    /// The commit it runs for.
    pub head_sha: String,
    /// How it ended already; [`Conclusion::ActionRequired`] makes it wait for an approval.
    pub conclusion: Option<Conclusion>,
    /// Who caused it.
    pub actor: String,
}

impl Sim {
    /// Starts a workflow run, and gives its id.
    ///
    /// # Errors
    /// A commit, repository or user that is not there.
    pub async fn start_workflow_run(&self, repo: &str, run: &NewWorkflowRun) -> Result<u64, Error> {
        let body = json!({
            "repo": repo, "name": run.name, "event": run.event, "head_branch": run.head_branch,
            "head_repo": run.head_repo, "head_sha": run.head_sha, "conclusion": run.conclusion, "as": run.actor,
        });
        let answer = self.admin(Method::POST, "/_sim/workflow-runs", Some(body)).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// Moves a workflow run on.
    ///
    /// # Errors
    /// A run that is not there, and a conclusion without [`RunStatus::Completed`] or the other way round.
    pub async fn move_workflow_run(
        &self,
        repo: &str,
        id: u64,
        status: RunStatus,
        conclusion: Option<Conclusion>,
    ) -> Result<(), Error> {
        let body = json!({ "status": status, "conclusion": conclusion });
        self.admin(Method::PATCH, &format!("/_sim/workflow-runs/{repo}/{id}"), Some(body)).await.map(drop)
    }

    /// Which endpoint needs what of an app: the table by which tokens are judged.
    ///
    /// # Errors
    /// As any call.
    pub async fn permissions(&self) -> Result<Vec<Row>, Error> {
        Ok(from(self.admin(Method::GET, "/_sim/permissions", None).await?))
    }

    /// Who was let through and who was not, with a number above `since`, oldest first.
    ///
    /// # Errors
    /// As any call.
    pub async fn decisions(&self, since: u64) -> Result<Vec<Decision>, Error> {
        Ok(from(self.admin(Method::GET, &format!("/_sim/decisions?since={since}"), None).await?))
    }
}
