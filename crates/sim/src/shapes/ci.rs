//! Check runs, workflow runs, and what a branch demands.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::git::Commit;
use crate::world::{CheckRun, IssueState, Repo, WorkflowRun};

impl View<'_> {
    /// A check run.
    pub(crate) fn check_run(&self, repo: &Repo, run: &CheckRun) -> Value {
        let (api, html) = (self.repo_url(repo), self.repo_html(repo));
        let url = format!("{api}/check-runs/{}", run.id);
        json!({
            "id": run.id,
            "node_id": node_id("CR", run.id),
            "name": run.name,
            "head_sha": run.head_sha,
            "external_id": run.external_id.as_deref().unwrap_or_default(),
            "url": url,
            "html_url": format!("{html}/runs/{}", run.id),
            "details_url": run.details_url,
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": run.started_at,
            "completed_at": run.completed_at,
            "output": {
                "title": run.title, "summary": run.summary, "text": null, "annotations_count": 0,
                "annotations_url": format!("{url}/annotations"),
            },
            "check_suite": { "id": run.suite_id },
            "app": self.world.apps.get(&run.app_id).map(|app| self.app(app)),
            "pull_requests": self.pulls_of(repo, &run.head_sha),
        })
    }

    /// The same as the event's payload has it, with its suite.
    pub(crate) fn check_run_with_suite(&self, repo: &Repo, run: &CheckRun) -> Value {
        let mut value = self.check_run(repo, run);
        let id = run.suite_id;
        let head = |issue: &&crate::world::Issue| issue.pull.as_ref().is_some_and(|pull| pull.head_sha == run.head_sha);
        let branch = repo.issues.values().find(head).and_then(|issue| issue.pull.as_ref());
        value["check_suite"] = json!({
            "id": id,
            "node_id": node_id("CS", id),
            "head_branch": branch.map(|pull| &pull.head_ref),
            "head_sha": run.head_sha,
            "status": run.status,
            "conclusion": run.conclusion,
            "url": format!("{}/check-suites/{id}", self.repo_url(repo)),
            "before": branch.map(|pull| &pull.base_sha),
            "after": run.head_sha,
            "pull_requests": value["pull_requests"],
            "app": value["app"],
            "created_at": run.started_at,
            "updated_at": run.completed_at.unwrap_or(run.started_at),
        });
        value
    }

    /// A run of a workflow; its commit, where git still knows it.
    pub(crate) fn workflow_run(&self, repo: &Repo, run: &WorkflowRun, head: Option<&Commit>) -> Value {
        let (api, html) = (self.repo_url(repo), self.repo_html(repo));
        let url = format!("{api}/actions/runs/{}", run.id);
        let suite = run.id + 1;
        let person = |(name, email, _): &(String, String, String)| json!({ "name": name, "email": email });
        let head_repo = self.world.repo(&run.head_repo).unwrap_or(repo);
        json!({
            "id": run.id,
            "node_id": node_id("WFR", run.id),
            "name": run.name,
            "display_title": head.map_or("", |commit| commit.message.lines().next().unwrap_or_default()),
            "head_branch": run.head_branch,
            "head_sha": run.head_sha,
            "path": workflow_path(run),
            "run_number": run.number,
            "run_attempt": run.attempt,
            "run_started_at": run.started_at,
            "event": run.event,
            "status": run.status,
            "conclusion": run.conclusion,
            "workflow_id": run.workflow_id,
            "check_suite_id": suite,
            "check_suite_node_id": node_id("CS", suite),
            "actor": self.account(&run.actor),
            "triggering_actor": self.account(&run.actor),
            "pull_requests": self.pulls_of(repo, &run.head_sha),
            "referenced_workflows": [],
            "created_at": run.created_at,
            "updated_at": run.updated_at,
            "url": url,
            "html_url": format!("{html}/actions/runs/{}", run.id),
            "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"),
            "check_suite_url": format!("{api}/check-suites/{suite}"),
            "artifacts_url": format!("{url}/artifacts"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "previous_attempt_url": (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1)),
            "workflow_url": format!("{api}/actions/workflows/{}", run.workflow_id),
            "head_commit": head.map(|commit| json!({
                "id": commit.sha, "tree_id": commit.tree, "message": commit.message, "timestamp": commit.committer.2,
                "author": person(&commit.author), "committer": person(&commit.committer),
            })),
            "repository": self.repo(repo),
            "head_repository": self.repo(head_repo),
        })
    }

    /// The workflow that a run is of.
    pub(crate) fn workflow(&self, repo: &Repo, run: &WorkflowRun) -> Value {
        let html = self.repo_html(repo);
        json!({
            "id": run.workflow_id,
            "node_id": node_id("W", run.workflow_id),
            "name": run.name,
            "path": workflow_path(run),
            "state": "active",
            "created_at": repo.created_at,
            "updated_at": repo.created_at,
            "url": format!("{}/actions/workflows/{}", self.repo_url(repo), run.workflow_id),
            "html_url": format!("{html}/blob/{}/{}", repo.default_branch, workflow_path(run)),
            "badge_url": format!("{html}/actions/workflows/{}.yml/badge.svg", run.workflow_id),
        })
    }

    /// What a protected branch demands.
    pub(crate) fn protection(&self, repo: &Repo, branch: &str, contexts: &[String]) -> Value {
        let url = format!("{}/branches/{}/protection", self.repo_url(repo), crate::page::escape(branch));
        let off = || json!({ "enabled": false });
        let mut value = json!({
            "url": url,
            "enforce_admins": { "url": format!("{url}/enforce_admins"), "enabled": false },
            "required_linear_history": off(),
            "allow_force_pushes": off(),
            "allow_deletions": off(),
            "block_creations": off(),
            "required_conversation_resolution": off(),
            "lock_branch": off(),
            "allow_fork_syncing": off(),
            "required_signatures": { "url": format!("{url}/required_signatures"), "enabled": false },
        });
        if !contexts.is_empty() {
            let checks: Vec<Value> = contexts.iter().map(|name| json!({ "context": name, "app_id": null })).collect();
            value["required_status_checks"] = json!({
                "url": format!("{url}/required_status_checks"),
                "strict": false,
                "contexts": contexts,
                "contexts_url": format!("{url}/required_status_checks/contexts"),
                "checks": checks,
            });
        }
        value
    }

    /// The open pull requests of the repository's own whose head a commit is, in brief.
    fn pulls_of(&self, repo: &Repo, sha: &str) -> Value {
        let api = self.repo_url(repo);
        let place = json!({ "id": repo.id, "url": api, "name": repo.name });
        let here = crate::world::key(&repo.full_name());
        let open = repo.issues.values().filter(|issue| issue.state == IssueState::Open);
        let pulls = open.filter_map(|issue| {
            let pull = issue.pull.as_ref().filter(|pull| pull.head_sha == sha && pull.head_repo == here)?;
            Some(json!({
                "id": pull.id,
                "number": issue.number,
                "url": format!("{api}/pulls/{}", issue.number),
                "head": { "ref": pull.head_ref, "sha": pull.head_sha, "repo": place },
                "base": { "ref": pull.base_ref, "sha": pull.base_sha, "repo": place },
            }))
        });
        pulls.collect()
    }
}

fn workflow_path(run: &WorkflowRun) -> String {
    format!(".github/workflows/{}.yml", run.workflow_id)
}
