//! Reading issues and pull requests.

use ::github::{MergedIn, SearchFor};
use prow::grants::{Access, Permission};
use wasmtime::component::Resource;

use crate::agent::ClientAgent;
use crate::calls::thread::Thread;
use crate::calls::{Answer, fault, granted};
use crate::contract::github_pull_requests_read::{MergeState, Review, ReviewComment};
use crate::contract::github_types::{ChangedFile, Commit, HistoryEntry, Label, Milestone};
use crate::contract::types::{Issue, PullRequest, Text};
use crate::contract::{github_issues_read, github_pull_requests_read};
use crate::convert;
use crate::guest::GuestState;

/// A list of the agent's repository: one call, each item converted.
macro_rules! listed {
    ($self:ident, $agent:ident, $permission:ident, $op:literal, ($($arg:expr),*), $api:ident, $name:ident, $call:expr, $convert:path) => {{
        let repo = granted!($self, $agent, Permission::$permission, Access::Read);
        let ($api, $name) = $self.github(&repo);
        let found = async {
            let found = $call.await.map_err(fault)?;
            Ok(found.into_iter().map($convert).collect::<Vec<_>>())
        };
        Ok($self.task().journal.read($op, &(&*repo, $(&$arg),*), found).await?)
    }};
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

    async fn list_history(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<Vec<HistoryEntry>> {
        let number = u64::from(issue);
        listed!(
            self,
            agent,
            Issues,
            "github-issues-read.list-history",
            (issue),
            api,
            name,
            api.list_history(&name, number),
            convert::history_entry
        )
    }

    async fn list_repository_labels(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<Label>> {
        listed!(
            self,
            agent,
            Issues,
            "github-issues-read.list-repository-labels",
            (),
            api,
            name,
            api.list_repository_labels(&name),
            convert::label
        )
    }

    async fn list_milestones(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<Milestone>> {
        listed!(
            self,
            agent,
            Issues,
            "github-issues-read.list-milestones",
            (),
            api,
            name,
            api.list_milestones(&name),
            convert::milestone
        )
    }

    async fn search(&mut self, agent: Resource<ClientAgent>, query: String) -> Answer<Vec<Issue>> {
        listed!(
            self,
            agent,
            Issues,
            "github-issues-read.search",
            (query),
            api,
            name,
            api.search(&name, SearchFor::Issues, &query),
            convert::fetched_issue
        )
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

    async fn list_open(&mut self, agent: Resource<ClientAgent>, base: Option<String>) -> Answer<Vec<PullRequest>> {
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-open",
            (base),
            api,
            name,
            api.list_open(&name, base.as_deref()),
            convert::fetched_pull
        )
    }

    async fn list_for_commit(&mut self, agent: Resource<ClientAgent>, sha: String) -> Answer<Vec<PullRequest>> {
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-for-commit",
            (sha),
            api,
            name,
            api.list_for_commit(&name, &sha),
            convert::fetched_pull
        )
    }

    async fn list_merge_states(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<MergeState>> {
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-merge-states",
            (),
            api,
            name,
            api.list_merge_states(&name),
            convert::merge_state
        )
    }

    async fn list_changed_files(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<String>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-changed-files",
            (pr),
            api,
            name,
            api.list_changed_files(&name, number),
            convert::changed_path
        )
    }

    async fn list_changes(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<ChangedFile>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-changes",
            (pr),
            api,
            name,
            api.list_changed_files(&name, number),
            convert::changed_file
        )
    }

    async fn list_commits(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<Commit>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-commits",
            (pr),
            api,
            name,
            api.list_commits(&name, number),
            convert::commit
        )
    }

    async fn list_reviews(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<Review>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-reviews",
            (pr),
            api,
            name,
            api.list_reviews(&name, number),
            convert::review
        )
    }

    async fn list_review_comments(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<ReviewComment>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-review-comments",
            (pr),
            api,
            name,
            api.list_review_comments(&name, number),
            convert::review_comment
        )
    }

    async fn list_labels(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<String>> {
        self.list_labels_of(Thread::Pull, "github-pull-requests-read.list-labels", agent, pr).await
    }

    async fn list_comments(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<Text>> {
        self.list_comments_of(Thread::Pull, "github-pull-requests-read.list-comments", agent, pr).await
    }

    async fn list_history(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<Vec<HistoryEntry>> {
        let number = u64::from(pr);
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.list-history",
            (pr),
            api,
            name,
            api.list_history(&name, number),
            convert::history_entry
        )
    }

    async fn count_merged(&mut self, agent: Resource<ClientAgent>, author: String) -> Answer<u32> {
        let repo = granted!(self, agent, Permission::PullRequests, Access::Read);
        let (api, name) = self.github(&repo);
        // A personal token sees more repositories than the grants cover.
        let place = match self.task().facts.grants.covers_all_of(&repo.org) {
            true => MergedIn::Org(&repo.org),
            false => MergedIn::Repo(&name),
        };
        let count = async {
            let count = api.merged_pull_requests_count(place, &author).await.map_err(fault)?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        };
        Ok(self.task().journal.read("github-pull-requests-read.count-merged", &(&repo.org, &author), count).await?)
    }

    async fn search(&mut self, agent: Resource<ClientAgent>, query: String) -> Answer<Vec<Issue>> {
        listed!(
            self,
            agent,
            PullRequests,
            "github-pull-requests-read.search",
            (query),
            api,
            name,
            api.search(&name, SearchFor::PullRequests, &query),
            convert::fetched_issue
        )
    }
}
