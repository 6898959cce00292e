//! The jobs of config.yaml and of repositories, matched here on the compiled configuration.

use std::collections::BTreeSet;

use prow::grants::{Access, Permission};
use wasmtime::component::Resource;

use super::own_jobs::{self, Commits, Which};
use super::turns::Turns;
use super::{Answer, granted, matched};
use crate::agent::ClientAgent;
use crate::contract::job_config;
use crate::contract::types::ApiError;
use crate::guest::GuestState;

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
            let jobs = own_jobs::at(&facts, &repo, Ok(&commits)).await?;
            Ok(matched::presubmits(first, &jobs.presubmits, text.as_deref(), branch.as_deref()).await)
        };
        let args = (&commits, &text, &branch);
        let told = self.task().journal.read("job-config.in-repo-presubmits", &args, matched).await?;
        Ok(self.noted(Ok(&commits), Which::Presubmits, told, |job| job.id))
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
            let jobs = own_jobs::at(&facts, &repo, commits.as_ref()).await?;
            Ok(matched::postsubmits(first, &jobs.postsubmits, &branch, &paths).await)
        };
        let args = (&*repo, &branch, &paths);
        let told = self.task().journal.read("job-config.in-repo-postsubmits", &args, matched).await?;
        Ok(self.noted(commits.as_ref(), Which::Postsubmits, told, |job| job.id))
    }
}

impl GuestState {
    /// What the task was told of the jobs at these commits, once the task has noted it.
    fn noted<T>(
        &mut self,
        commits: Result<&Commits, &ApiError>,
        which: Which,
        told: Result<Vec<T>, ApiError>,
        id: fn(&T) -> u32,
    ) -> Result<Vec<T>, ApiError> {
        if let (Ok(jobs), Ok(commits)) = (&told, commits) {
            self.task().own_jobs.note(commits, which, jobs.iter().map(id));
        }
        told
    }
}
