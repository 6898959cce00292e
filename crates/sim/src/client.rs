//! Drives a running stand-in from a test or from the command line. What a person would do on github.com goes through
//! the ordinary REST endpoints with that person's token; only what GitHub has no call for goes through `/_sim`.

mod actor;
mod ci;
mod seen;

use std::time::{Duration, Instant};

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fault::{Fault, FaultSpec};
use crate::seed::{Seed, Seeded};
use crate::world::{OrgRole, StatusState};

pub use actor::Actor;
pub use ci::NewWorkflowRun;
pub use seen::{Comment, Delivery, NewPr, Pr, Request, Status};
use seen::{names_of, pr_of};

/// How long a poll waits before it looks again.
const POLL: Duration = Duration::from_millis(15);

/// A stand-in somewhere on loopback.
#[derive(Debug, Clone)]
pub struct Sim {
    base: String,
    http: reqwest::Client,
}

/// What went wrong on the way to the stand-in, or what it said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stand-in did not answer.
    #[error("the stand-in GitHub at {base} does not answer (is it running? `bowsprit sim serve`)")]
    Unreachable {
        /// Where it was looked for.
        base: String,
        /// What the connection failed with.
        #[source]
        source: reqwest::Error,
    },
    /// It answered, but not with success.
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused {
        /// What was asked.
        method: String,
        /// Where.
        path: String,
        /// The status code.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// A condition did not come true in time.
    #[error("waited {waited:?} for {what}; last seen: {seen}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// What was there instead.
        seen: String,
    },
}

