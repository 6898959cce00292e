//! Runs of GitHub Actions.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::event::Event;
use crate::hub::Hub;
use crate::page::Page;
use crate::shapes::View;
use crate::world::{Conclusion, RunStatus, WorkflowRun, World, now};

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    let runs = hub.read(|world| {
        let asked = |run: &&WorkflowRun| {
            let is = |name: &str, value: &str| call.query(name).is_none_or(|asked| asked == value);
            // A word of either kind can be asked for by the same name.
            let state = |word: &str| json!(run.status) == word || json!(run.conclusion) == word;
            is("branch", &run.head_branch)
                && is("head_sha", &run.head_sha)
                && is("event", &run.event)
                && is("actor", &run.actor)
                && call.query("status").is_none_or(state)
        };
        let runs = call.repo(world)?.workflow_runs.values().rev().filter(asked);
        Ok::<Vec<WorkflowRun>, Refusal>(runs.cloned().collect())
    })?;
    let (total, page) = (runs.len(), Page::of(call));
    let (part, pages) = page.cut(runs);
    let part: Vec<_> = part.into_iter().map(|run| (hub.git.show(&call.repo_key(), &run.head_sha).ok(), run)).collect();
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let runs: Vec<Value> = part.iter().map(|(head, run)| view.workflow_run(repo, run, head.as_ref())).collect();
        let answer = Answer::ok(&json!({ "total_count": total, "workflow_runs": runs }));
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let id = call.number("run_id")?;
    let run = hub.read(|world| call.repo(world)?.workflow_runs.get(&id).cloned().ok_or_else(Refusal::not_found))?;
    let head = hub.git.show(&call.repo_key(), &run.head_sha).ok();
    hub.read(|world| {
        let view = View { world, base: hub.base() };
        Ok(Answer::ok(&view.workflow_run(call.repo(world)?, &run, head.as_ref())))
    })
}

pub(crate) fn rerun_failed(hub: &Arc<Hub>, call: &Call) -> Reply {
    again(hub, call, |run| {
        if run.status != RunStatus::Completed {
            return Err(Refusal::forbidden("This workflow is already running"));
        }
        let failed = !matches!(run.conclusion, Some(Conclusion::Success | Conclusion::Skipped));
        if !failed || run.awaits_approval() {
            return Err(Refusal::forbidden("This workflow run has no failed jobs to retry"));
        }
        run.attempt += 1;
        run.started_at = now();
        Ok(())
    })
}

pub(crate) fn approve(hub: &Arc<Hub>, call: &Call) -> Reply {
    again(hub, call, |run| match run.awaits_approval() {
        true => Ok(()),
        false => Err(Refusal::forbidden("This workflow run is not waiting for an approval")),
    })
}

/// Puts a run into the queue, if `prepare` lets it.
fn again(hub: &Arc<Hub>, call: &Call, prepare: impl FnOnce(&mut WorkflowRun) -> Result<(), Refusal>) -> Reply {
    let (key, id) = (call.repo_key(), call.number("run_id")?);
    let sender = hub.read(|world| call.login(world))?;
    change_run(hub, &key, id, &sender, |run| {
        prepare(run)?;
        (run.status, run.conclusion) = (RunStatus::Queued, None);
        Ok(())
    })?;
    Ok(Answer::json(StatusCode::CREATED, &json!({})))
}

/// Changes a run and tells of it: `requested` for what waits in the queue, `in_progress` or `completed` for the rest.
pub(crate) fn change_run(
    hub: &Arc<Hub>,
    key: &str,
    id: u64,
    sender: &str,
    change: impl FnOnce(&mut WorkflowRun) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let find = |world: &World| world.repo(key).and_then(|repo| repo.workflow_runs.get(&id)).cloned();
    let sha = hub.read(find).ok_or_else(Refusal::not_found)?.head_sha;
    let head = hub.git.show(key, &sha).ok();
    hub.change(|world| {
        let run = world.repos.get_mut(key).and_then(|repo| repo.workflow_runs.get_mut(&id));
        let run = run.ok_or_else(Refusal::not_found)?;
        change(run)?;
        run.updated_at = now();
        let run = run.clone();
        let (view, repo) = (View { world, base: hub.base() }, world.repo(key).ok_or_else(Refusal::not_found)?);
        let action = match run.status {
            RunStatus::Queued => "requested",
            RunStatus::InProgress => "in_progress",
            RunStatus::Completed => "completed",
        };
        let payload = json!({
            "action": action,
            "workflow": view.workflow(repo, &run),
            "workflow_run": view.workflow_run(repo, &run, head.as_ref()),
        });
        hub.emit(world, Event { name: "workflow_run", repo: Some(key), org: None, sender, payload });
        Ok(())
    })
}
