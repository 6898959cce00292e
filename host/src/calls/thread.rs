//! What issues and pull requests have in common: comments and labels. GitHub asks for the permission of whichever the
//! number is, and so does the host.

use std::future::Future;
use std::time::Duration;

use prow::grants::{Access, Permission};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::EffectKind;
use wasmtime::component::Resource;

use super::{Answer, fault, granted};
use crate::agent::ClientAgent;
use crate::contract::types::{ErrorKind, RepoRef, Text};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, EffectKey, Fault};

/// How long a comment that was just made may take to show in a listing.
const READ_AFTER_WRITE: Duration = Duration::from_secs(1);

/// Which of the two a plugin says that a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thread {
    Issue,
    Pull,
}

impl Thread {
    fn permission(self) -> Permission {
        match self {
            Thread::Issue => Permission::Issues,
            Thread::Pull => Permission::PullRequests,
        }
    }
}

impl GuestState {
    pub(super) async fn list_labels_of(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
    ) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, thread.permission(), Access::Read);
        let (api, name) = self.github(&repo);
        let labels = async { api.list_labels(&name, u64::from(number)).await.map(convert::label_names).map_err(fault) };
        Ok(self.task().journal.read(op, &(&*repo, number), labels).await?)
    }

    pub(super) async fn list_comments_of(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
    ) -> Answer<Vec<Text>> {
        let repo = granted!(self, agent, thread.permission(), Access::Read);
        let (api, name) = self.github(&repo);
        let comments = async {
            let comments = api.list_comments(&name, u64::from(number)).await.map_err(fault)?;
            Ok(comments.into_iter().map(convert::comment).collect())
        };
        let listed: Result<Vec<Text>, _> = self.task().journal.read(op, &(&*repo, number), comments).await?;
        // From the journal, too: a task that is run again knows what it knew.
        for comment in listed.iter().flatten() {
            self.know_comment(&repo, number, comment.id);
        }
        Ok(listed)
    }

    pub(super) async fn create_comment_on(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        body: String,
    ) -> Answer<u64> {
        let repo = granted!(self, agent, thread.permission(), Access::Write);
        let (api, name) = self.github(&repo);
        let known = self.known_thread(number, &repo);
        let args = (&*repo, number, &body);
        let make = |key: EffectKey, doubt: Doubt| {
            let body = &body;
            async move {
                right_kind(&api, &name, thread, number, known).await?;
                let marker = format!("<!-- bowsprit:{} -->", key.marker());
                if doubt == Doubt::MayBeMade {
                    tokio::time::sleep(READ_AFTER_WRITE).await;
                    let comments = api.list_comments(&name, u64::from(number)).await.map_err(fault)?;
                    if let Some(made) = comments.iter().find(|c| c.body.contains(&marker)) {
                        return Ok(made.id);
                    }
                }
                let made = api
                    .create_comment(&name, u64::from(number), &format!("{body}\n\n{marker}"))
                    .await
                    .map_err(fault)?;
                Ok(made.id)
            }
        };
        let made = self.task().journal.effect(EffectKind::Findable, op, &args, make).await?;
        if let Ok(id) = made {
            self.know_comment(&repo, number, id);
        }
        Ok(made)
    }

    fn know_comment(&mut self, repo: &RepoRef, number: u32, id: u64) {
        self.task().comments.insert((full_name(repo), number, id));
    }

    pub(super) async fn delete_comment_on(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        comment: u64,
    ) -> Answer<()> {
        let repo = granted!(self, agent, thread.permission(), Access::Write);
        let (api, name) = self.github(&repo);
        let known = self.known_thread(number, &repo);
        let seen = self.task().comments.contains(&(full_name(&repo), number, comment));
        let make = |_, _| async move {
            right_kind(&api, &name, thread, number, known).await?;
            stands_here(&api, &name, number, comment, seen).await?;
            api.delete_comment(&name, comment).await.map_err(fault)
        };
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &(&*repo, number, comment), make).await?)
    }

    pub(super) async fn change_label(
        &mut self,
        thread: Thread,
        op: &'static str,
        agent: Resource<ClientAgent>,
        number: u32,
        change: LabelChange,
    ) -> Answer<()> {
        let repo = granted!(self, agent, thread.permission(), Access::Write);
        let (api, name) = self.github(&repo);
        let known = self.known_thread(number, &repo);
        let make = |_, _| {
            let change = &change;
            async move {
                right_kind(&api, &name, thread, number, known).await?;
                match change {
                    LabelChange::Add(label) => api.add_label(&name, u64::from(number), label).await.map_err(fault),
                    LabelChange::Remove(label) => {
                        api.remove_label(&name, u64::from(number), label).await.map_err(fault)
                    }
                }
            }
        };
        let args = (&*repo, number, change.name());
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &args, make).await?)
    }

    /// What the event itself says of this number, which saves asking.
    pub(super) fn known_thread(&mut self, number: u32, repo: &RepoRef) -> Option<Thread> {
        let facts = &self.task().facts;
        if facts.home.as_ref() != Some(repo) {
            return None;
        }
        match convert::thread(&facts.event) {
            Some((known, is_pr)) if known == u64::from(number) => {
                Some(if is_pr { Thread::Pull } else { Thread::Issue })
            }
            _ => None,
        }
    }
}

