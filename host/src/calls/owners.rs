//! What OWNERS files say.

use ::git::Repo;
use prow::grants::{Access, Permission};
use wasmtime::component::Resource;

use super::git::git_fault;
use super::{Answer, granted};
use crate::agent::ClientAgent;
use crate::contract::owners;
use crate::contract::owners::{FileOwners, OwnersSection};
use crate::contract::types::{ErrorKind, RepoRef};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::Fault;

fn named(repo: &RepoRef) -> Result<Repo, Fault> {
    Repo::new(&repo.org, &repo.name).map_err(git_fault)
}

impl owners::Host for GuestState {
    async fn for_files(
        &mut self,
        agent: Resource<ClientAgent>,
        branch: String,
        paths: Vec<String>,
    ) -> Answer<Vec<FileOwners>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let owners = self.task().facts.clients.owners.clone();
        let found = async {
            let found = owners.for_files(&named(&repo)?, &branch, &paths).await.map_err(git_fault)?;
            Ok(found.into_iter().map(convert::file_owners).collect())
        };
        Ok(self.task().journal.read("owners.for-files", &(&*repo, &branch, &paths), found).await?)
    }

    async fn top_level_approvers(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let owners = self.task().facts.clients.owners.clone();
        let found = async {
            let found = owners.top_level_approvers(&named(&repo)?, &branch).await.map_err(git_fault)?;
            Ok(found.into_iter().collect())
        };
        Ok(self.task().journal.read("owners.top-level-approvers", &(&*repo, &branch), found).await?)
    }

    async fn all_owners(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let owners = self.task().facts.clients.owners.clone();
        let found = async {
            let found = owners.all_owners(&named(&repo)?, &branch).await.map_err(git_fault)?;
            Ok(found.into_iter().collect())
        };
        Ok(self.task().journal.read("owners.all-owners", &(&*repo, &branch), found).await?)
    }

    async fn aliases(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<(String, Vec<String>)>> {
        let repo = granted!(self, agent, Permission::Owners, Access::Read);
        let owners = self.task().facts.clients.owners.clone();
        let found = async { owners.aliases(&named(&repo)?, &branch).await.map_err(git_fault) };
        Ok(self.task().journal.read("owners.aliases", &(&*repo, &branch), found).await?)
    }

    async fn parse(&mut self, agent: Resource<ClientAgent>, text: String) -> Answer<Vec<OwnersSection>> {
        let _ = granted!(self, agent, Permission::Owners, Access::Read);
        let found = async {
            let sections =
                ::git::Owners::parse(&text).map_err(|fault| Fault::answer(ErrorKind::Invalid, fault.to_string()))?;
            Ok(sections.into_iter().map(convert::owners_section).collect())
        };
        Ok(self.task().journal.read("owners.parse", &text, found).await?)
    }
}
