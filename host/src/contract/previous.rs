//! The contract 0.1.0, which components of the previous minor were built for: every function goes over to today's, and
//! every record by the names of its fields. What 0.2.0 added to a record, an older component does not see.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::{self as today, types as now};
use crate::agent::ClientAgent;
use crate::guest::GuestState;

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "generated from wit/previous/0.1.0, where each item has its doc")]

    wasmtime::component::bindgen!({
        path: "../wit/previous/0.1.0",
        world: "everything",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [Clone, PartialEq, serde::Serialize, serde::Deserialize],
        with: {
            "bowsprit:plugin/agent.client-agent": crate::agent::ClientAgent,
        },
    });
}

use bindings::bowsprit::plugin as then;
use bindings::bowsprit::plugin::types;
pub use bindings::{Everything, EverythingPre};

type Answer<T> = wasmtime::Result<Result<T, types::ApiError>>;

/// A value of one version as the other's: by the names of its fields, which only ever grew.
pub(crate) fn over<From: Serialize, To: DeserializeOwned>(value: &From) -> To {
    let json = serde_json::to_value(value).expect("the contract's types are plain data");
    serde_json::from_value(json).expect("0.2.0 has every field and case of 0.1.0")
}

fn answer<T: Serialize, U: DeserializeOwned>(from: wasmtime::Result<Result<T, now::ApiError>>) -> Answer<U> {
    Ok(match from? {
        Ok(value) => Ok(over(&value)),
        Err(error) => Err(over(&error)),
    })
}

/// Functions that take nothing but what the two versions spell alike.
macro_rules! unchanged {
    ($($interface:ident { $($name:ident($($arg:ident: $of:ty),*) -> $out:ty;)* })*) => {$(
        impl then::$interface::Host for GuestState {$(
            async fn $name(&mut self, agent: Resource<ClientAgent>, $($arg: $of),*) -> Answer<$out> {
                answer(<Self as today::$interface::Host>::$name(self, agent, $($arg),*).await)
            }
        )*}
    )*};
}

unchanged! {
    github_metadata_read {
        get_repository() -> types::Repository;
        is_collaborator(login: String) -> bool;
    }
    github_members_read {
        is_member(org: String, login: String) -> bool;
    }
    github_contents_read {
        get_ref(which: String) -> String;
    }
    github_statuses_read {
        combined_status(sha: String) -> Vec<then::github_statuses_read::CommitStatus>;
    }
    github_issues_read {
        get_issue(issue: u32) -> types::Issue;
        list_labels(issue: u32) -> Vec<String>;
        list_comments(issue: u32) -> Vec<types::Text>;
    }
    github_issues_write {
        create_comment(issue: u32, body: String) -> u64;
        delete_comment(issue: u32, comment: u64) -> ();
        add_label(issue: u32, name: String) -> ();
        remove_label(issue: u32, name: String) -> ();
    }
    github_pull_requests_read {
        get_pull_request(pr: u32) -> types::PullRequest;
        list_changed_files(pr: u32) -> Vec<String>;
        list_labels(pr: u32) -> Vec<String>;
        list_comments(pr: u32) -> Vec<types::Text>;
        count_merged(author: String) -> u32;
    }
    github_pull_requests_write {
        create_comment(pr: u32, body: String) -> u64;
        delete_comment(pr: u32, comment: u64) -> ();
        add_label(pr: u32, name: String) -> ();
        remove_label(pr: u32, name: String) -> ();
    }
    job_config {
        presubmits(text: Option<String>, branch: Option<String>) -> Vec<then::job_config::Presubmit>;
        matching_changes(jobs: Vec<u32>, paths: Vec<String>) -> Vec<u32>;
        postsubmits(branch: String, paths: Vec<String>) -> Vec<then::job_config::Postsubmit>;
    }
    prowjobs_read {
        list_for_pull_request(pr: u32) -> Vec<then::prowjobs_read::Prowjob>;
    }
}

impl then::prowjobs_write::Host for GuestState {
    async fn create_presubmit(
        &mut self,
        agent: Resource<ClientAgent>,
        job: u32,
        pr: types::PullRequest,
        base_sha: String,
        labels: Vec<(String, String)>,
    ) -> Answer<String> {
        let made = today::prowjobs_write::Host::create_presubmit(self, agent, job, pr.into(), base_sha, labels);
        answer(made.await)
    }

