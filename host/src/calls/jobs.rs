//! The jobs of config.yaml and of repositories, matched here on the compiled configuration, and the ProwJobs that are made
//! of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use prow::create::{self, Creation};
use prow::event::EventBody;
use prow::grants::{Access, Permission};
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobState, ProwJobType};
use store::{EffectKind, Selector, StoreError};
use wasmtime::component::Resource;

use super::own_jobs::{self, Commits, OwnJob, Which};
use super::turns::Turns;
use super::{Answer, granted, matched, refs};
use crate::agent::ClientAgent;
use crate::contract::types::{ApiError, ErrorKind, PullRequest, RepoRef};
use crate::contract::{job_config, prowjobs_read, prowjobs_write};
use crate::guest::{GuestState, TaskFacts};
use crate::journal::{Doubt, EffectKey, Fault};

impl job_config::Host for GuestState {
    async fn presubmits(
        &mut self,
        agent: Resource<ClientAgent>,
        text: Option<String>,
        branch: Option<String>,
    ) -> Answer<Vec<job_config::Presubmit>> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let facts = self.task().facts.clone();
        let matched = async {
            let jobs = facts.loaded.config.presubmits(&repo.org, &repo.name);
            Ok(matched::presubmits(0, jobs, text.as_deref(), branch.as_deref()).await)
        };
        Ok(self.task().journal.read("job-config.presubmits", &(&*repo, &text, &branch), matched).await?)
    }

    async fn matching_changes(
        &mut self,
        agent: Resource<ClientAgent>,
        jobs: Vec<u32>,
        paths: Vec<String>,
    ) -> Answer<Vec<u32>> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let (facts, told) = (self.task().facts.clone(), self.task().own_jobs.clone());
        let matched = async {
            let (mut seen, mut matched, mut turns) = (BTreeSet::new(), Vec::new(), Turns::begin());
            // A job that is named a thousand times is matched once.
            for id in jobs.iter().copied().filter(|id| seen.insert(*id)) {
                let own = told.find(&repo, Which::Presubmits, id)?;
                if own_jobs::presubmit(&facts, &repo, own, id).await?.changes.matches(&paths) {
                    matched.push(id);
                }
                turns.next().await;
            }
            Ok(matched)
        };
        Ok(self.task().journal.read("job-config.matching-changes", &(&*repo, &jobs, &paths), matched).await?)
    }

    async fn postsubmits(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        paths: Vec<String>,
    ) -> Answer<Vec<job_config::Postsubmit>> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let facts = self.task().facts.clone();
        let matched = async {
            let jobs = facts.loaded.config.postsubmits(&repo.org, &repo.name);
            Ok(matched::postsubmits(0, jobs, &branch, &paths).await)
        };
        Ok(self.task().journal.read("job-config.postsubmits", &(&*repo, &branch, &paths), matched).await?)
    }

    async fn in_repo_enabled(&mut self, agent: Resource<ClientAgent>) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let facts = self.task().facts.clone();
        let enabled = async { Ok(own_jobs::enabled(&facts, &repo)) };
        Ok(self.task().journal.read("job-config.in-repo-enabled", &*repo, enabled).await?)
    }

    async fn in_repo_presubmits(
        &mut self,
        agent: Resource<ClientAgent>,
        text: Option<String>,
        branch: Option<String>,
        base_sha: String,
        heads: Vec<String>,
    ) -> Answer<Vec<job_config::Presubmit>> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let (facts, first) = (self.task().facts.clone(), self.task().own_jobs.next());
        let commits = Commits { repo: (*repo).clone(), base: base_sha, heads };
        let matched = async {
            if !own_jobs::enabled(&facts, &repo) {
                return Ok(Vec::new());
            }
            let jobs = own_jobs::at(&facts, &commits).await?;
            Ok(matched::presubmits(first, &jobs.presubmits, text.as_deref(), branch.as_deref()).await)
        };
        let args = (&commits, &text, &branch);
        let told = self.task().journal.read("job-config.in-repo-presubmits", &args, matched).await?;
        if let Ok(jobs) = &told {
            self.task().own_jobs.note(&commits, Which::Presubmits, jobs.iter().map(|job| job.id));
        }
        Ok(told)
    }

    async fn in_repo_postsubmits(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        paths: Vec<String>,
    ) -> Answer<Vec<job_config::Postsubmit>> {
        let repo = granted!(self, agent, Permission::JobConfig, Access::Read);
        let (facts, first) = (self.task().facts.clone(), self.task().own_jobs.next());
        let commits = own_jobs::pushed(&facts, &repo);
        let matched = async {
            let commits = commits.as_ref().map_err(|none| Fault::Answer(none.clone()))?;
            if !own_jobs::enabled(&facts, &repo) {
                return Ok(Vec::new());
            }
            let jobs = own_jobs::at(&facts, commits).await?;
            Ok(matched::postsubmits(first, &jobs.postsubmits, &branch, &paths).await)
        };
        let args = (&*repo, &branch, &paths);
        let told = self.task().journal.read("job-config.in-repo-postsubmits", &args, matched).await?;
        if let (Ok(jobs), Ok(commits)) = (&told, &commits) {
            self.task().own_jobs.note(commits, Which::Postsubmits, jobs.iter().map(|job| job.id));
        }
        Ok(told)
    }
}

