//! Changes to issues.

use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use crate::agent::ClientAgent;
use crate::calls::thread::{LabelChange, Thread, marked, right_kind, settled};
use crate::calls::{Answer, fault, granted};
use crate::contract::github_issues_write::Host;
use crate::contract::github_types::{LeftOut, Reaction};
use crate::contract::types::RepoRef;
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, EffectKey, Fault};

use EffectKind::{Findable, Idempotent};
use Thread::Issue;

impl Host for GuestState {
    async fn create_issue(
        &mut self,
        agent: Resource<ClientAgent>,
        title: String,
        body: String,
        labels: Vec<String>,
    ) -> Answer<u32> {
        let repo = granted!(self, agent, Permission::Issues, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |key: EffectKey, doubt: Doubt| {
            let (title, body, labels) = (&title, &body, &labels);
            async move {
                let (body, marker) = marked(body, &key);
                if settled(doubt).await
                    && let Some(made) = api.find_issue(&name, &marker).await.map_err(fault)?
                {
                    return Ok(convert::number(made.number));
                }
                let made = api.create_issue(&name, title, &body, labels).await.map_err(fault)?;
                Ok(convert::number(made.number))
            }
        };
        let args = (&*repo, &title, &body, &labels);
        Ok(self.task().journal.effect(Findable, "github-issues-write.create-issue", &args, make).await?)
    }

    async fn create_comment(&mut self, agent: Resource<ClientAgent>, issue: u32, body: String) -> Answer<u64> {
        self.create_comment_on(Issue, "github-issues-write.create-comment", agent, issue, body).await
    }

    async fn edit_comment(
        &mut self,
        agent: Resource<ClientAgent>,
        issue: u32,
        comment: u64,
        body: String,
    ) -> Answer<()> {
        let op = "github-issues-write.edit-comment";
        let edit = |api: ::github::Api, name| {
            let body = body.clone();
            async move { api.edit_comment(&name, comment, &body).await.map(|_| ()) }
        };
        self.change_comment((Issue, op), agent, (issue, comment), &body, edit).await
    }

    async fn delete_comment(&mut self, agent: Resource<ClientAgent>, issue: u32, comment: u64) -> Answer<()> {
        self.delete_comment_on(Issue, "github-issues-write.delete-comment", agent, issue, comment).await
    }

    async fn add_label(&mut self, agent: Resource<ClientAgent>, issue: u32, name: String) -> Answer<()> {
        self.change_label(Issue, "github-issues-write.add-label", agent, issue, LabelChange::Add(name)).await
    }

    async fn remove_label(&mut self, agent: Resource<ClientAgent>, issue: u32, name: String) -> Answer<()> {
        self.change_label(Issue, "github-issues-write.remove-label", agent, issue, LabelChange::Remove(name)).await
    }

    async fn assign(&mut self, agent: Resource<ClientAgent>, issue: u32, logins: Vec<String>) -> Answer<LeftOut> {
        self.assign_to(Issue, "github-issues-write.assign", agent, issue, logins).await
    }

    async fn unassign(&mut self, agent: Resource<ClientAgent>, issue: u32, logins: Vec<String>) -> Answer<()> {
        self.unassign_from(Issue, "github-issues-write.unassign", agent, issue, logins).await
    }

    async fn edit(
        &mut self,
        agent: Resource<ClientAgent>,
        issue: u32,
        title: Option<String>,
        body: Option<String>,
    ) -> Answer<()> {
        let what = (Issue, Idempotent, "github-issues-write.edit");
        let edit = |api: ::github::Api, name, _, _| {
            let (title, body) = (title.clone(), body.clone());
            async move {
                let edited = api.edit_issue(&name, u64::from(issue), title.as_deref(), body.as_deref());
                edited.await.map_err(fault)
            }
        };
        self.change_thread(what, agent, issue, (&title, &body), edit).await
    }

    async fn close(&mut self, agent: Resource<ClientAgent>, issue: u32, not_planned: bool) -> Answer<()> {
        let what = (Issue, Idempotent, "github-issues-write.close");
        let close = |api: ::github::Api, name, _, _| async move {
            api.close_issue(&name, u64::from(issue), not_planned).await.map_err(fault)
        };
        self.change_thread(what, agent, issue, not_planned, close).await
    }

    async fn reopen(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<()> {
        let what = (Issue, Idempotent, "github-issues-write.reopen");
        let reopen = |api: ::github::Api, name, _, _| async move {
            api.reopen_issue(&name, u64::from(issue)).await.map_err(fault)
        };
        self.change_thread(what, agent, issue, (), reopen).await
    }

    async fn set_milestone(&mut self, agent: Resource<ClientAgent>, issue: u32, milestone: Option<u32>) -> Answer<()> {
        self.set_milestone_of(Issue, "github-issues-write.set-milestone", agent, issue, milestone).await
    }

    async fn react(&mut self, agent: Resource<ClientAgent>, issue: u32, reaction: Reaction) -> Answer<()> {
        self.react_to(Issue, "github-issues-write.react", agent, issue, reaction).await
    }

    async fn react_to_comment(
        &mut self,
        agent: Resource<ClientAgent>,
        issue: u32,
        comment: u64,
        reaction: Reaction,
    ) -> Answer<()> {
        let op = "github-issues-write.react-to-comment";
        let react = |api: ::github::Api, name| async move {
            api.react_to_comment(&name, comment, convert::reaction(reaction)).await
        };
        self.change_comment((Issue, op), agent, (issue, comment), reaction, react).await
    }

    async fn transfer(&mut self, agent: Resource<ClientAgent>, issue: u32, to: RepoRef) -> Answer<()> {
        let facts = self.task().facts.clone();
        if !facts.grants.covers(facts.home.as_ref(), &to) {
            return Ok(Err(self.deny(format!("not granted: add `{}/{}` to `grants.repos`", to.org, to.name))?));
        }
        let target = ::github::RepoName::new(&to.org, &to.name);
        let repo = granted!(self, agent, Permission::Issues, Access::Write);
        let (api, name) = self.github(&repo);
        // For all of it: an issue that an earlier run may have moved is looked at where it is now.
        let api = api.also_in(&target);
        let known = self.known_thread(issue, &repo);
        let make = |_, doubt: Doubt| async move {
            // GitHub leads from the old number to where the issue is now.
            if settled(doubt).await && has_left(&api, &name, issue).await? {
                return Ok(());
            }
            right_kind(&api, &name, Issue, issue, known).await?;
            api.transfer(&name, u64::from(issue), &target).await.map(drop).map_err(fault)
        };
        let op = "github-issues-write.transfer";
        Ok(self.task().journal.effect(Findable, op, &(&*repo, issue, &to), make).await?)
    }

    async fn pin(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<()> {
        let what = (Issue, Idempotent, "github-issues-write.pin");
        let pin = |api: ::github::Api, name, _, _| async move { api.pin(&name, u64::from(issue)).await.map_err(fault) };
        self.change_thread(what, agent, issue, (), pin).await
    }

    async fn unpin(&mut self, agent: Resource<ClientAgent>, issue: u32) -> Answer<()> {
        let what = (Issue, Idempotent, "github-issues-write.unpin");
        let unpin =
            |api: ::github::Api, name, _, _| async move { api.unpin(&name, u64::from(issue)).await.map_err(fault) };
        self.change_thread(what, agent, issue, (), unpin).await
    }
}

/// Whether an issue was transferred, wherever it is by now.
async fn has_left(api: &::github::Api, name: &::github::RepoName, issue: u32) -> Result<bool, Fault> {
    match api.find_transferred(name, u64::from(issue)).await {
        Ok(found) => Ok(found.is_some()),
        Err(error) if matches!(error.kind, ::github::ApiErrorKind::Moved { .. }) => Ok(true),
        Err(error) => Err(fault(error)),
    }
}

impl GuestState {
    pub(super) async fn assign_to(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        logins: Vec<String>,
    ) -> Answer<LeftOut> {
        let assign = |api: ::github::Api, name, _, _| {
            let logins = logins.clone();
            async move {
                let logins = api.assign(&name, u64::from(number), &logins).await.map_err(fault)?;
                Ok(LeftOut { logins })
            }
        };
        self.change_thread((thread, Idempotent, op), agent, number, &logins, assign).await
    }

    pub(super) async fn unassign_from(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        logins: Vec<String>,
    ) -> Answer<()> {
        let unassign = |api: ::github::Api, name, _, _| {
            let logins = logins.clone();
            async move { api.unassign(&name, u64::from(number), &logins).await.map_err(fault) }
        };
        self.change_thread((thread, Idempotent, op), agent, number, &logins, unassign).await
    }

    pub(super) async fn set_milestone_of(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        milestone: Option<u32>,
    ) -> Answer<()> {
        let set = |api: ::github::Api, name, _, _| async move {
            api.set_milestone(&name, u64::from(number), milestone.map(u64::from)).await.map_err(fault)
        };
        self.change_thread((thread, Idempotent, op), agent, number, milestone, set).await
    }

    pub(super) async fn react_to(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        reaction: Reaction,
    ) -> Answer<()> {
        let react = |api: ::github::Api, name, _, _| async move {
            api.react(&name, u64::from(number), convert::reaction(reaction)).await.map_err(fault)
        };
        self.change_thread((thread, Idempotent, op), agent, number, reaction, react).await
    }
}
