//! The repository's content, from the host's mirror.

use ::git::{Access as Reach, CredentialSource, Credentials, Error, Repo, Repository};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use prow::grants::{Access, Permission};
use serde::Serialize;
use store::EffectKind;
use wasmtime::component::Resource;

use super::{Answer, granted};
use crate::agent::ClientAgent;
use crate::contract::git_read::{BlamedLine, MergeCheck, PathChange, Pick};
use crate::contract::types::{ErrorKind, RepoRef};
use crate::contract::{git_read, git_write};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, Fault};

/// Commits are made under this address; GitHub shows none of its users for it.
const COMMITTER_EMAIL: &str = "bowsprit@users.noreply.github.com";

/// A token for git from the GitHub client: as narrow as what is asked for.
pub(crate) struct FromGitHub(pub(crate) ::github::Client);

impl CredentialSource for FromGitHub {
    fn credentials<'a>(&'a self, repo: &'a Repo, reach: Reach) -> BoxFuture<'a, ::git::Result<Option<Credentials>>> {
        let scope = ::github::Scope::repo(&::github::RepoName::new(repo.org(), repo.name()));
        let level = match reach {
            Reach::Read => ::github::Access::Read,
            Reach::Write => ::github::Access::Write,
        };
        let scope = scope.with_permissions([("contents".to_owned(), level)].into_iter().collect());
        async move {
            match self.0.scoped(scope).git_credentials().await {
                Ok(found) => Ok(found.map(|found| Credentials { username: found.user, password: found.password })),
                Err(error) => {
                    let message = format!("no credentials for git: {error}");
                    let now = Timestamp::now();
                    let Some(at) = error.retry_at(now) else { return Err(Error::Denied(message)) };
                    let retry_after = at.duration_since(now).try_into().unwrap_or_default();
                    Err(Error::Unavailable { message, retry_after })
                }
            }
        }
        .boxed()
    }
}

/// How a failed operation ends.
pub(super) fn git_fault(error: Error) -> Fault {
    let kind = match &error {
        Error::Invalid(_) => ErrorKind::Invalid,
        Error::NotFound(_) => ErrorKind::NotFound,
        Error::Conflict(_) => ErrorKind::Conflict,
        Error::Denied(_) => ErrorKind::Denied,
        Error::Unavailable { retry_after, .. } => {
            let until = Timestamp::now().saturating_add(*retry_after).unwrap_or(Timestamp::MAX);
            return Fault::Later { until, why: error.to_string() };
        }
        Error::Damaged(_) | Error::Other(_) => ErrorKind::Other,
    };
    Fault::answer(kind, error.to_string())
}

impl GuestState {
    /// The mirror of the agent's repository.
    fn mirror(&mut self, repo: &RepoRef) -> Result<Repository, Fault> {
        let name = Repo::new(&repo.org, &repo.name).map_err(git_fault)?;
        Ok(self.task().facts.clients.mirrors.repository(&name))
    }

    /// One read from the mirror.
    async fn read_mirror<A: Serialize, T, F>(
        &mut self,
        op: &'static str,
        agent: Resource<ClientAgent>,
        args: A,
        ask: impl FnOnce(Repository) -> F,
    ) -> Answer<T>
    where
        T: Serialize + serde::de::DeserializeOwned,
        F: Future<Output = ::git::Result<T>>,
    {
        let repo = granted!(self, agent, Permission::Git, Access::Read);
        let mirror = self.mirror(&repo);
        let found = async { ask(mirror?).await.map_err(git_fault) };
        Ok(self.task().journal.read(op, &(&*repo, &args), found).await?)
    }
}

impl git_read::Host for GuestState {
    async fn fetch(&mut self, agent: Resource<ClientAgent>, what: String) -> Answer<String> {
        let args = what.clone();
        self.read_mirror("git-read.fetch", agent, args, async |git| Ok(git.fetch(&what).await?.to_string())).await
    }