impl prowjobs_read::Host for GuestState {
    async fn list_for_pull_request(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
    ) -> Answer<Vec<prowjobs_read::Prowjob>> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Read);
        let prowjobs = self.task().facts.clients.prowjobs.clone();
        let found = async {
            let selector = Selector {
                // Not by organisation and repository: `.github` and the like are no label values, and so not on the object.
                labels: BTreeMap::from([
                    (labels::PULL.to_owned(), pr.to_string()),
                    (labels::TYPE.to_owned(), ProwJobType::Presubmit.to_string()),
                ]),
                incomplete_only: false,
            };
            let mut jobs = prowjobs.list(&selector).await.map_err(later)?;
            jobs.retain(|job| is_of(job, &repo));
            jobs.sort_by_key(|job| std::cmp::Reverse((job.status.start_time, job.metadata.name.clone())));
            Ok(jobs.iter().map(shown).collect())
        };
        Ok(self.task().journal.read("prowjobs-read.list-for-pull-request", &(&*repo, pr), found).await?)
    }
}

impl prowjobs_write::Host for GuestState {
    async fn create_presubmit(
        &mut self,
        agent: Resource<ClientAgent>,
        job: u32,
        pr: PullRequest,
        base_sha: String,
        labels: Vec<(String, String)>,
    ) -> Answer<String> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Write);
        let (facts, now) = self.facts_and_clock();
        let own = self.own_job(&repo, Which::Presubmits, job);
        let args = asked(&repo, job, &pr, &base_sha, &labels);
        let make = |key: EffectKey, _: Doubt| {
            let (repo, pr, base_sha, labels) = (&*repo, &pr, &base_sha, labels.clone());
            async move {
                check_labels(&labels)?;
                let presubmit = own_jobs::presubmit_of(&facts, repo, own, job, (base_sha, pr)).await?;
                let refs = refs::of_pull(&web(&facts), repo, pr, base_sha);
                let creation = creation(&facts, &key, now, labels);
                keep(&facts, create::new_presubmit(&presubmit, refs, &creation)).await
            }
        };
        Ok(self.task().journal.effect(EffectKind::Findable, "prowjobs-write.create-presubmit", &args, make).await?)
    }

    async fn create_overridden(
        &mut self,
        agent: Resource<ClientAgent>,
        job: u32,
        pr: PullRequest,
        base_sha: String,
        description: String,
        url: String,
    ) -> Answer<String> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Write);
        let (facts, now) = self.facts_and_clock();
        let own = self.own_job(&repo, Which::Presubmits, job);
        let args = (&*repo, job, &pr, &base_sha, &description, &url);
        let make = |key: EffectKey, _: Doubt| {
            let (repo, pr, base_sha) = (&*repo, &pr, &base_sha);
            let (description, url) = (description.clone(), url.clone());
            async move {
                let presubmit = own_jobs::presubmit_of(&facts, repo, own, job, (base_sha, pr)).await?;
                let refs = refs::of_pull(&web(&facts), repo, pr, base_sha);
                let creation = creation(&facts, &key, now, Vec::new());
                let mut made = create::new_presubmit(&presubmit, refs, &creation);
                made.status.state = ProwJobState::Success;
                made.status.completion_time = Some(now);
                made.status.description = description;
                made.status.url = url;
                keep(&facts, made).await
            }
        };
        Ok(self.task().journal.effect(EffectKind::Findable, "prowjobs-write.create-overridden", &args, make).await?)
    }

    async fn create_postsubmit(
        &mut self,
        agent: Resource<ClientAgent>,
        job: u32,
        labels: Vec<(String, String)>,
    ) -> Answer<String> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Write);
        let (facts, now) = self.facts_and_clock();
        let own = self.own_job(&repo, Which::Postsubmits, job);
        let args = (&*repo, job, &labels);
        let make = |key: EffectKey, _: Doubt| {
            let (repo, labels) = (&*repo, labels.clone());
            async move {
                check_labels(&labels)?;
                let EventBody::Push(push) = &facts.event.body else {
                    return Err(Fault::answer(ErrorKind::Invalid, "a postsubmit is of a push, and this event is none"));
                };
                if facts.home.as_ref() != Some(repo) {
                    return Err(Fault::answer(
                        ErrorKind::Invalid,
                        "the push that is handled was to another repository",
                    ));
                }
                let postsubmit = own_jobs::postsubmit(&facts, repo, own, job).await?;
                let Some(refs) = refs::of_push(&web(&facts), repo, push) else {
                    let message = format!("the push names no commit: `{}`", push.after.escape_debug());
                    return Err(Fault::answer(ErrorKind::Invalid, message));
                };
                let creation = creation(&facts, &key, now, labels);
                keep(&facts, create::new_postsubmit(&postsubmit, refs, &creation)).await
            }
        };
        Ok(self.task().journal.effect(EffectKind::Findable, "prowjobs-write.create-postsubmit", &args, make).await?)
    }

    async fn abort(&mut self, agent: Resource<ClientAgent>, name: String, description: String) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Write);
        let facts = self.task().facts.clone();
        let args = (&*repo, &name, &description);
        let make = |_, _| {
            let (repo, name, description) = (&*repo, &name, &description);
            async move { abort(&facts, repo, name, description).await }
        };
        Ok(self.task().journal.effect(EffectKind::Idempotent, "prowjobs-write.abort", &args, make).await?)
    }
}

