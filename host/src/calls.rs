//! The host's side of the contract: each function is a guard, a journalled call, and the far side.

mod agent;
mod clusters;
pub(crate) mod git;
mod github;
mod job_config;
mod matched;
pub(crate) mod own_jobs;
mod owners;
mod prowjobs;
mod refs;
mod runs;
mod services;
mod thread;
mod turns;

use std::sync::Arc;

use prow::grants::{Access, Permission};
use wasmtime::component::Resource;

use crate::agent::{ClientAgent, guard};
use crate::contract::types::{ApiError, ErrorKind, RepoRef};
use crate::guest::{GuestState, TaskFacts};
use crate::journal::Fault;
use crate::log_book::one_line;

/// The agent's repository if the call is allowed; otherwise the function that this stands in answers `denied`.
macro_rules! granted {
    ($self:ident, $agent:ident, $permission:expr, $access:expr) => {
        match $self.passed(&$agent, $permission, $access)? {
            Ok(repo) => repo,
            Err(denied) => return Ok(Err(denied)),
        }
    };
}
pub(crate) use granted;

/// What every function of the contract returns: a trap, or what the guest gets to see.
type Answer<T> = wasmtime::Result<Result<T, ApiError>>;

impl GuestState {
    fn passed(
        &mut self,
        agent: &Resource<ClientAgent>,
        permission: Permission,
        access: Access,
    ) -> wasmtime::Result<Result<Arc<RepoRef>, ApiError>> {
        let agent = self.client(agent)?;
        let facts = self.task().facts.clone();
        match guard(&agent, &facts.grants, permission, access) {
            Ok(repo) => Ok(Ok(repo)),
            Err(denied) => Ok(Err(self.deny(denied.message)?)),
        }
    }

    /// Refuses a call, with an answer that names what is missing: logged, counted, and kept in the trace. Some of the text is the
    /// guest's.
    fn deny(&mut self, message: String) -> wasmtime::Result<ApiError> {
        let message = one_line(message);
        self.task().journal.deny(&message)?;
        Ok(ApiError { kind: ErrorKind::Denied, message })
    }

    /// GitHub, as this plugin may speak to it about the organisation of `repo`, with this permission.
    fn github_of_org(&mut self, repo: &RepoRef, permission: Permission) -> ::github::Api {
        let facts = &self.task().facts;
        let scope = facts.grants.org_scope(&repo.org, permission).with_plugin(&facts.plugin);
        within(facts, facts.clients.github.scoped(scope))
    }

    /// GitHub, as this plugin may speak to it about `repo`.
    fn github(&mut self, repo: &RepoRef) -> (::github::Api, ::github::RepoName) {
        let facts = &self.task().facts;
        let name = ::github::RepoName::new(&repo.org, &repo.name);
        let api = facts.clients.github.scoped(facts.grants.scope(repo).with_plugin(&facts.plugin));
        (within(facts, api), name)
    }
}

/// What was moved is followed to where the grants reach, and no further: the token may see more than the plugin.
fn within(facts: &Arc<TaskFacts>, api: ::github::Api) -> ::github::Api {
    let facts = facts.clone();
    api.answered_within(move |to| {
        let repo = RepoRef { org: to.org.clone(), name: to.repo.clone() };
        facts.grants.covers(facts.home.as_ref(), &repo)
    })
}

/// How a failed call to GitHub ends: what passes with time parks the task, the rest is the guest's to know.
fn fault(error: ::github::ApiError) -> Fault {
    use ::github::ApiErrorKind as Kind;
    let kind = match error.kind {
        Kind::NotFound => ErrorKind::NotFound,
        Kind::Forbidden { .. } => ErrorKind::Denied,
        Kind::Moved { to } => {
            return Fault::answer(ErrorKind::Denied, format!("it was moved to {to}: add `{to}` to `grants.repos`"));
        }
        Kind::Unprocessable => ErrorKind::Invalid,
        Kind::Conflict => ErrorKind::Conflict,
        Kind::Other => ErrorKind::Other,
        Kind::RateLimited { until, .. } => return Fault::Limited { until, why: error.to_string() },
        // A token that was just replaced has been read anew by the client; one that nobody has replaced yet may still be.
        Kind::Unavailable { .. } | Kind::Unauthorized => {
            let now = jiff::Timestamp::now();
            let until = error.retry_at(now).unwrap_or(now + std::time::Duration::from_secs(30));
            return Fault::Later { until, why: error.to_string() };
        }
    };
    Fault::answer(kind, error.to_string())
}
