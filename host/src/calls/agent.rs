//! What a client-agent says of itself and makes of itself. All but the login is free.

use wasmtime::component::Resource;

use super::{Answer, fault};
use crate::agent::ClientAgent;
use crate::contract::agent::{Host, HostClientAgent};
use crate::contract::types::RepoRef;
use crate::guest::GuestState;
use crate::source;

impl Host for GuestState {}

impl HostClientAgent for GuestState {
    async fn repo(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<Option<RepoRef>> {
        Ok(self.client(&agent)?.repo)
    }

    async fn settings(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<String> {
        let repo = self.client(&agent)?.repo;
        let facts = self.task().facts.clone();
        let (org, name) = repo.map(|r| (r.org, r.name)).unwrap_or_default();
        let settings = source::settings(&facts.loaded, &facts.plugin, &org, &name);
        self.task().journal.tell(settings.len())?;
        Ok(settings)
    }

    async fn payload(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<String> {
        self.client(&agent)?;
        let payload = self.task().facts.payload.clone();
        self.task().journal.tell(payload.len())?;
        Ok(String::from_utf8_lossy(&payload).into_owned())
    }

    async fn bot_login(&mut self, agent: Resource<ClientAgent>) -> Answer<String> {
        self.client(&agent)?;
        let github = self.task().facts.clients.github.clone();
        let login = async { Ok(github.bot().await.map_err(fault)?.login.clone()) };
        Ok(self.task().journal.read("agent.bot-login", &(), login).await?)
    }

    async fn is_bot(&mut self, agent: Resource<ClientAgent>, login: String) -> Answer<bool> {
        self.client(&agent)?;
        let github = self.task().facts.clients.github.clone();
        let is_bot = async { Ok(github.bot().await.map_err(fault)?.is(&login)) };
        Ok(self.task().journal.read("agent.is-bot", &login, is_bot).await?)
    }

    async fn uses_app_auth(&mut self, agent: Resource<ClientAgent>) -> Answer<bool> {
        self.client(&agent)?;
        let is_app = self.task().facts.clients.github.uses_app_auth();
        Ok(self.task().journal.read("agent.uses-app-auth", &(), async { Ok(is_app) }).await?)
    }

    async fn now(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<u64> {
        self.client(&agent)?;
        let millis = self.task().journal.pins().clock.as_millisecond();
        Ok(u64::try_from(millis).unwrap_or(0))
    }

    async fn read_only(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<Resource<ClientAgent>> {
        let agent = self.client(&agent)?;
        Ok(self.table.push(ClientAgent { read_only: true, ..agent })?)
    }

    async fn for_repo(&mut self, agent: Resource<ClientAgent>, repo: RepoRef) -> Answer<Resource<ClientAgent>> {
        let agent = self.client(&agent)?;
        let facts = self.task().facts.clone();
        if !facts.grants.covers(facts.home.as_ref(), &repo) {
            let message = format!("not granted: add `{}/{}` to `grants.repos`", repo.org, repo.name);
            return Ok(Err(self.deny(message)?));
        }
        Ok(Ok(self.table.push(ClientAgent { repo: Some(repo), ..agent })?))
    }

    async fn drop(&mut self, agent: Resource<ClientAgent>) -> wasmtime::Result<()> {
        self.table.delete(agent)?;
        Ok(())
    }
}