/// A presubmit's creation as a replay compares it: all that the ProwJob is made of.
fn asked<'a>(
    repo: &'a RepoRef,
    job: u32,
    pr: &'a PullRequest,
    base_sha: &'a str,
    labels: &'a [(String, String)],
) -> impl serde::Serialize + use<'a> {
    (repo, job, pr, base_sha, labels)
}

impl GuestState {
    fn facts_and_clock(&mut self) -> (std::sync::Arc<TaskFacts>, Timestamp) {
        let task = self.task();
        (task.facts.clone(), task.journal.pins().clock)
    }

    /// The job of this number if this task was told that the repository defines it.
    fn own_job(&mut self, repo: &RepoRef, which: Which, id: u32) -> Result<Option<OwnJob>, Fault> {
        self.task().own_jobs.find(repo, which, id)
    }
}

fn later(error: StoreError) -> Fault {
    let until = Timestamp::now() + std::time::Duration::from_secs(2);
    Fault::Later { until, why: error.to_string() }
}

/// Where GitHub's pages are, as the task's configuration has it.
fn web(facts: &TaskFacts) -> String {
    github::web_base(&facts.clients.github_endpoints, facts.loaded.config.core.link_url.as_deref())
}

/// Whether a ProwJob is of this repository.
fn is_of(job: &ProwJob, repo: &RepoRef) -> bool {
    job.spec.refs.as_ref().is_some_and(|refs| refs.org == repo.org && refs.repo == repo.name)
}

/// Refuses labels by which others tell what a ProwJob is of, and who made it.
fn check_labels(given: &[(String, String)]) -> Result<(), Fault> {
    match given.iter().find(|(key, _)| labels::is_standard(key)) {
        None => Ok(()),
        Some((key, _)) => {
            Err(Fault::answer(ErrorKind::Invalid, format!("the label `{key}` is set by the host: use another key")))
        }
    }
}

fn creation(facts: &TaskFacts, key: &EffectKey, now: Timestamp, labels: Vec<(String, String)>) -> Creation {
    Creation {
        // The same in every run: a second creation finds the first.
        name: key.uuid().to_string(),
        namespace: facts.loaded.config.core.prowjob_namespace.clone(),
        now,
        event_guid: facts.guid.clone(),
        labels: labels.into_iter().collect(),
        scheduled: facts.loaded.config.core.scheduler_enabled,
    }
}

