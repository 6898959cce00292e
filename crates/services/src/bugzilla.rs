//! Bugzilla: bugs, their clones, comments, and the pull requests that they name. Behaviour: Prow pkg/bugzilla/client.go.

mod auth;
mod bug;
mod clone;
mod comments;
mod external;
mod refusal;
mod update;

use std::path::PathBuf;

use http::Method;
use serde::{Deserialize, Serialize};

use crate::credential::Scheme;
use crate::error::{ServiceError, ServiceErrorKind};
use crate::http_client::Base;
use crate::metrics::Metrics;
use crate::options::{Common, SetupError};
use crate::session::{Ask, Body, Service, Session};

pub use auth::AuthMethod;
pub use bug::Bug;
pub use external::LinkedPullRequest;
pub use update::BugUpdate;

use bug::WireBug;

const NAME: &str = "Bugzilla";

/// How to reach Bugzilla.
#[derive(Debug, Clone)]
pub struct BugzillaOptions {
    /// `--bugzilla-endpoint`; `/rest` and `/jsonrpc.cgi` come behind it.
    pub endpoint: String,
    /// `--bugzilla-api-key-path`; `None`: anonymous.
    pub api_key_file: Option<PathBuf>,
    /// `--bugzilla-auth-method`
    pub auth_method: AuthMethod,
    /// `--bugzilla-github-external-tracker-id`: the tracker's `ext_type_id`, where the URL alone does not single it out.
    pub github_external_tracker_id: Option<u64>,
}

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bugzilla {
    session: Session,
    tracker_id: Option<u64>,
}

#[derive(Deserialize)]
struct Bugs {
    #[serde(default)]
    bugs: Vec<WireBug>,
}

#[derive(Deserialize)]
struct Made {
    id: u64,
}

impl Bugzilla {
    /// Reads the key; sends nothing.
    ///
    /// # Errors
    /// An endpoint or a file that cannot be used.
    pub fn new(options: BugzillaOptions, common: &Common) -> Result<Self, SetupError> {
        let base = Base::parse(NAME, &options.endpoint)?;
        let scheme = Scheme::Bugzilla(options.auth_method);
        let metrics = Metrics::bugzilla(common.registry.as_ref())?;
        let service = Service { name: NAME, base, scheme, judge: refusal::judge, metrics };
        let session = Session::new(service, options.api_key_file.as_deref(), common)?;
        Ok(Self { session, tracker_id: options.github_external_tracker_id })
    }

    /// The same client under the plugin's name.
    #[must_use]
    pub fn for_plugin(&self, plugin: &str) -> Self {
        Self { session: self.session.for_plugin(plugin), ..self.clone() }
    }

    /// The server's address, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.session.base_url()
    }

    /// One bug.
    ///
    /// # Errors
    /// Not-found for a number that no bug has, denied for a bug that the account may not see.
    pub async fn get_bug(&self, id: u64) -> Result<Bug, ServiceError> {
        self.bug(id, "include_fields=_default&include_fields=flags").await.map(Bug::from)
    }

    /// The bugs that this one blocks and that have its summary: the clones of it, but not clones of those.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`], also of any bug that this one blocks.
    pub async fn list_clones(&self, id: u64) -> Result<Vec<Bug>, ServiceError> {
        let original = self.get_bug(id).await?;
        let mut clones = Vec::new();
        for blocked in &original.blocks {
            let blocked = self.get_bug(*blocked).await?;
            if blocked.summary == original.summary {
                clones.push(blocked);
            }
        }
        Ok(clones)
    }

    /// The pull requests that the bug names in its external trackers.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; other for a link that looks like a pull request's and is none.
    pub async fn list_pull_requests(&self, id: u64) -> Result<Vec<LinkedPullRequest>, ServiceError> {
        let bug = self.bug(id, "include_fields=external_bugs").await?;
        external::pull_requests(id, &bug.external_bugs).map_err(|why| self.session.error(ServiceErrorKind::Other, why))
    }

    /// Changes a bug. Nothing to change: no call.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; invalid for values that the bug cannot take.
    pub async fn update_bug(&self, id: u64, changes: &BugUpdate) -> Result<(), ServiceError> {
        const FUNCTION: &str = "UpdateBug";
        if *changes == BugUpdate::default() || self.session.is_dry_run(FUNCTION) {
            return Ok(());
        }
        let ask = Ask::send(FUNCTION, Method::PUT, format!("/rest/bug/{id}"), json(changes));
        self.session.call(&ask).await.map(drop)
    }

    /// Links pull request `number` of `org/repo` to the bug; false if it was there. In a dry run, false.
    ///
    /// # Errors
    /// As [`Bugzilla::get_bug`]; other where the server has no external trackers.
    pub async fn add_pull_request(&self, id: u64, org: &str, repo: &str, number: u32) -> Result<bool, ServiceError> {
        let call = external::add(id, self.tracker_id, org, repo, number);
        self.external("AddExternalBug", &call).await
    }

    /// Removes the link again; false if it was not there. In a dry run, false.
    ///
    /// # Errors
    /// As [`Bugzilla::add_pull_request`].
    pub async fn remove_pull_request(&self, id: u64, org: &str, repo: &str, number: u32) -> Result<bool, ServiceError> {
        let call = external::remove(id, self.tracker_id, org, repo, number);
        self.external("RemoveExternalBug", &call).await
    }

    async fn external(&self, function: &'static str, call: &external::Call) -> Result<bool, ServiceError> {
        if self.session.is_dry_run(function) {
            return Ok(false);
        }
        let ask = Ask::send(function, Method::POST, "/jsonrpc.cgi".to_owned(), json(&call.request));
        let answer: external::Answered = self.session.json(&ask).await?;
        external::changed(call, &answer).map_err(|(kind, why)| self.session.error(kind, why))
    }

    async fn bug(&self, id: u64, fields: &str) -> Result<WireBug, ServiceError> {
        self.only_bug(&Ask::get("GetBug", format!("/rest/bug/{id}")).query(fields)).await
    }

    async fn only_bug(&self, ask: &Ask) -> Result<WireBug, ServiceError> {
        let Bugs { bugs } = self.session.json(ask).await?;
        let count = bugs.len();
        let mut bugs = bugs.into_iter();
        match (bugs.next(), count) {
            (Some(bug), 1) => Ok(bug),
            _ => {
                let why = format!("{} brought {count} bugs and not one", ask.function);
                Err(self.session.error(ServiceErrorKind::Other, why))
            }
        }
    }
}

fn json(value: &impl Serialize) -> Body {
    Body::Json(serde_json::to_string(value).expect("what is sent has text keys only"))
}
