//! Slack, Jira and Bugzilla, as the host's flags name them.

use ::services::{Bugzilla, Jira, ServiceError, ServiceErrorKind, Slack};
use jiff::Timestamp;
use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use super::thread::settled;
use super::{Answer, granted};
use crate::agent::ClientAgent;
use crate::contract::bugzilla_read::{Bug, LinkedPullRequest};
use crate::contract::bugzilla_write::BugUpdate;
use crate::contract::jira_read::{JiraIssue, RemoteLink};
use crate::contract::types::ErrorKind;
use crate::contract::{bugzilla_read, bugzilla_write, jira_read, jira_write, slack};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, EffectKey, Fault};

/// How a failed call ends: what passes with time parks the task, the rest is the guest's to know.
fn fault(error: ServiceError) -> Fault {
    if let Some(until) = error.retry_at(Timestamp::now()) {
        return Fault::Later { until, why: error.to_string() };
    }
    let kind = match error.kind {
        ServiceErrorKind::Denied => ErrorKind::Denied,
        ServiceErrorKind::NotFound => ErrorKind::NotFound,
        ServiceErrorKind::Conflict => ErrorKind::Conflict,
        ServiceErrorKind::Invalid => ErrorKind::Invalid,
        ServiceErrorKind::Other | ServiceErrorKind::Later { .. } => ErrorKind::Other,
    };
    Fault::answer(kind, error.to_string())
}

/// As [`fault`], for what is made at most once: whether it was made has to be known.
fn fault_once(error: ServiceError) -> Fault {
    if error.is_in_doubt() { Fault::InDoubt { why: error.to_string() } } else { fault(error) }
}

/// Whether a call has changed something, told by one that may be the second. That the first has left nothing to do is then the
/// likeliest reason for finding nothing to do; whoever is told "no" would never say that it was done.
fn has_changed(now: bool, doubt: Doubt) -> bool {
    now || doubt == Doubt::MayBeMade
}

fn absent(flag: &str) -> Fault {
    Fault::answer(ErrorKind::Invalid, format!("this host has no such service: it was started without `{flag}`"))
}

impl GuestState {
    fn slack(&mut self) -> Result<Slack, Fault> {
        let facts = &self.task().facts;
        let slack = facts.clients.services.slack.as_ref().ok_or_else(|| absent("--slack-token-file"))?;
        Ok(slack.for_plugin(&facts.plugin))
    }

    fn jira(&mut self) -> Result<Jira, Fault> {
        let facts = &self.task().facts;
        let jira = facts.clients.services.jira.as_ref().ok_or_else(|| absent("--jira-endpoint"))?;
        Ok(jira.for_plugin(&facts.plugin))
    }

    fn bugzilla(&mut self) -> Result<Bugzilla, Fault> {
        let facts = &self.task().facts;
        let bugzilla = facts.clients.services.bugzilla.as_ref().ok_or_else(|| absent("--bugzilla-endpoint"))?;
        Ok(bugzilla.for_plugin(&facts.plugin))
    }
}

impl slack::Host for GuestState {
    async fn write_message(&mut self, agent: Resource<ClientAgent>, channel: String, text: String) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Slack, Access::Write);
        let slack = self.slack();
        let make = |_, _: Doubt| async { slack?.write_message(&channel, &text).await.map_err(fault_once) };
        let args = (&*repo, &channel, &text);
        Ok(self.task().journal.effect(EffectKind::Neither, "slack.write-message", &args, make).await?)
    }
}

impl jira_read::Host for GuestState {
    async fn base_url(&mut self, agent: Resource<ClientAgent>) -> Answer<String> {
        let _ = granted!(self, agent, Permission::Jira, Access::Read);
        let jira = self.jira();
        let url = async { Ok(jira?.base_url().to_owned()) };
        Ok(self.task().journal.read("jira-read.base-url", &(), url).await?)
    }

    async fn list_project_keys(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<String>> {
        let _ = granted!(self, agent, Permission::Jira, Access::Read);
        let jira = self.jira();
        let keys = async { jira?.list_project_keys().await.map_err(fault) };
        Ok(self.task().journal.read("jira-read.list-project-keys", &(), keys).await?)
    }

    async fn get_issue(&mut self, agent: Resource<ClientAgent>, key: String) -> Answer<JiraIssue> {
        let _ = granted!(self, agent, Permission::Jira, Access::Read);
        let jira = self.jira();
        let issue = async { jira?.get_issue(&key).await.map(convert::jira_issue).map_err(fault) };
        Ok(self.task().journal.read("jira-read.get-issue", &key, issue).await?)
    }

    async fn list_remote_links(&mut self, agent: Resource<ClientAgent>, key: String) -> Answer<Vec<RemoteLink>> {
        let _ = granted!(self, agent, Permission::Jira, Access::Read);
        let jira = self.jira();
        let links = async {
            let links = jira?.list_remote_links(&key).await.map_err(fault)?;
            Ok(links.into_iter().map(convert::remote_link).collect())
        };
        Ok(self.task().journal.read("jira-read.list-remote-links", &key, links).await?)
    }
}

impl jira_write::Host for GuestState {
    async fn add_remote_link(
        &mut self,
        agent: Resource<ClientAgent>,
        key: String,
        url: String,
        title: String,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Jira, Access::Write);
        let jira = self.jira();
        let make = |_, _: Doubt| async { jira?.add_remote_link(&key, &url, &title).await.map_err(fault) };
        let args = (&key, &url, &title);
        Ok(self.task().journal.effect(EffectKind::Idempotent, "jira-write.add-remote-link", &args, make).await?)
    }

