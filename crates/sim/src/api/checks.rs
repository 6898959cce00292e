//! Check runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::api::commits::resolve;
use crate::auth::Who;
use crate::call::Call;
use crate::event::Event;
use crate::hub::Hub;
use crate::page::Page;
use crate::shapes::View;
use crate::world::{CheckRun, Conclusion, Repo, RunStatus, now};

#[derive(Deserialize)]
struct NewRun {
    name: String,
    head_sha: String,
    #[serde(default)]
    status: Option<RunStatus>,
    conclusion: Option<Conclusion>,
    external_id: Option<String>,
    details_url: Option<String>,
    started_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    output: Option<Output>,
}

#[derive(Deserialize)]
struct Output {
    title: String,
    summary: String,
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewRun = call.json()?;
    let Who::Installation { app_id, .. } = call.who else {
        return Err(Refusal::forbidden("You must authenticate via a GitHub App."));
    };
    if new.name.is_empty() {
        return Err(Refusal::invalid("CheckRun", "name", "missing_field"));
    }
    // A conclusion says that the run is over, whatever else is said.
    let status = match new.conclusion {
        Some(_) => RunStatus::Completed,
        None => new.status.unwrap_or(RunStatus::Queued),
    };
    if status == RunStatus::Completed && new.conclusion.is_none() {
        return Err(Refusal::invalid("CheckRun", "conclusion", "missing_field"));
    }
    let key = call.repo_key();
    let known = new.head_sha.len() == 40 && hub.git.resolve(&key, &new.head_sha).is_some();
    if !known {
        return Err(Refusal::unprocessable(&format!("No commit found for SHA: {}", new.head_sha)));
    }
    hub.change(|world| {
        let sender = call.login(world)?;
        let (id, new_suite) = (world.next_id(), world.next_id());
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let runs = repo.check_runs.entry(new.head_sha.clone()).or_default();
        let suite = runs.iter().find(|run| run.app_id == app_id).map(|run| run.suite_id);
        let (title, summary) = new.output.map(|output| (output.title, output.summary)).unzip();
        let over = status == RunStatus::Completed;
        let run = CheckRun {
            id,
            name: new.name,
            head_sha: new.head_sha,
            app_id,
            suite_id: suite.unwrap_or(new_suite),
            status,
            conclusion: new.conclusion,
            external_id: new.external_id,
            details_url: new.details_url,
            title,
            summary,
            started_at: new.started_at.unwrap_or_else(now),
            completed_at: over.then(|| new.completed_at.unwrap_or_else(now)),
        };
        runs.push(run.clone());
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let action = if over { "completed" } else { "created" };
        let payload = json!({ "action": action, "check_run": view.check_run_with_suite(repo, &run) });
        hub.emit(world, Event { name: "check_run", repo: Some(&key), org: None, sender: &sender, payload });
        Ok(Answer::created(&view.check_run(repo, &run)))
    })
}

pub(crate) fn of_commit(hub: &Arc<Hub>, call: &Call) -> Reply {
    let sha = resolve(hub, &call.repo_key(), call.param("ref"))?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let asked = |run: &&CheckRun| {
            call.query("check_name").is_none_or(|name| run.name == name)
                && call.query("status").is_none_or(|status| json!(run.status) == status)
                && call.query("app_id").is_none_or(|id| run.app_id.to_string() == id)
        };
        let all = call.query("filter") == Some("all");
        let runs: Vec<&CheckRun> = newest_first(repo, &sha, all).into_iter().filter(asked).collect();
        let (total, page) = (runs.len(), Page::of(call));
        let (part, pages) = page.cut(runs);
        let runs: Vec<Value> = part.into_iter().map(|run| view.check_run(repo, run)).collect();
        let answer = Answer::ok(&json!({ "total_count": total, "check_runs": runs }));
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

/// The runs of a commit; unless `all` are wanted, the newest of each suite and name.
pub(super) fn newest_first<'a>(repo: &'a Repo, sha: &str, all: bool) -> Vec<&'a CheckRun> {
    let mut seen = BTreeSet::new();
    let runs = repo.check_runs.get(sha).into_iter().flatten().rev();
    runs.filter(|run| all || seen.insert((run.suite_id, &run.name))).collect()
}