impl Sim {
    /// A stand-in at `base`, like `http://127.0.0.1:8880`. Nothing is sent yet.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().user_agent("bowsprit-sim-client").no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build();
        Self { base: base.trim_end_matches('/').to_owned(), http: http.expect("a client without TLS options builds") }
    }

    /// Where it is.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The stand-in as `login` sees it.
    ///
    /// # Errors
    /// No such user, or none of the connection's own.
    pub async fn user(&self, login: &str) -> Result<Actor, Error> {
        let answer = self.admin(Method::GET, &format!("/_sim/users/{login}/token"), None).await?;
        let token = answer["token"].as_str().unwrap_or_default().to_owned();
        Ok(Actor { sim: self.clone(), token, login: login.to_owned() })
    }

    /// Adds what the document names.
    ///
    /// # Errors
    /// A document that contradicts itself is refused whole.
    pub async fn seed(&self, seed: &Seed) -> Result<Seeded, Error> {
        let body = serde_json::to_value(seed).expect("a seed has string keys only");
        Ok(from(self.admin(Method::POST, "/_sim/seed", Some(body)).await?))
    }

    /// Everything it knows but tokens and secrets, with each repository's refs under `refs`.
    ///
    /// # Errors
    /// As any call.
    pub async fn state(&self) -> Result<Value, Error> {
        self.admin(Method::GET, "/_sim/state", None).await
    }

    /// Where the Jira beside it is.
    #[must_use]
    pub fn jira_url(&self) -> String {
        format!("{}{}", self.base, crate::jira::PREFIX)
    }

    /// Everything that the Jira beside it knows but passwords and tokens.
    ///
    /// # Errors
    /// As any call.
    pub async fn jira(&self) -> Result<Value, Error> {
        self.admin(Method::GET, "/_sim/jira", None).await
    }

    /// Where the Bugzilla beside it is.
    #[must_use]
    pub fn bugzilla_url(&self) -> String {
        format!("{}{}", self.base, crate::bugzilla::PREFIX)
    }

    /// Everything that the Bugzilla beside it knows but keys.
    ///
    /// # Errors
    /// As any call.
    pub async fn bugzilla(&self) -> Result<Value, Error> {
        self.admin(Method::GET, "/_sim/bugzilla", None).await
    }

    /// The pull request.
    ///
    /// # Errors
    /// As any call.
    pub async fn pr(&self, repo: &str, number: u64) -> Result<Pr, Error> {
        Ok(pr_of(&self.admin(Method::GET, &format!("/_sim/view/{repo}/pulls/{number}"), None).await?))
    }

    /// Names of the labels on an issue or pull request.
    ///
    /// # Errors
    /// As any call.
    pub async fn labels(&self, repo: &str, number: u64) -> Result<Vec<String>, Error> {
        let issue = self.admin(Method::GET, &format!("/_sim/view/{repo}/issues/{number}"), None).await?;
        Ok(names_of(&issue["labels"]))
    }

    /// The conversation on an issue or pull request, oldest first.
    ///
    /// # Errors
    /// As any call.
    pub async fn comments(&self, repo: &str, number: u64) -> Result<Vec<Comment>, Error> {
        Ok(from(self.admin(Method::GET, &format!("/_sim/view/{repo}/issues/{number}/comments"), None).await?))
    }

    /// The latest status of each context, in the order of their names.
    ///
    /// # Errors
    /// As any call.
    pub async fn statuses(&self, repo: &str, sha: &str) -> Result<Vec<Status>, Error> {
        Ok(from(self.admin(Method::GET, &format!("/_sim/view/{repo}/statuses/{sha}"), None).await?))
    }

    /// Every status that was ever set on the commit, oldest first.
    ///
    /// # Errors
    /// As any call.
    pub async fn status_history(&self, repo: &str, sha: &str) -> Result<Vec<Status>, Error> {
        Ok(from(self.admin(Method::GET, &format!("/_sim/view/{repo}/statuses/{sha}?all=true"), None).await?))
    }

    /// Makes someone a member of an organisation; an account that is not there yet comes to be.
    ///
    /// # Errors
    /// As any call.
    pub async fn add_member(&self, org: &str, login: &str, role: OrgRole) -> Result<(), Error> {
        let body = json!({ "role": role });
        self.admin(Method::PUT, &format!("/_sim/orgs/{org}/members/{login}"), Some(body)).await.map(drop)
    }

    /// Takes someone out of an organisation.
    ///
    /// # Errors
    /// As any call.
    pub async fn remove_member(&self, org: &str, login: &str) -> Result<(), Error> {
        self.admin(Method::DELETE, &format!("/_sim/orgs/{org}/members/{login}"), None).await.map(drop)
    }

    /// Plays a fault on the requests that match. Faults are tried in the order in which they were set.
    ///
    /// # Errors
    /// A pattern that is no regular expression is refused.
    pub async fn fault(&self, spec: &FaultSpec) -> Result<u64, Error> {
        let body = serde_json::to_value(spec).expect("a fault is plain data");
        let answer = self.admin(Method::POST, "/_sim/faults", Some(body)).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// The faults that are still to be played.
    ///
    /// # Errors
    /// As any call.
    pub async fn faults(&self) -> Result<Vec<Fault>, Error> {
        Ok(from(self.admin(Method::GET, "/_sim/faults", None).await?))
    }

    /// Forgets all faults.
    ///
    /// # Errors
    /// As any call.
    pub async fn clear_faults(&self) -> Result<(), Error> {
        self.admin(Method::DELETE, "/_sim/faults", None).await.map(drop)
    }

    /// Requests to the API and to git with a number above `since`, oldest first; `/_sim` itself is not among them.
    ///
    /// # Errors
    /// As any call.
    pub async fn requests(&self, since: u64) -> Result<Vec<Request>, Error> {
        Ok(from(self.admin(Method::GET, &format!("/_sim/requests?since={since}"), None).await?))
    }

    /// The log of webhook deliveries, oldest first.
    ///
    /// # Errors
    /// As any call.
    pub async fn deliveries(&self) -> Result<Vec<Delivery>, Error> {
        Ok(from(self.admin(Method::GET, "/_sim/deliveries", None).await?))
    }

    /// Sends a delivery again, under its GUID.
    ///
    /// # Errors
    /// No such delivery.
    pub async fn redeliver(&self, id: u64) -> Result<(), Error> {
        self.admin(Method::POST, &format!("/_sim/deliveries/{id}/attempts"), None).await.map(drop)
    }

    /// Holds webhooks back; events queue up meanwhile.
    ///
    /// # Errors
    /// As any call.
    pub async fn pause_webhooks(&self) -> Result<(), Error> {
        self.admin(Method::POST, "/_sim/webhooks/pause", None).await.map(drop)
    }

    /// Sends what queued up, and sends at once from now on.
    ///
    /// # Errors
    /// As any call.
    pub async fn resume_webhooks(&self) -> Result<(), Error> {
        self.admin(Method::POST, "/_sim/webhooks/resume", None).await.map(drop)
    }

    /// Tells each hook of an event under a GUID of its own, or (as at first) all hooks under one.
    ///
    /// # Errors
    /// As any call.
    pub async fn guid_a_hook(&self, own: bool) -> Result<(), Error> {
        let body = json!({ "one_a_hook": own });
        self.admin(Method::PUT, "/_sim/webhooks/guids", Some(body)).await.map(drop)
    }

    /// Waits until every webhook has been answered or has failed.
    ///
    /// # Errors
    /// Some were still under way when the time was over (always so while webhooks are paused).
    pub async fn quiesce(&self, timeout: Duration) -> Result<(), Error> {
        let path = format!("/_sim/quiesce?timeout_ms={}", timeout.as_millis());
        self.admin(Method::GET, &path, None).await.map(drop)
    }

    /// Sets how many requests an hour a token may make.
    ///
    /// # Errors
    /// As any call.
    pub async fn set_rate_limit(&self, per_hour: u64) -> Result<(), Error> {
        self.admin(Method::PUT, "/_sim/rate-limit", Some(json!({ "per_hour": per_hour }))).await.map(drop)
    }

    /// Looks every few milliseconds until `look` answers `Ok`; what it answers with `Err` tells what was there instead.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the last thing seen.
    pub async fn wait_until<T, F>(&self, what: &str, timeout: Duration, mut look: F) -> Result<T, Error>
    where
        F: AsyncFnMut(&Self) -> Result<T, String>,
    {
        let start = Instant::now();
        loop {
            match look(self).await {
                Ok(found) => return Ok(found),
                Err(seen) if start.elapsed() >= timeout => {
                    return Err(Error::Timeout { what: what.to_owned(), waited: start.elapsed(), seen });
                }
                Err(_) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// Waits until the context's latest status on the commit is `state`.
    ///
    /// # Errors
    /// [`Error::Timeout`] with the statuses that are there.
    pub async fn wait_for_status(
        &self,
        repo: &str,
        sha: &str,
        context: &str,
        state: StatusState,
        timeout: Duration,
    ) -> Result<Status, Error> {
        let what = format!("{state:?} of `{context}` on {sha}");
        self.wait_until(&what, timeout, async |sim| {
            let statuses = sim.statuses(repo, sha).await.map_err(|error| error.to_string())?;
            let found = statuses.iter().find(|s| s.context == context && s.state == state).cloned();
            found.ok_or_else(|| format!("{statuses:?}"))
        })
        .await
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        self.send(method, path, None, body).await
    }

    async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Result<Value, Error> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let unreachable = |source| Error::Unreachable { base: self.base.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.text().await.map_err(unreachable)?;
        if !status.is_success() {
            let (method, path) = (method.to_string(), path.to_owned());
            return Err(Error::Refused { method, path, status: status.as_u16(), body });
        }
        Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
    }
}

fn from<T: DeserializeOwned + Default>(value: Value) -> T {
    serde_json::from_value(value).expect("the stand-in and its client are of one version")
}