/// Refuses a pull request where the plugin was granted issues, and the other way round.
pub(super) async fn right_kind(
    api: &::github::Api,
    name: &::github::RepoName,
    want: Thread,
    number: u32,
    known: Option<Thread>,
) -> Result<(), Fault> {
    let is = match known {
        Some(thread) => thread,
        None if api.get_issue(name, u64::from(number)).await.map_err(fault)?.is_pull_request => Thread::Pull,
        None => Thread::Issue,
    };
    if is == want {
        return Ok(());
    }
    let message = match is {
        Thread::Issue => format!("#{number} is an issue: that takes `issues: write` and its interface"),
        Thread::Pull => format!("#{number} is a pull request: that takes `pull_requests: write` and its interface"),
    };
    Err(Fault::answer(ErrorKind::Denied, message))
}

/// Refuses a comment of another issue or pull request: a comment's id is good for the whole repository, and what a plugin may
/// do to a comment it may do to those of the number that it names. `seen`: this task has listed or made it there, which saves
/// asking.
async fn stands_here(
    api: &::github::Api,
    name: &::github::RepoName,
    number: u32,
    comment: u64,
    seen: bool,
) -> Result<(), Fault> {
    if seen {
        return Ok(());
    }
    match api.get_comment(name, comment).await {
        Ok(found) if found.issue_number() == Some(u64::from(number)) => Ok(()),
        Ok(_) => Err(Fault::answer(ErrorKind::Denied, format!("comment {comment} does not stand under #{number}"))),
        // What that means is for the call itself to say.
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(fault(error)),
    }
}

fn full_name(repo: &RepoRef) -> String {
    format!("{}/{}", repo.org, repo.name)
}

pub(super) enum LabelChange {
    Add(String),
    Remove(String),
}

impl LabelChange {
    fn name(&self) -> &str {
        match self {
            LabelChange::Add(name) | LabelChange::Remove(name) => name,
        }
    }
}

impl GuestState {
    /// A change to an issue or pull request. `change` gets the effect's key, and whether an earlier run may have made it.
    pub(super) async fn change_thread<T, F>(
        &mut self,
        (thread, kind, op): (Thread, EffectKind, &'static str),
        agent: Resource<ClientAgent>,
        number: u32,
        args: impl Serialize + Send,
        change: impl FnOnce(::github::Api, ::github::RepoName, EffectKey, Doubt) -> F + Send,
    ) -> Answer<T>
    where
        T: Serialize + DeserializeOwned + Send,
        F: Future<Output = Result<T, Fault>> + Send,
    {
        let repo = granted!(self, agent, thread.permission(), Access::Write);
        let (api, name) = self.github(&repo);
        let known = self.known_thread(number, &repo);
        let make = |key, doubt| async move {
            right_kind(&api, &name, thread, number, known).await?;
            change(api, name, key, doubt).await
        };
        Ok(self.task().journal.effect(kind, op, &(&*repo, number, args), make).await?)
    }

    /// A change to a comment that has to stand under `number`.
    pub(super) async fn change_comment<F>(
        &mut self,
        (thread, op): (Thread, &'static str),
        agent: Resource<ClientAgent>,
        (number, comment): (u32, u64),
        args: impl Serialize + Send,
        change: impl FnOnce(::github::Api, ::github::RepoName) -> F + Send,
    ) -> Answer<()>
    where
        F: Future<Output = Result<(), ::github::ApiError>> + Send,
    {
        let repo = granted!(self, agent, thread.permission(), Access::Write);
        let seen = self.task().comments.contains(&(full_name(&repo), number, comment));
        let make = |api: ::github::Api, name: ::github::RepoName, _, _| async move {
            stands_here(&api, &name, number, comment, seen).await?;
            change(api, name).await.map_err(fault)
        };
        self.change_thread((thread, EffectKind::Idempotent, op), agent, number, (comment, args), make).await
    }
}

/// What is put at the end of a text that has to be found again.
pub(super) fn marked(body: &str, key: &EffectKey) -> (String, String) {
    let marker = format!("<!-- bowsprit:{} -->", key.marker());
    (format!("{body}\n\n{marker}"), marker)
}

/// Waits until what was just made shows in listings, if anything may have been made.
pub(super) async fn settled(doubt: Doubt) -> bool {
    if doubt == Doubt::MayBeMade {
        tokio::time::sleep(READ_AFTER_WRITE).await;
    }
    doubt == Doubt::MayBeMade
}