    async fn update_remote_link(
        &mut self,
        agent: Resource<ClientAgent>,
        key: String,
        link: u64,
        url: String,
        title: String,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Jira, Access::Write);
        let jira = self.jira();
        let make = |_, _: Doubt| async { jira?.update_remote_link(&key, link, &url, &title).await.map_err(fault) };
        let args = (&key, link, &url, &title);
        Ok(self.task().journal.effect(EffectKind::Idempotent, "jira-write.update-remote-link", &args, make).await?)
    }
}

impl bugzilla_read::Host for GuestState {
    async fn base_url(&mut self, agent: Resource<ClientAgent>) -> Answer<String> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Read);
        let bugzilla = self.bugzilla();
        let url = async { Ok(bugzilla?.base_url().to_owned()) };
        Ok(self.task().journal.read("bugzilla-read.base-url", &(), url).await?)
    }

    async fn get_bug(&mut self, agent: Resource<ClientAgent>, id: u64) -> Answer<Bug> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Read);
        let bugzilla = self.bugzilla();
        let bug = async { bugzilla?.get_bug(id).await.map(convert::bug).map_err(fault) };
        Ok(self.task().journal.read("bugzilla-read.get-bug", &id, bug).await?)
    }

    async fn list_clones(&mut self, agent: Resource<ClientAgent>, id: u64) -> Answer<Vec<Bug>> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Read);
        let bugzilla = self.bugzilla();
        let clones = async {
            let clones = bugzilla?.list_clones(id).await.map_err(fault)?;
            Ok(clones.into_iter().map(convert::bug).collect())
        };
        Ok(self.task().journal.read("bugzilla-read.list-clones", &id, clones).await?)
    }

    async fn list_pull_requests(&mut self, agent: Resource<ClientAgent>, id: u64) -> Answer<Vec<LinkedPullRequest>> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Read);
        let bugzilla = self.bugzilla();
        let pulls = async {
            let pulls = bugzilla?.list_pull_requests(id).await.map_err(fault)?;
            Ok(pulls.into_iter().map(convert::linked_pull_request).collect())
        };
        Ok(self.task().journal.read("bugzilla-read.list-pull-requests", &id, pulls).await?)
    }
}

impl bugzilla_write::Host for GuestState {
    async fn create_comment(
        &mut self,
        agent: Resource<ClientAgent>,
        id: u64,
        text: String,
        is_private: bool,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Write);
        let bugzilla = self.bugzilla();
        let begun = self.task().journal.pins().clock;
        let make = |_, doubt: Doubt| {
            let text = &text;
            async move {
                let bugzilla = bugzilla?;
                if settled(doubt).await {
                    let made = bugzilla.find_comment(id, text, is_private, begun).await.map_err(fault)?;
                    if made.is_some() {
                        return Ok(());
                    }
                }
                bugzilla.create_comment(id, text, is_private).await.map_err(fault)
            }
        };
        let args = (id, &text, is_private);
        Ok(self.task().journal.effect(EffectKind::Findable, "bugzilla-write.create-comment", &args, make).await?)
    }

    async fn clone_bug(&mut self, agent: Resource<ClientAgent>, id: u64, changes: BugUpdate) -> Answer<u64> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Write);
        let bugzilla = self.bugzilla();
        let make = |key: EffectKey, doubt: Doubt| {
            let changes = convert::bug_update(changes.clone());
            async move {
                let bugzilla = bugzilla?;
                // An alias has at most forty characters.
                let alias = format!("bow-{}", key.uuid());
                if settled(doubt).await
                    && let Some(made) = bugzilla.find_clone(&alias).await.map_err(fault)?
                {
                    return Ok(made);
                }
                bugzilla.clone_bug(id, &changes, &alias).await.map_err(fault)
            }
        };
        Ok(self.task().journal.effect(EffectKind::Findable, "bugzilla-write.clone-bug", &(id, &changes), make).await?)
    }

    async fn update_bug(&mut self, agent: Resource<ClientAgent>, id: u64, changes: BugUpdate) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Bugzilla, Access::Write);
        let bugzilla = self.bugzilla();
        let make = |_, _: Doubt| {
            let changes = convert::bug_update(changes.clone());
            async move { bugzilla?.update_bug(id, &changes).await.map_err(fault) }
        };
        let op = "bugzilla-write.update-bug";
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &(id, &changes), make).await?)
    }

    async fn add_pull_request(&mut self, agent: Resource<ClientAgent>, id: u64, number: u32) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Bugzilla, Access::Write);
        let bugzilla = self.bugzilla();
        let (org, name) = (&repo.org, &repo.name);
        let make = |_, doubt: Doubt| async move {
            let is_new = bugzilla?.add_pull_request(id, org, name, number).await.map_err(fault)?;
            Ok(has_changed(is_new, doubt))
        };
        let (op, args) = ("bugzilla-write.add-pull-request", (&*repo, id, number));
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &args, make).await?)
    }

    async fn remove_pull_request(&mut self, agent: Resource<ClientAgent>, id: u64, number: u32) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Bugzilla, Access::Write);
        let bugzilla = self.bugzilla();
        let (org, name) = (&repo.org, &repo.name);
        let make = |_, doubt: Doubt| async move {
            let was_there = bugzilla?.remove_pull_request(id, org, name, number).await.map_err(fault)?;
            Ok(has_changed(was_there, doubt))
        };
        let (op, args) = ("bugzilla-write.remove-pull-request", (&*repo, id, number));
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &args, make).await?)
    }
}
