//! Changes to pull requests.

use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use crate::agent::ClientAgent;
use crate::calls::thread::{LabelChange, Thread, marked, settled};
use crate::calls::{Answer, fault, granted};
use crate::contract::github_pull_requests_write::{Host, LineComment, Verdict};
use crate::contract::github_types::{LeftOut, Reaction};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::Doubt;

use EffectKind::{Findable, Idempotent};
use Thread::Pull;

impl Host for GuestState {
    async fn create_pull_request(
        &mut self,
        agent: Resource<ClientAgent>,
        title: String,
        body: String,
        head: String,
        base: String,
    ) -> Answer<u32> {
        let repo = granted!(self, agent, Permission::PullRequests, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |_, doubt: Doubt| {
            let (title, body, head, base) = (&title, &body, &head, &base);
            async move {
                // GitHub has at most one open pull request of a head and a base.
                if settled(doubt).await
                    && let Some(made) = api.find_pull_request(&name, head, base).await.map_err(fault)?
                {
                    return Ok(convert::number(made.number));
                }
                let made = api.create_pull_request(&name, title, body, head, base).await.map_err(fault)?;
                Ok(convert::number(made.number))
            }
        };
        let (op, args) = ("github-pull-requests-write.create-pull-request", (&*repo, &title, &body, &head, &base));
        Ok(self.task().journal.effect(Findable, op, &args, make).await?)
    }

    async fn create_comment(&mut self, agent: Resource<ClientAgent>, pr: u32, body: String) -> Answer<u64> {
        self.create_comment_on(Pull, "github-pull-requests-write.create-comment", agent, pr, body).await
    }

    async fn edit_comment(&mut self, agent: Resource<ClientAgent>, pr: u32, comment: u64, body: String) -> Answer<()> {
        let op = "github-pull-requests-write.edit-comment";
        let edit = |api: ::github::Api, name| {
            let body = body.clone();
            async move { api.edit_comment(&name, comment, &body).await.map(|_| ()) }
        };
        self.change_comment((Pull, op), agent, (pr, comment), &body, edit).await
    }

    async fn delete_comment(&mut self, agent: Resource<ClientAgent>, pr: u32, comment: u64) -> Answer<()> {
        self.delete_comment_on(Pull, "github-pull-requests-write.delete-comment", agent, pr, comment).await
    }

    async fn add_label(&mut self, agent: Resource<ClientAgent>, pr: u32, name: String) -> Answer<()> {
        self.change_label(Pull, "github-pull-requests-write.add-label", agent, pr, LabelChange::Add(name)).await
    }

    async fn remove_label(&mut self, agent: Resource<ClientAgent>, pr: u32, name: String) -> Answer<()> {
        self.change_label(Pull, "github-pull-requests-write.remove-label", agent, pr, LabelChange::Remove(name)).await
    }

    async fn assign(&mut self, agent: Resource<ClientAgent>, pr: u32, logins: Vec<String>) -> Answer<LeftOut> {
        self.assign_to(Pull, "github-pull-requests-write.assign", agent, pr, logins).await
    }

    async fn unassign(&mut self, agent: Resource<ClientAgent>, pr: u32, logins: Vec<String>) -> Answer<()> {
        self.unassign_from(Pull, "github-pull-requests-write.unassign", agent, pr, logins).await
    }

    async fn request_review(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
        reviewers: Vec<String>,
    ) -> Answer<LeftOut> {
        let what = (Pull, Idempotent, "github-pull-requests-write.request-review");
        let request = |api: ::github::Api, name, _, _| {
            let reviewers = reviewers.clone();
            async move {
                let logins = api.request_review(&name, u64::from(pr), &reviewers).await.map_err(fault)?;
                Ok(LeftOut { logins })
            }
        };
        self.change_thread(what, agent, pr, &reviewers, request).await
    }

    async fn unrequest_review(&mut self, agent: Resource<ClientAgent>, pr: u32, reviewers: Vec<String>) -> Answer<()> {
        let what = (Pull, Idempotent, "github-pull-requests-write.unrequest-review");
        let unrequest = |api: ::github::Api, name, _, _| {
            let reviewers = reviewers.clone();
            async move { api.unrequest_review(&name, u64::from(pr), &reviewers).await.map_err(fault) }
        };
        self.change_thread(what, agent, pr, &reviewers, unrequest).await
    }

    async fn create_review(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
        verdict: Verdict,
        body: String,
        comments: Vec<LineComment>,
    ) -> Answer<()> {
        let what = (Pull, Findable, "github-pull-requests-write.create-review");
        let review = |api: ::github::Api, name, key, doubt| {
            let (body, comments) =
                (body.clone(), comments.iter().cloned().map(convert::line_comment).collect::<Vec<_>>());
            async move {
                let (body, marker) = marked(&body, &key);
                if settled(doubt).await
                    && api.find_review(&name, u64::from(pr), &marker).await.map_err(fault)?.is_some()
                {
                    return Ok(());
                }
                let made = api.create_review(&name, u64::from(pr), convert::verdict(verdict), &body, &comments);
                made.await.map(|_| ()).map_err(fault)
            }
        };
        self.change_thread(what, agent, pr, (verdict, &body, &comments), review).await
    }

    async fn edit(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
        title: Option<String>,
        body: Option<String>,
    ) -> Answer<()> {
        let what = (Pull, Idempotent, "github-pull-requests-write.edit");
        let edit = |api: ::github::Api, name, _, _| {
            let (title, body) = (title.clone(), body.clone());
            async move {
                let edited = api.edit_pull_request(&name, u64::from(pr), title.as_deref(), body.as_deref());
                edited.await.map_err(fault)
            }
        };
        self.change_thread(what, agent, pr, (&title, &body), edit).await
    }

    async fn close(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<()> {
        let what = (Pull, Idempotent, "github-pull-requests-write.close");
        let close = |api: ::github::Api, name, _, _| async move {
            api.close_pull_request(&name, u64::from(pr)).await.map_err(fault)
        };
        self.change_thread(what, agent, pr, (), close).await
    }

    async fn reopen(&mut self, agent: Resource<ClientAgent>, pr: u32) -> Answer<()> {
        let what = (Pull, Idempotent, "github-pull-requests-write.reopen");
        let reopen = |api: ::github::Api, name, _, _| async move {
            api.reopen_pull_request(&name, u64::from(pr)).await.map_err(fault)
        };
        self.change_thread(what, agent, pr, (), reopen).await
    }

    async fn set_milestone(&mut self, agent: Resource<ClientAgent>, pr: u32, milestone: Option<u32>) -> Answer<()> {
        self.set_milestone_of(Pull, "github-pull-requests-write.set-milestone", agent, pr, milestone).await
    }

    async fn react(&mut self, agent: Resource<ClientAgent>, pr: u32, reaction: Reaction) -> Answer<()> {
        self.react_to(Pull, "github-pull-requests-write.react", agent, pr, reaction).await
    }

    async fn react_to_comment(
        &mut self,
        agent: Resource<ClientAgent>,
        pr: u32,
        comment: u64,
        reaction: Reaction,
    ) -> Answer<()> {
        let op = "github-pull-requests-write.react-to-comment";
        let react = |api: ::github::Api, name| async move {
            api.react_to_comment(&name, comment, convert::reaction(reaction)).await
        };
        self.change_comment((Pull, op), agent, (pr, comment), reaction, react).await
    }
}
