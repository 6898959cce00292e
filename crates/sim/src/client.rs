//! Drives a running stand-in from a test or from the command line. What a person would do on github.com goes through
//! the ordinary REST endpoints with that person's token; only what GitHub has no call for goes through `/_sim`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fault::{Fault, FaultSpec};
use crate::seed::{Seed, Seeded};
use crate::world::{OrgRole, StatusState};

/// How long a poll waits before it looks again.
const POLL: Duration = Duration::from_millis(15);

/// A stand-in somewhere on loopback.
#[derive(Debug, Clone)]
pub struct Sim {
    base: String,
    http: reqwest::Client,
}

/// The stand-in as one of its users sees it.
#[derive(Debug, Clone)]
pub struct Actor {
    sim: Sim,
    token: String,
    login: String,
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

/// A pull request to open: a commit on a new branch, and the request to merge it.
#[derive(Debug, Clone)]
pub struct NewPr {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The new branch, made from `base`.
    pub branch: String,
    /// The branch to merge into.
    pub base: String,
    /// What the commit changes: a path with its new content, or with none to delete it.
    pub files: BTreeMap<String, Option<String>>,
    /// Not yet ready for review.
    pub draft: bool,
}

impl NewPr {
    /// A pull request against `main` that writes one file, titled and named by `branch`.
    #[must_use]
    pub fn of_file(branch: &str, path: &str, content: &str) -> Self {
        Self {
            title: format!("Change {path}"),
            body: String::new(),
            branch: branch.to_owned(),
            base: "main".to_owned(),
            files: [(path.to_owned(), Some(content.to_owned()))].into(),
            draft: false,
        }
    }
}

/// What most callers want to know of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pr {
    /// Its number.
    pub number: u64,
    /// The head commit.
    pub head_sha: String,
    /// The branch of the head.
    pub head_ref: String,
    /// `owner/name` of the head's repository.
    pub head_repo: String,
    /// The tip of the base branch.
    pub base_sha: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The commit that merged it.
    pub merge_commit_sha: Option<String>,
    /// The names of its labels.
    pub labels: Vec<String>,
}

/// A comment on an issue or pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// The comment's id.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Markdown.
    pub body: String,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// What it is about.
    pub context: String,
    /// What it says.
    pub state: StatusState,
    /// A few words.
    #[serde(default)]
    pub description: Option<String>,
    /// Where to read more.
    #[serde(default)]
    pub target_url: Option<String>,
}

/// A request that the stand-in received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Counts up from 1.
    pub seq: u64,
    /// `GET` and so on.
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// Who asked: a login, `app:<slug>`, `installation:<id>` or `anonymous`.
    pub who: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// What it was answered with; none if the connection was cut.
    pub status: Option<u16>,
    /// The fault that was played on it.
    pub fault: Option<String>,
    /// When it came.
    pub at: Timestamp,
    /// From its arrival to its answer, in milliseconds.
    pub elapsed_ms: f64,
}

/// One entry of the log of webhook deliveries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The delivery's id; a redelivery has one of its own.
    pub id: u64,
    /// The GUID that the receiver sees.
    pub guid: String,
    /// The hook that it was sent to.
    pub hook_id: u64,
    /// The event's name.
    pub event: String,
    /// The payload's action.
    pub action: Option<String>,
    /// Whether it repeats an earlier one.
    pub redelivery: bool,
    /// What the receiver answered; none while it is on its way, 0 if there was no answer.
    pub status_code: Option<u16>,
    /// GitHub's word for the outcome: `OK`, or what went wrong.
    pub status: String,
    /// Seconds until the answer.
    pub duration: f64,
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

