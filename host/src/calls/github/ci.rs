//! Statuses, check runs, and runs of GitHub Actions.

use ::github::{Api, ApiError, RepoName};
use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use crate::agent::ClientAgent;
use crate::calls::thread::settled;
use crate::calls::{Answer, fault, granted};
use crate::contract::github_actions_read::WorkflowRun;
use crate::contract::github_checks_read::CheckRun;
use crate::contract::github_checks_write::NewCheckRun;
use crate::contract::github_statuses_read::CommitStatus;
use crate::contract::types::ErrorKind;
use crate::contract::{
    github_actions_read, github_actions_write, github_checks_read, github_checks_write, github_statuses_read,
    github_statuses_write,
};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, EffectKey, Fault};

impl github_statuses_read::Host for GuestState {
    async fn combined_status(&mut self, agent: Resource<ClientAgent>, sha: String) -> Answer<Vec<CommitStatus>> {
        let repo = granted!(self, agent, Permission::Statuses, Access::Read);
        let (api, name) = self.github(&repo);
        let statuses = async {
            let combined = api.combined_status(&name, &sha).await.map_err(fault)?;
            Ok(combined.statuses.into_iter().map(convert::commit_status).collect())
        };
        Ok(self.task().journal.read("github-statuses-read.combined-status", &(&*repo, &sha), statuses).await?)
    }

    async fn list_statuses(&mut self, agent: Resource<ClientAgent>, sha: String) -> Answer<Vec<CommitStatus>> {
        let repo = granted!(self, agent, Permission::Statuses, Access::Read);
        let (api, name) = self.github(&repo);
        let statuses = async {
            let statuses = api.list_statuses(&name, &sha).await.map_err(fault)?;
            Ok(statuses.into_iter().map(convert::commit_status).collect())
        };
        Ok(self.task().journal.read("github-statuses-read.list-statuses", &(&*repo, &sha), statuses).await?)
    }
}

impl github_statuses_write::Host for GuestState {
    async fn create_status(&mut self, agent: Resource<ClientAgent>, sha: String, status: CommitStatus) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Statuses, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |_, _: Doubt| async {
            let status = convert::new_status(&status).ok_or_else(|| {
                let message = format!("`{}` is no state: use pending, success, failure or error", status.state);
                Fault::answer(ErrorKind::Invalid, message)
            })?;
            api.create_status(&name, &sha, &status).await.map(|_| ()).map_err(fault)
        };
        let (op, args) = ("github-statuses-write.create-status", (&*repo, &sha, &status));
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &args, make).await?)
    }
}

impl github_checks_read::Host for GuestState {
    async fn list_check_runs(&mut self, agent: Resource<ClientAgent>, sha: String) -> Answer<Vec<CheckRun>> {
        let repo = granted!(self, agent, Permission::Checks, Access::Read);
        let (api, name) = self.github(&repo);
        let runs = async {
            let runs = api.list_check_runs(&name, &sha).await.map_err(fault)?;
            Ok(runs.into_iter().map(convert::check_run).collect())
        };
        Ok(self.task().journal.read("github-checks-read.list-check-runs", &(&*repo, &sha), runs).await?)
    }
}

impl github_checks_write::Host for GuestState {
    async fn create_check_run(&mut self, agent: Resource<ClientAgent>, run: NewCheckRun) -> Answer<u64> {
        let repo = granted!(self, agent, Permission::Checks, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |key: EffectKey, doubt: Doubt| {
            let run = convert::new_check_run(&run, key.marker());
            let (api, name) = (&api, &name);
            async move {
                if settled(doubt).await {
                    let made =
                        api.find_check_run(name, &run.head_sha, &run.name, &run.external_id).await.map_err(fault)?;
                    if let Some(made) = made {
                        return Ok(made.id);
                    }
                }
                api.create_check_run(name, &run).await.map_err(fault)
            }
        };
        let (op, args) = ("github-checks-write.create-check-run", (&*repo, &run));
        Ok(self.task().journal.effect(EffectKind::Findable, op, &args, make).await?)
    }
}

impl github_actions_read::Host for GuestState {
    async fn list_failed_runs(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        head: String,
    ) -> Answer<Vec<WorkflowRun>> {
        let repo = granted!(self, agent, Permission::Actions, Access::Read);
        let (api, name) = self.github(&repo);
        let runs = async {
            let runs = api.list_failed_runs(&name, &branch, &head).await.map_err(fault)?;
            Ok(runs.into_iter().map(convert::workflow_run).collect())
        };
        Ok(self.task().journal.read("github-actions-read.list-failed-runs", &(&*repo, &branch, &head), runs).await?)
    }

    async fn list_runs_awaiting_approval(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        head: String,
    ) -> Answer<Vec<WorkflowRun>> {
        let repo = granted!(self, agent, Permission::Actions, Access::Read);
        let (api, name) = self.github(&repo);
        let runs = async {
            let runs = api.list_runs_awaiting_approval(&name, &branch, &head).await.map_err(fault)?;
            Ok(runs.into_iter().map(convert::workflow_run).collect())
        };
        let (op, args) = ("github-actions-read.list-runs-awaiting-approval", (&*repo, &branch, &head));
        Ok(self.task().journal.read(op, &args, runs).await?)
    }
}

impl github_actions_write::Host for GuestState {
    async fn rerun_failed_jobs(&mut self, agent: Resource<ClientAgent>, run: u64) -> Answer<()> {
        let ask = async |api: &Api, name: &RepoName| api.rerun_failed_jobs(name, run).await;
        // A run that has not failed any more is the attempt that was asked for.
        self.change_run("github-actions-write.rerun-failed-jobs", agent, run, ask, |run| !run.has_failed()).await
    }

    async fn approve_run(&mut self, agent: Resource<ClientAgent>, run: u64) -> Answer<()> {
        let ask = async |api: &Api, name: &RepoName| api.approve_run(name, run).await;
        self.change_run("github-actions-write.approve-run", agent, run, ask, |run| !run.awaits_approval()).await
    }
}

impl GuestState {
    /// Asks something of a run of a workflow, unless an earlier try may have done so and the run shows it.
    async fn change_run(
        &mut self,
        op: &'static str,
        agent: Resource<ClientAgent>,
        run: u64,
        ask: impl AsyncFnOnce(&Api, &RepoName) -> Result<(), ApiError>,
        is_done: impl FnOnce(&::github::WorkflowRun) -> bool,
    ) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Actions, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |_, doubt: Doubt| async move {
            if settled(doubt).await && is_done(&api.get_workflow_run(&name, run).await.map_err(fault)?) {
                return Ok(());
            }
            ask(&api, &name).await.map_err(fault)
        };
        Ok(self.task().journal.effect(EffectKind::Findable, op, &(&*repo, run), make).await?)
    }
}
