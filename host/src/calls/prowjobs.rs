//! ProwJobs: which there are, and those that are made of jobs and events.

use jiff::Timestamp;
use prow::create::{self, Creation};
use prow::event::EventBody;
use prow::grants::{Access, Permission};
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobState};
use store::EffectKind;
use wasmtime::component::Resource;

use super::own_jobs::{self, OwnJob, Which};
use super::{Answer, granted, refs, runs};
use crate::agent::ClientAgent;
use crate::contract::types::{ErrorKind, PullRequest, RepoRef};
use crate::contract::{prowjobs_read, prowjobs_write};
use crate::guest::{GuestState, TaskFacts};
use crate::journal::{Doubt, EffectKey, Fault};

impl prowjobs_read::Host for GuestState {
    async fn list_for_pull_request(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
    ) -> Answer<Vec<prowjobs_read::Prowjob>> {
        let repo = granted!(self, agent, Permission::Prowjobs, Access::Read);
        let prowjobs = self.task().facts.clients.prowjobs.clone();
        let found = runs::of_pull(&prowjobs, &repo, pr);
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
                kept(&facts, create::new_presubmit(&presubmit, refs, &creation)).await
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
                kept(&facts, made).await
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
                kept(&facts, create::new_postsubmit(&postsubmit, refs, &creation)).await
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
            async move { runs::abort(&facts.clients.prowjobs, facts.clients.dry_run, (repo, name), description).await }
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

/// Where GitHub's pages are, as the task's configuration has it.
fn web(facts: &TaskFacts) -> String {
    github::web_base(&facts.clients.github_endpoints, facts.loaded.config.core.link_url.as_deref())
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
        scheduled: facts.loaded.config.core.scheduler.enabled,
    }
}

async fn kept(facts: &TaskFacts, job: ProwJob) -> Result<String, Fault> {
    runs::keep(&facts.clients.prowjobs, facts.clients.dry_run, job).await
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
