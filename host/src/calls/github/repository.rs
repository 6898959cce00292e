//! What can be asked about a repository, its people, its contents and its protection.

use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use crate::agent::ClientAgent;
use crate::calls::{Answer, fault, granted};
use crate::contract::github_types::{Commit, PermissionLevel, Team};
use crate::contract::types::Repository;
use crate::contract::{
    github_administration_read, github_contents_read, github_contents_write, github_members_read, github_metadata_read,
};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::Doubt;

impl github_metadata_read::Host for GuestState {
    async fn get_repository(&mut self, agent: Resource<ClientAgent>) -> Answer<Repository> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, name) = self.github(&repo);
        let found = async { api.get_repository(&name).await.map(convert::fetched_repository).map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.get-repository", &*repo, found).await?)
    }

    async fn list_repositories(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<Repository>> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        // Which repositories there are is itself something to know.
        if !self.task().facts.grants.covers_all_of(&repo.org) {
            return Ok(Err(self.deny(format!("not granted: add `{}/*` to `grants.repos`", repo.org))?));
        }
        let api = self.github_of_org(&repo, Permission::Metadata);
        let found = async {
            let found = api.list_repositories(&repo.org).await.map_err(fault)?;
            Ok(found.into_iter().map(convert::fetched_repository).collect())
        };
        Ok(self.task().journal.read("github-metadata-read.list-repositories", &repo.org, found).await?)
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

    async fn list_collaborators(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, name) = self.github(&repo);
        let found = async { api.list_collaborators(&name).await.map(convert::fetched_logins).map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.list-collaborators", &*repo, found).await?)
    }

    async fn permission_of(&mut self, agent: Resource<ClientAgent>, login: String) -> Answer<PermissionLevel> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, name) = self.github(&repo);
        let level = async { api.permission_of(&name, &login).await.map(convert::permission_level).map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.permission-of", &(&*repo, &login), level).await?)
    }

    async fn is_busy(&mut self, agent: Resource<ClientAgent>, login: String) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, _) = self.github(&repo);
        let is = async { api.is_busy(&login).await.map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.is-busy", &login, is).await?)
    }

    async fn find_by_email(&mut self, agent: Resource<ClientAgent>, email: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Metadata, Access::Read);
        let (api, _) = self.github(&repo);
        let found = async { api.find_by_email(&email).await.map_err(fault) };
        Ok(self.task().journal.read("github-metadata-read.find-by-email", &email, found).await?)
    }
}

impl github_members_read::Host for GuestState {
    async fn is_member(&mut self, agent: Resource<ClientAgent>, org: String, login: String) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        if !self.may_ask_members_of(&org, &repo.org, &repo.name) {
            let message = format!("members of `{org}` are not this plugin's to know: add `{org}/*` to `grants.repos`");
            return Ok(Err(self.deny(message)?));
        }
        let api = self.github_of_org(&repo, Permission::Members);
        let is = async {
            if login == org {
                return Ok(true);
            }
            api.is_member(&org, &login).await.map_err(fault)
        };
        Ok(self.task().journal.read("github-members-read.is-member", &(&org, &login), is).await?)
    }

    async fn list_members(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        let api = self.github_of_org(&repo, Permission::Members);
        let found = async { api.list_members(&repo.org).await.map(convert::fetched_logins).map_err(fault) };
        Ok(self.task().journal.read("github-members-read.list-members", &repo.org, found).await?)
    }

    async fn list_teams(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<Team>> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        let api = self.github_of_org(&repo, Permission::Members);
        let found = async {
            let teams = api.list_teams(&repo.org).await.map_err(fault)?;
            Ok(teams.into_iter().map(convert::team).collect())
        };
        Ok(self.task().journal.read("github-members-read.list-teams", &repo.org, found).await?)
    }

    async fn list_team_members(&mut self, agent: Resource<ClientAgent>, slug: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        let api = self.github_of_org(&repo, Permission::Members);
        let found = async { api.list_team_members(&repo.org, &slug).await.map(convert::fetched_logins).map_err(fault) };
        Ok(self.task().journal.read("github-members-read.list-team-members", &(&repo.org, &slug), found).await?)
    }

    async fn is_team_member(&mut self, agent: Resource<ClientAgent>, slug: String, login: String) -> Answer<bool> {
        let repo = granted!(self, agent, Permission::Members, Access::Read);
        let api = self.github_of_org(&repo, Permission::Members);
        let is = async { api.is_team_member(&repo.org, &slug, &login).await.map_err(fault) };
        Ok(self.task().journal.read("github-members-read.is-team-member", &(&repo.org, &slug, &login), is).await?)
    }
}

impl GuestState {
    fn may_ask_members_of(&mut self, org: &str, own: &str, repo: &str) -> bool {
        let facts = &self.task().facts;
        if org == own || facts.grants.covers_all_of(org) {
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

    async fn get_commit(&mut self, agent: Resource<ClientAgent>, sha: String) -> Answer<Commit> {
        let repo = granted!(self, agent, Permission::Contents, Access::Read);
        let (api, name) = self.github(&repo);
        let commit = async { api.get_commit(&name, &sha).await.map(convert::commit).map_err(fault) };
        Ok(self.task().journal.read("github-contents-read.get-commit", &(&*repo, &sha), commit).await?)
    }

    async fn get_file(&mut self, agent: Resource<ClientAgent>, path: String, at: String) -> Answer<Vec<u8>> {
        let repo = granted!(self, agent, Permission::Contents, Access::Read);
        let (api, name) = self.github(&repo);
        let bytes = async { api.get_file(&name, &path, &at).await.map_err(fault) };
        Ok(self.task().journal.read("github-contents-read.get-file", &(&*repo, &path, &at), bytes).await?)
    }

    async fn merge_base(&mut self, agent: Resource<ClientAgent>, base: String, head: String) -> Answer<String> {
        let repo = granted!(self, agent, Permission::Contents, Access::Read);
        let (api, name) = self.github(&repo);
        let sha = async { api.merge_base(&name, &base, &head).await.map_err(fault) };
        Ok(self.task().journal.read("github-contents-read.merge-base", &(&*repo, &base, &head), sha).await?)
    }
}

impl github_contents_write::Host for GuestState {
    async fn delete_ref(&mut self, agent: Resource<ClientAgent>, which: String) -> Answer<()> {
        let repo = granted!(self, agent, Permission::Contents, Access::Write);
        let (api, name) = self.github(&repo);
        let make = |_, _: Doubt| async { api.delete_ref(&name, &which).await.map_err(fault) };
        let (op, args) = ("github-contents-write.delete-ref", (&*repo, &which));
        Ok(self.task().journal.effect(EffectKind::Idempotent, op, &args, make).await?)
    }
}

impl github_administration_read::Host for GuestState {
    async fn required_contexts(&mut self, agent: Resource<ClientAgent>, branch: String) -> Answer<Vec<String>> {
        let repo = granted!(self, agent, Permission::Administration, Access::Read);
        let (api, name) = self.github(&repo);
        let contexts = async { api.required_contexts(&name, &branch).await.map_err(fault) };
        let (op, args) = ("github-administration-read.required-contexts", (&*repo, &branch));
        Ok(self.task().journal.read(op, &args, contexts).await?)
    }
}