    async fn create_postsubmit(
        &mut self,
        agent: Resource<ClientAgent>,
        job: u32,
        labels: Vec<(String, String)>,
    ) -> Answer<String> {
        answer(today::prowjobs_write::Host::create_postsubmit(self, agent, job, labels).await)
    }

    async fn abort(&mut self, agent: Resource<ClientAgent>, name: String, description: String) -> Answer<()> {
        answer(today::prowjobs_write::Host::abort(self, agent, name, description).await)
    }
}

/// The one record that an older component hands in. What it never saw is as if GitHub had not said it.
impl From<types::PullRequest> for now::PullRequest {
    fn from(pr: types::PullRequest) -> Self {
        now::PullRequest {
            number: pr.number,
            node_id: pr.node_id,
            title: pr.title,
            body: pr.body,
            state: over(&pr.state),
            draft: pr.draft,
            merged: pr.merged,
            mergeable: pr.mergeable,
            author: over(&pr.author),
            html_url: pr.html_url,
            head: over(&pr.head),
            base: over(&pr.base),
            labels: pr.labels,
            assignees: pr.assignees,
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
            milestone: None,
            merge_commit: None,
            additions: 0,
            deletions: 0,
            created_at: 0,
        }
    }
}

impl types::Host for GuestState {}

impl then::agent::Host for GuestState {}

impl then::agent::HostClientAgent for GuestState {
    async fn repo(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<Option<types::RepoRef>> {
        Ok(today::agent::HostClientAgent::repo(self, agent).await?.map(|repo| over(&repo)))
    }

    async fn settings(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<String> {
        today::agent::HostClientAgent::settings(self, agent).await
    }

    async fn payload(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<String> {
        today::agent::HostClientAgent::payload(self, agent).await
    }

    async fn bot_login(&mut self, agent: Resource<ClientAgent>) -> Answer<String> {
        answer(today::agent::HostClientAgent::bot_login(self, agent).await)
    }

    async fn is_bot(&mut self, agent: Resource<ClientAgent>, login: String) -> Answer<bool> {
        answer(today::agent::HostClientAgent::is_bot(self, agent, login).await)
    }

    async fn now(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<u64> {
        today::agent::HostClientAgent::now(self, agent).await
    }

    async fn read_only(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<Resource<ClientAgent>> {
        today::agent::HostClientAgent::read_only(self, agent).await
    }

    async fn for_repo(&mut self, agent: Resource<ClientAgent>, repo: types::RepoRef) -> Answer<Resource<ClientAgent>> {
        let repo = now::RepoRef { org: repo.org, name: repo.name };
        let widened = today::agent::HostClientAgent::for_repo(self, agent, repo).await?;
        Ok(widened.map_err(|error| over(&error)))
    }

    async fn drop(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<()> {
        today::agent::HostClientAgent::drop(self, agent).await
    }
}

impl then::log::Host for GuestState {
    async fn write(&mut self, level: then::log::Level, message: String) -> wasmtime::Result<()> {
        today::log::Host::write(self, over(&level), message).await
    }
}

/// What needs no grant.
pub(crate) fn add_free(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    type Own = HasSelf<GuestState>;
    types::add_to_linker::<_, Own>(linker, |s| s)?;
    then::agent::add_to_linker::<_, Own>(linker, |s| s)?;
    then::log::add_to_linker::<_, Own>(linker, |s| s)
}

/// One interface that was granted; false for one that 0.1.0 did not have.
pub(crate) fn add(linker: &mut Linker<GuestState>, interface: &str) -> wasmtime::Result<bool> {
    type Own = HasSelf<GuestState>;
    match interface {
        "github-metadata-read" => then::github_metadata_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-members-read" => then::github_members_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-contents-read" => then::github_contents_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-statuses-read" => then::github_statuses_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-issues-read" => then::github_issues_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-issues-write" => then::github_issues_write::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-pull-requests-read" => then::github_pull_requests_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "github-pull-requests-write" => then::github_pull_requests_write::add_to_linker::<_, Own>(linker, |s| s)?,
        "job-config" => then::job_config::add_to_linker::<_, Own>(linker, |s| s)?,
        "prowjobs-read" => then::prowjobs_read::add_to_linker::<_, Own>(linker, |s| s)?,
        "prowjobs-write" => then::prowjobs_write::add_to_linker::<_, Own>(linker, |s| s)?,
        _ => return Ok(false),
    }
    Ok(true)
}
