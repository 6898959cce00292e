//! Workflow runs as Actions itself would make and drive them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{absent, bad};
use crate::answer::{Answer, Refusal, Reply};
use crate::api::actions::change_run;
use crate::hub::Hub;
use crate::world::{Conclusion, RunStatus, WorkflowRun, key, now};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRun {
    repo: String,
    name: String,
    event: String,
    head_branch: String,
    #[serde(default)]
    head_repo: Option<String>,
    head_sha: String,
    #[serde(default)]
    conclusion: Option<Conclusion>,
    r#as: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewState {
    status: RunStatus,
    conclusion: Option<Conclusion>,
}

/// Adds a run: queued, or over where it has a conclusion.
pub(super) fn start(hub: &Arc<Hub>, new: &NewRun) -> Reply {
    let repo = key(&new.repo);
    if hub.git.resolve(&repo, &new.head_sha).as_deref() != Some(&new.head_sha) {
        return Err(bad(&format!("`{}` is no commit of `{}`", new.head_sha, new.repo)));
    }
    let id = hub.change(|world| {
        let actor = world.user(&new.r#as).ok_or_else(|| absent(&format!("there is no user `{}`", new.r#as)))?;
        let actor = actor.login.clone();
        // The number after a run's is its check suite's.
        let (fresh, id, _) = (world.next_id(), world.next_id(), world.next_id());
        let found = world.repos.get_mut(&repo).ok_or_else(|| absent(&format!("there is no `{}`", new.repo)))?;
        let same = |run: &&WorkflowRun| run.name == new.name;
        let workflow_id = found.workflow_runs.values().find(same).map_or(fresh, |run| run.workflow_id);
        let number = found.workflow_runs.values().filter(same).count() as u64 + 1;
        let run = WorkflowRun {
            id,
            workflow_id,
            name: new.name.clone(),
            number,
            event: new.event.clone(),
            head_branch: new.head_branch.clone(),
            head_repo: new.head_repo.as_deref().map_or_else(|| repo.clone(), key),
            head_sha: new.head_sha.clone(),
            status: RunStatus::Queued,
            conclusion: None,
            attempt: 1,
            actor,
            created_at: now(),
            started_at: now(),
            updated_at: now(),
        };
        found.workflow_runs.insert(id, run);
        Ok::<u64, Refusal>(id)
    })?;
    let status = if new.conclusion.is_some() { RunStatus::Completed } else { RunStatus::Queued };
    move_to(hub, &repo, id, status, new.conclusion)?;
    Ok(Answer::ok(&json!({ "id": id })))
}

/// Moves a run on.
pub(super) fn go_on(hub: &Arc<Hub>, repo: &str, id: u64, new: &NewState) -> Reply {
    if (new.status == RunStatus::Completed) != new.conclusion.is_some() {
        return Err(bad("a run has a conclusion exactly when it is completed"));
    }
    move_to(hub, &key(repo), id, new.status, new.conclusion)?;
    Ok(Answer::ok(&json!({})))
}

fn move_to(
    hub: &Arc<Hub>,
    repo: &str,
    id: u64,
    status: RunStatus,
    conclusion: Option<Conclusion>,
) -> Result<(), Refusal> {
    let actor = hub.read(|world| world.repo(repo)?.workflow_runs.get(&id).map(|run| run.actor.clone()));
    let actor = actor.ok_or_else(|| absent(&format!("there is no run {id} in `{repo}`")))?;
    change_run(hub, repo, id, &actor, |run| {
        (run.status, run.conclusion) = (status, conclusion);
        Ok(())
    })
}
