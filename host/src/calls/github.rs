//! Reading from GitHub.

use prow::grants::{Access, Permission};
use wasmtime::component::Resource;

use super::thread::Thread;
use super::{Answer, fault, granted};
use crate::agent::ClientAgent;
use crate::contract::github_statuses_read::CommitStatus;
use crate::contract::types::{ApiError, ErrorKind, Issue, PullRequest, Repository, Text};
use crate::contract::{
    github_contents_read, github_issues_read, github_members_read, github_metadata_read, github_pull_requests_read,
    github_statuses_read,
};
use crate::convert;
use crate::guest::GuestState;

impl github_metadata_read::Host for GuestState {
    async fn get_repository(&mut self, agent: Resource<ClientAgent>) -> Answer<Repository> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, name) = self.github(&repo);
        let found = async { api.get_repository(&name).await.map(convert::fetched_repository).map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.get-repository", &*repo, found).await?)
    }

    async fn is_collaborator(&mut self, agent: Resource<ClientAgent>, login: String) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, name) = self.github(&repo);
        let is = async {
            if login == repo.org {
                return Ok(true);
            }
            api.is_collaborator(&name, &login).await.map_err(fault)
        };
        Ok(self.task().journal.read("github-metadata-read.is-collaborator", &(&*repo, &login), is).await?)
    }
}

impl github_members_read::Host for GuestState {
    async fn is_member(&mut self, agent: Resource<ClientAgent>, org: String, login: String) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        if !self.may_ask_members_of(&org, &repo.org, &repo.name) {
            let message = format!("members of `{org}` are not this plugin's to know: add `{org}/*` to `grants.repos`");
            return Ok(Err(ApiError { kind: ErrorKind::Denied, message }));
        }
        let (api, _) = self.github(&repo);
        let is = async {
            if login == org {
                return Ok(true);
            }
            api.is_member(&org, &login).await.map_err(fault)
        };
        Ok(self.task().journal.read("github-members-read.is-member", &(&org, &login), is).await?)
    }
}

impl GuestState {
    fn may_ask_members_of(&mut self, org: &str, own: &str, repo: &str) -> bool {
        let facts = &self.task().facts;
        if org == own || facts.grants.repos.is_match(format!("{org}/.")) {
            return true;
        }
        // The operator named it, in the block that is the plugin's own.
        let settings = facts.loaded.plugins.settings(&facts.plugin, own, repo);
        settings.get("trusted_org").and_then(|v| v.as_str()) == Some(org)
    }
}

impl github_contents_read::Host for GuestState {
    async fn get_ref(&mut self, agent: Resource<ClientAgent>, which: String) -> Answer<String> {
        let repo = granted!(self, agent, Permission::Contents, Access::Read);
        let (api, name) = self.github(&repo);
        let sha = async { Ok(api.get_ref(&name, &which).await.map_err(fault)?.object.sha) };
        Ok(self.task().journal.read("github-contents-read.get-ref", &(&*repo, &which), sha).await?)
    }
}

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
}

impl github_issues_read::Host for GuestState {
    async fn get_issue(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<Issue> {
        let repo = granted!(self, agent, Permission::Issues, Access::Read);
        let (api, name) = self.github(&repo);
        let found = async { api.get_issue(&name, u64::from(issue)).await.map(convert::fetched_issue).map_err(fault) };
        Ok(self.task().journal.read("github-issues-read.get-issue", &(&*repo, issue), found).await?)
    }
    async fn list_labels(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<Vec<String>> {
        self.list_labels_of(Thread::Issue, "github-issues-read.list-labels", agent, issue).await
    }
    async fn list_comments(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<Vec<Text>> {
        self.list_comments_of(Thread::Issue, "github-issues-read.list-comments", agent, issue).await
    }
}

impl github_pull_requests_read::Host for GuestState {
    async fn get_pull_request(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<PullRequest> {
        let repo = granted!(self, agent, Permission::PullRequests, Access::Read);
        let (api, name) = self.github(&repo);
        let found =
            async { api.get_pull_request(&name, u64::from(pr)).await.map(convert::fetched_pull).map_err(fault) };
        Ok(self.task().journal.read("github-pull-requests-read.get-pull-request", &(&*repo, pr), found).await?)
    }
    async fn list_changed_files(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::PullRequests, Access::Read);
        let (api, name) = self.github(&repo);
        let files = async {
            let files = api.list_changed_files(&name, u64::from(pr)).await.map_err(fault)?;
            Ok(files.into_iter().map(|f| f.filename).collect())
        };
        Ok(self.task().journal.read("github-pull-requests-read.list-changed-files", &(&*repo, pr), files).await?)
    }
    async fn list_labels(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<String>> {
        self.list_labels_of(Thread::Pull, "github-pull-requests-read.list-labels", agent, pr).await
    }
    async fn list_comments(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<Text>> {
        self.list_comments_of(Thread::Pull, "github-pull-requests-read.list-comments", agent, pr).await
    }
    async fn count_merged(&mut self, agent: Resource<ClientAgent>, author: String) -> Answer<u32> {
        let repo = granted!(self, agent, Permission::PullRequests, Access::Read);
        let (api, _) = self.github(&repo);
        let count = async {
            {
                let count = api.merged_pull_requests_count(&repo.org, &author).await.map_err(fault)?;
                Ok(u32::try_from(count).unwrap_or(u32::MAX))
            }
        };
        Ok(self.task().journal.read("github-pull-requests-read.count-merged", &(&repo.org, &author), count).await?)
    }
}