/// Its name is the effect's, so that one that is there already is this one.
async fn keep(facts: &TaskFacts, job: ProwJob) -> Result<String, Fault> {
    let name = job.metadata.name.clone();
    if facts.clients.dry_run {
        tracing::info!(job = %job.spec.job, "dry run: would create a ProwJob");
        return Ok(name);
    }
    facts.clients.prowjobs.create(&job).await.map_err(later)?;
    tracing::info!(prowjob = %name, job = %job.spec.job, "created");
    Ok(name)
}

async fn abort(facts: &TaskFacts, repo: &RepoRef, name: &str, description: &str) -> Result<(), Fault> {
    let prowjobs = &facts.clients.prowjobs;
    loop {
        let Some(job) = prowjobs.get(name).await.map_err(later)? else { return Ok(()) };
        if !is_of(&job, repo) {
            let message = format!("ProwJob `{name}` is not of {}/{}", repo.org, repo.name);
            return Err(Fault::Answer(ApiError { kind: ErrorKind::Denied, message }));
        }
        if job.is_complete() || job.status.state == ProwJobState::Aborted {
            return Ok(());
        }
        if facts.clients.dry_run {
            tracing::info!(prowjob = %name, "dry run: would abort");
            return Ok(());
        }
        let patch = serde_json::json!({ "status": { "state": "aborted", "description": description } });
        match prowjobs.patch_if(name, &job.metadata.resource_version, &patch).await {
            Ok(_) => return Ok(()),
            // The controller was faster: it may have ended meanwhile.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(later(error)),
        }
    }
}

fn shown(job: &ProwJob) -> prowjobs_read::Prowjob {
    let state = match job.status.state {
        ProwJobState::Scheduling => prowjobs_read::ProwjobState::Scheduling,
        // Without a state it has not been looked at yet.
        ProwJobState::Triggered | ProwJobState::Unset => prowjobs_read::ProwjobState::Triggered,
        ProwJobState::Pending => prowjobs_read::ProwjobState::Pending,
        ProwJobState::Success => prowjobs_read::ProwjobState::Success,
        ProwJobState::Failure => prowjobs_read::ProwjobState::Failure,
        ProwJobState::Aborted => prowjobs_read::ProwjobState::Aborted,
        ProwJobState::Error => prowjobs_read::ProwjobState::Error,
    };
    let job_type = match job.spec.job_type {
        ProwJobType::Presubmit => prowjobs_read::ProwjobType::Presubmit,
        ProwJobType::Postsubmit => prowjobs_read::ProwjobType::Postsubmit,
        ProwJobType::Periodic => prowjobs_read::ProwjobType::Periodic,
        ProwJobType::Batch => prowjobs_read::ProwjobType::Batch,
    };
    let (name, job_name, complete) = (job.metadata.name.clone(), job.spec.job.clone(), job.is_complete());
    prowjobs_read::Prowjob { name, job: job_name, job_type, state, complete }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::{Actor, ActorKind, BranchRef, IssueState};

    fn pr() -> PullRequest {
        let branch = |name: &str| BranchRef { name: name.into(), sha: "0".into(), repo: None };
        PullRequest {
            number: 7,
            node_id: String::new(),
            title: "a title".into(),
            body: String::new(),
            state: IssueState::Open,
            draft: false,
            merged: false,
            mergeable: None,
            author: Actor { login: "alice".into(), id: 1, kind: ActorKind::User },
            html_url: "https://github.com/o/r/pull/7".into(),
            head: branch("topic"),
            base: branch("main"),
            labels: Vec::new(),
            assignees: Vec::new(),
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            milestone: None,
            merge_commit: None,
            additions: 1,
            deletions: 0,
            created_at: 0,
        }
    }

    /// Whatever a ProwJob would be another one by is an argument that a replay compares.
    #[test]
    fn a_replay_compares_all_that_a_prowjob_is_made_of() {
        let json = |pr: &PullRequest| {
            let repo = RepoRef { org: "o".into(), name: "r".into() };
            serde_json::to_string(&asked(&repo, 1, pr, "sha", &[])).unwrap()
        };
        let changes: [fn(&mut PullRequest); 7] = [
            |pr| pr.title = "another".into(),
            |pr| pr.author.login = "bob".into(),
            |pr| pr.head.name = "other".into(),
            |pr| pr.head.sha = "1".into(),
            |pr| pr.base.name = "release".into(),
            |pr| pr.html_url = "https://github.com/o/r/pull/8".into(),
            |pr| pr.number = 8,
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut other = pr();
            change(&mut other);
            assert_ne!(json(&pr()), json(&other), "change {n}");
        }
    }
}