impl Actor {
    /// Who it is.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The token that it acts with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Any REST call; an answer without a body is null.
    ///
    /// # Errors
    /// Any answer that is not a success.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        self.sim.send(method, path, Some(&self.token), body).await
    }

    /// Commits `files` on top of `branch` of the repository as this user would push them, and gives the commit's sha.
    /// The branch is made from `from` if it is not there.
    ///
    /// # Errors
    /// A user who may not push there is refused.
    pub async fn push(
        &self,
        repo: &str,
        branch: &str,
        from: Option<&str>,
        message: &str,
        files: &BTreeMap<String, Option<String>>,
    ) -> Result<String, Error> {
        let body = json!({ "repo": repo, "branch": branch, "from": from, "message": message, "files": files, "as": self.login });
        let answer = self.sim.admin(Method::POST, "/_sim/commits", Some(body)).await?;
        Ok(answer["sha"].as_str().unwrap_or_default().to_owned())
    }

    /// Makes this user's fork of the repository, if there is none, and gives its `owner/name`.
    ///
    /// # Errors
    /// As any call.
    pub async fn fork(&self, repo: &str) -> Result<String, Error> {
        let body = json!({ "repo": repo, "as": self.login });
        let answer = self.sim.admin(Method::POST, "/_sim/forks", Some(body)).await?;
        Ok(answer["full_name"].as_str().unwrap_or_default().to_owned())
    }

    /// Commits and opens a pull request: from a branch of the repository for those who may push there, else from a fork.
    ///
    /// # Errors
    /// As GitHub refuses: nothing to merge, or one is open for this branch.
    pub async fn open_pr(&self, repo: &str, new: &NewPr) -> Result<Pr, Error> {
        let role = self.sim.admin(Method::GET, &format!("/_sim/view/{repo}/roles/{}", self.login), None).await?;
        let may_push = matches!(role["role"].as_str(), Some("admin" | "maintain" | "write"));
        let head_repo = if may_push { repo.to_owned() } else { self.fork(repo).await? };
        self.push(&head_repo, &new.branch, Some(&new.base), &new.title, &new.files).await?;
        let owner = head_repo.split('/').next().unwrap_or_default();
        let head = if may_push { new.branch.clone() } else { format!("{owner}:{}", new.branch) };
        let body = json!({ "title": new.title, "body": new.body, "head": head, "base": new.base, "draft": new.draft });
        Ok(pr_of(&self.call(Method::POST, &format!("/repos/{repo}/pulls"), Some(body)).await?))
    }

    /// Pushes one more commit to the pull request's branch and gives the new head.
    ///
    /// # Errors
    /// As any call.
    pub async fn push_to_pr(
        &self,
        repo: &str,
        number: u64,
        message: &str,
        files: &BTreeMap<String, Option<String>>,
    ) -> Result<String, Error> {
        let pr = self.sim.pr(repo, number).await?;
        self.push(&pr.head_repo, &pr.head_ref, None, message, files).await
    }

    /// Comments on an issue or pull request and gives the comment's id.
    ///
    /// # Errors
    /// As any call.
    pub async fn comment(&self, repo: &str, number: u64, text: &str) -> Result<u64, Error> {
        let path = format!("/repos/{repo}/issues/{number}/comments");
        let answer = self.call(Method::POST, &path, Some(json!({ "body": text }))).await?;
        Ok(answer["id"].as_u64().unwrap_or_default())
    }

    /// Opens an issue and gives its number.
    ///
    /// # Errors
    /// As any call.
    pub async fn open_issue(&self, repo: &str, title: &str, text: &str) -> Result<u64, Error> {
        let body = json!({ "title": title, "body": text });
        let answer = self.call(Method::POST, &format!("/repos/{repo}/issues"), Some(body)).await?;
        Ok(answer["number"].as_u64().unwrap_or_default())
    }

    /// Puts a label on.
    ///
    /// # Errors
    /// As any call.
    pub async fn label(&self, repo: &str, number: u64, name: &str) -> Result<(), Error> {
        let path = format!("/repos/{repo}/issues/{number}/labels");
        self.call(Method::POST, &path, Some(json!({ "labels": [name] }))).await.map(drop)
    }

    /// Takes a label off.
    ///
    /// # Errors
    /// It is not on.
    pub async fn unlabel(&self, repo: &str, number: u64, name: &str) -> Result<(), Error> {
        let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/repos/{repo}/issues/{number}/labels/{name}");
        self.call(Method::DELETE, &path, None).await.map(drop)
    }

    /// Merges the pull request with a merge commit and gives that commit's sha.
    ///
    /// # Errors
    /// As GitHub refuses: 405 if it cannot be merged.
    pub async fn merge(&self, repo: &str, number: u64) -> Result<String, Error> {
        let answer = self.call(Method::PUT, &format!("/repos/{repo}/pulls/{number}/merge"), Some(json!({}))).await?;
        Ok(answer["sha"].as_str().unwrap_or_default().to_owned())
    }

    /// Closes or reopens the pull request.
    ///
    /// # Errors
    /// As any call.
    pub async fn set_pr_state(&self, repo: &str, number: u64, state: &str) -> Result<(), Error> {
        let body = json!({ "state": state });
        self.call(Method::PATCH, &format!("/repos/{repo}/pulls/{number}"), Some(body)).await.map(drop)
    }

    /// Marks the pull request as a draft.
    ///
    /// # Errors
    /// As any call.
    pub async fn convert_to_draft(&self, repo: &str, number: u64) -> Result<(), Error> {
        self.set_draft(repo, number, true).await
    }

    /// Marks the pull request as ready for review.
    ///
    /// # Errors
    /// As any call.
    pub async fn ready_for_review(&self, repo: &str, number: u64) -> Result<(), Error> {
        self.set_draft(repo, number, false).await
    }

    async fn set_draft(&self, repo: &str, number: u64, draft: bool) -> Result<(), Error> {
        let body = json!({ "repo": repo, "number": number, "draft": draft, "as": self.login });
        self.sim.admin(Method::POST, "/_sim/drafts", Some(body)).await.map(drop)
    }
}

fn from<T: DeserializeOwned + Default>(value: Value) -> T {
    serde_json::from_value(value).expect("the stand-in and its client are of one version")
}

fn names_of(labels: &Value) -> Vec<String> {
    labels.as_array().into_iter().flatten().filter_map(|label| label["name"].as_str().map(str::to_owned)).collect()
}

fn pr_of(value: &Value) -> Pr {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Pr {
        number: value["number"].as_u64().unwrap_or_default(),
        head_sha: text(&value["head"]["sha"]),
        head_ref: text(&value["head"]["ref"]),
        head_repo: text(&value["head"]["repo"]["full_name"]),
        base_sha: text(&value["base"]["sha"]),
        state: text(&value["state"]),
        merged: value["merged"].as_bool().unwrap_or_default(),
        merge_commit_sha: value["merge_commit_sha"].as_str().map(str::to_owned),
        labels: names_of(&value["labels"]),
    }
}