    async fn diff(
        &mut self,
        agent: Resource<ClientAgent>,
        base: String,
        head: String,
        paths: Vec<String>,
    ) -> Answer<String> {
        let args = (base.clone(), head.clone(), paths.clone());
        self.read_mirror("git-read.diff", agent, args, async |git| git.diff(&base, &head, &paths).await).await
    }

    async fn diff_paths(
        &mut self,
        agent: Resource<ClientAgent>,
        base: String,
        head: String,
    ) -> Answer<Vec<PathChange>> {
        let args = (base.clone(), head.clone());
        let ask = async |git: Repository| {
            Ok(git.diff_paths(&base, &head).await?.into_iter().map(convert::path_change).collect())
        };
        self.read_mirror("git-read.diff-paths", agent, args, ask).await
    }

    async fn check_merge(&mut self, agent: Resource<ClientAgent>, base: String, head: String) -> Answer<MergeCheck> {
        let args = (base.clone(), head.clone());
        let ask = async |git: Repository| Ok(convert::merge_check(git.check_merge(&base, &head).await?));
        self.read_mirror("git-read.check-merge", agent, args, ask).await
    }

    async fn has_merge_commits(&mut self, agent: Resource<ClientAgent>, base: String, head: String) -> Answer<bool> {
        let args = (base.clone(), head.clone());
        let ask = async |git: Repository| git.has_merge_commits(&base, &head).await;
        self.read_mirror("git-read.has-merge-commits", agent, args, ask).await
    }

    async fn read_file(&mut self, agent: Resource<ClientAgent>, at: String, path: String) -> Answer<Vec<u8>> {
        let args = (at.clone(), path.clone());
        let ask = async |git: Repository| git.read_file(&at, &path).await;
        self.read_mirror("git-read.read-file", agent, args, ask).await
    }

    async fn list_files(&mut self, agent: Resource<ClientAgent>, at: String, folder: String) -> Answer<Vec<String>> {
        let args = (at.clone(), folder.clone());
        let ask = async |git: Repository| git.list_files(&at, &folder).await;
        self.read_mirror("git-read.list-files", agent, args, ask).await
    }

    async fn blame(&mut self, agent: Resource<ClientAgent>, at: String, path: String) -> Answer<Vec<BlamedLine>> {
        let args = (at.clone(), path.clone());
        let ask =
            async |git: Repository| Ok(git.blame(&at, &path).await?.into_iter().map(convert::blamed_line).collect());
        self.read_mirror("git-read.blame", agent, args, ask).await
    }

    async fn cherry_pick(
        &mut self,
        agent: Resource<ClientAgent>,
        onto: String,
        commits: Vec<String>,
        message_suffix: String,
    ) -> Answer<Pick> {
        // The task's moment, so that a second run makes the same commits.
        let at = self.task().journal.pins().clock;
        let committer = ::git::Committer { name: "Bowsprit".to_owned(), email: COMMITTER_EMAIL.to_owned(), at };
        let args = (onto.clone(), commits.clone(), message_suffix.clone());
        let ask = async |git: Repository| {
            Ok(convert::pick(git.cherry_pick(&onto, &commits, &message_suffix, &committer).await?))
        };
        self.read_mirror("git-read.cherry-pick", agent, args, ask).await
    }
}

impl git_write::Host for GuestState {
    async fn push_branch(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        commit: String,
        force: bool,
    ) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Git, Access::Write);
        let mirror = self.mirror(&repo);
        let dry_run = self.task().facts.clients.dry_run;
        let make = |_, _: Doubt| async {
            let mirror = mirror?;
            if dry_run {
                tracing::info!(org = repo.org, repo = repo.name, branch, commit, "dry run: would push a branch");
                return Ok(());
            }
            mirror.push_branch(&branch, &commit, force).await.map_err(git_fault)
        };
        let args = (&*repo, &branch, &commit, force);
        Ok(self.task().journal.effect(EffectKind::Idempotent, "git-write.push-branch", &args, make).await?)
    }
}
