//! Webhooks, the log of what they delivered, and asking for a delivery again. Permission: none for an App's own webhook (it
//! asks as itself); organization_hooks and repository_hooks for the others.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::{Api, Client};
use crate::error::ApiError;
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

/// Whose webhooks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookOwner {
    /// The GitHub App that the client is; it has one webhook.
    App,
    /// An organisation, by its login.
    Org(String),
    /// A repository.
    Repo(RepoName),
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its id; none for an App's, which is the only one.
    pub id: Option<u64>,
    /// Where it posts to.
    pub url: String,
}

/// A webhook's log of deliveries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookLog {
    /// Of the App's webhook.
    App,
    /// Of a webhook of an organisation, by login and id.
    Org(String, u64),
    /// Of a webhook of a repository, by its id.
    Repo(RepoName, u64),
}

/// One attempt to deliver an event to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct HookDelivery {
    /// GitHub's number of this attempt.
    pub id: u64,
    /// `X-GitHub-Delivery`: the same for all attempts, and for all webhooks that the event goes to.
    pub guid: String,
    /// When the attempt was made.
    pub delivered_at: Timestamp,
    /// Whether somebody asked for it.
    #[serde(default)]
    pub redelivery: bool,
    /// GitHub's words for what came of it; `OK` if all is well.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub status: String,
    /// What the receiver answered; 0 if nothing.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub status_code: u16,
    /// `X-GitHub-Event`.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub event: String,
}

/// A part of a log, the newest first.
#[derive(Debug)]
pub struct DeliveryPage {
    /// The attempts.
    pub deliveries: Vec<HookDelivery>,
    /// Leads to those before them; none if there are none.
    pub older: Option<Cursor>,
}

/// Where a log goes on.
#[derive(Debug, Clone)]
pub struct Cursor(Call);

#[derive(Deserialize)]
struct Listed {
    id: u64,
    #[serde(default, deserialize_with = "null_is_empty")]
    config: Config,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default, deserialize_with = "null_is_empty")]
    url: String,
}

const APP_CONFIG: &str = "/app/hook/config";
const ORG_HOOKS: &str = "/orgs/{org}/hooks";
const REPO_HOOKS: &str = "/repos/{owner}/{repo}/hooks";
const APP_LOG: &str = "/app/hook/deliveries";
const ORG_LOG: &str = "/orgs/{org}/hooks/{hook_id}/deliveries";
const REPO_LOG: &str = "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries";
const APP_ATTEMPTS: &str = "/app/hook/deliveries/{delivery_id}/attempts";
const ORG_ATTEMPTS: &str = "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts";
const REPO_ATTEMPTS: &str = "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts";

impl HookOwner {
    /// The log of one of its webhooks.
    #[must_use]
    pub fn log(&self, hook: &Hook) -> HookLog {
        let id = hook.id.unwrap_or_default();
        match self {
            Self::App => HookLog::App,
            Self::Org(org) => HookLog::Org(org.clone(), id),
            Self::Repo(repo) => HookLog::Repo(repo.clone(), id),
        }
    }
}

impl fmt::Display for HookOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Org(org) => write!(f, "org {org}"),
            Self::Repo(repo) => write!(f, "repo {repo}"),
        }
    }
}

impl fmt::Display for HookLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Org(org, id) => write!(f, "org {org} hook {id}"),
            Self::Repo(repo, id) => write!(f, "repo {repo} hook {id}"),
        }
    }
}

impl HookDelivery {
    /// Whether the receiver took it.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status_code)
    }
}

impl Client {
    /// The webhooks of `owner`; an App's secret and the like are not looked at.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`], `Forbidden` or `Unauthorized` where the client may not see them, or is no App.
    pub async fn list_hooks(&self, owner: &HookOwner) -> Result<Vec<Hook>, ApiError> {
        let call = match owner {
            HookOwner::App => {
                let config: Config = self.as_itself().get(Call::get(APP_CONFIG, &[])?).await?;
                return Ok(vec![Hook { id: None, url: config.url }]);
            }
            HookOwner::Org(org) => Call::get(ORG_HOOKS, &[org])?,
            HookOwner::Repo(repo) => Call::get(REPO_HOOKS, &[&repo.org, &repo.repo])?,
        };
        let listed: Vec<Listed> = self.for_hooks_of(owner).list(call).await?;
        Ok(listed.into_iter().map(|hook| Hook { id: Some(hook.id), url: hook.config.url }).collect())
    }

    /// A page of a webhook's log: the newest hundred, or those that `from` leads to. GitHub keeps three days.
    ///
    /// # Errors
    /// As [`Client::list_hooks`].
    pub async fn list_hook_deliveries(&self, log: &HookLog, from: Option<Cursor>) -> Result<DeliveryPage, ApiError> {
        let call = match (from, log) {
            (Some(Cursor(call)), _) => call,
            (None, HookLog::App) => Call::get(APP_LOG, &[])?.with_query("per_page", "100"),
            (None, HookLog::Org(org, id)) => Call::get(ORG_LOG, &[org, &id.to_string()])?.with_query("per_page", "100"),
            (None, HookLog::Repo(repo, id)) => {
                Call::get(REPO_LOG, &[&repo.org, &repo.repo, &id.to_string()])?.with_query("per_page", "100")
            }
        };
        let (deliveries, older) = self.for_hooks_of(&log.owner()).page(call).await?;
        Ok(DeliveryPage { deliveries, older: older.map(Cursor) })
    }

    /// Asks GitHub to deliver again what attempt `delivery` was to deliver, under the same GUID.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where GitHub has it no longer; else as [`Client::list_hooks`].
    pub async fn redeliver(&self, log: &HookLog, delivery: u64) -> Result<(), ApiError> {
        let delivery = delivery.to_string();
        let call = match log {
            HookLog::App => Call::post(APP_ATTEMPTS, &[&delivery])?,
            HookLog::Org(org, id) => Call::post(ORG_ATTEMPTS, &[org, &id.to_string(), &delivery])?,
            HookLog::Repo(repo, id) => Call::post(REPO_ATTEMPTS, &[&repo.org, &repo.repo, &id.to_string(), &delivery])?,
        };
        let intent = format!("ask for delivery {delivery} of {log} again");
        self.for_hooks_of(&log.owner()).send(call, &intent).await
    }

    fn for_hooks_of(&self, owner: &HookOwner) -> Api {
        match owner {
            HookOwner::App => self.as_itself(),
            HookOwner::Org(org) => self.for_org(org),
            HookOwner::Repo(repo) => self.for_org(&repo.org),
        }
    }
}

impl HookLog {
    /// Whose webhook it is of.
    #[must_use]
    pub fn owner(&self) -> HookOwner {
        match self {
            Self::App => HookOwner::App,
            Self::Org(org, _) => HookOwner::Org(org.clone()),
            Self::Repo(repo, _) => HookOwner::Repo(repo.clone()),
        }
    }
}
