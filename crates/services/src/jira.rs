//! Jira: issues, and links from them to pages elsewhere, by REST api/2. Behaviour: Prow pkg/jira/jira.go.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::credential::Scheme;
use crate::error::{Refusal, ServiceError, ServiceErrorKind};
use crate::http_client::{Answer, Base};
use crate::metrics::Metrics;
use crate::options::{Common, SetupError};
use crate::session::{Ask, Body, Service, Session};

const NAME: &str = "Jira";

/// How to reach Jira.
#[derive(Debug, Clone)]
pub struct JiraOptions {
    /// `--jira-endpoint`
    pub endpoint: String,
    /// Who the client is.
    pub auth: JiraAuth,
}

/// Who the client is to Jira.
#[derive(Debug, Clone)]
pub enum JiraAuth {
    /// Nobody.
    None,
    /// `--jira-bearer-token-file`
    Bearer(PathBuf),
    /// `--jira-username`, `--jira-password-file`
    Basic {
        /// The account's name.
        user: String,
        /// The file that holds its password or API token.
        password_file: PathBuf,
    },
}

/// An issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraIssue {
    /// Its number over all projects, as text.
    pub id: String,
    /// `ABC-123`
    pub key: String,
    /// One line.
    pub summary: String,
    /// The status's name.
    pub status: String,
}

/// A link from an issue to a page elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteLink {
    /// Its number.
    pub id: u64,
    /// Where it leads.
    pub url: String,
    /// What it is called.
    pub title: String,
}

/// The client. Cheap to clone; all clones share the list of projects.
#[derive(Debug, Clone)]
pub struct Jira {
    session: Session,
    projects: Arc<Mutex<Option<Projects>>>,
}

#[derive(Debug)]
struct Projects {
    asked: Instant,
    keys: Vec<String>,
}

const PROJECTS_STAND: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct WireProject {
    key: String,
}

#[derive(Deserialize)]
struct WireIssue {
    id: String,
    key: String,
    #[serde(default)]
    fields: WireFields,
}

#[derive(Deserialize, Default)]
struct WireFields {
    summary: Option<String>,
    status: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLink {
    #[serde(skip_serializing)]
    id: Option<u64>,
    #[serde(skip_deserializing)]
    global_id: String,
    object: WireObject,
}

#[derive(Serialize, Deserialize)]
struct WireObject {
    #[serde(default)]
    url: String,
    #[serde(default)]
    title: String,
    #[serde(skip_deserializing)]
    icon: WireIcon,
}

#[derive(Serialize, Default)]
struct WireIcon {
    url16x16: &'static str,
    title: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Complaint {
    error_messages: Vec<String>,
    errors: BTreeMap<String, String>,
    message: String,
}

impl Jira {
    /// Reads the secret; sends nothing.
    ///
    /// # Errors
    /// An endpoint or a file that cannot be used.
    pub fn new(options: JiraOptions, common: &Common) -> Result<Self, SetupError> {
        let base = Base::parse(NAME, &options.endpoint)?;
        let (scheme, secret) = match options.auth {
            JiraAuth::None => (Scheme::Bearer, None),
            JiraAuth::Bearer(file) => (Scheme::Bearer, Some(file)),
            JiraAuth::Basic { user, password_file } => (Scheme::Basic(user), Some(password_file)),
        };
        let metrics = Metrics::jira(common.registry.as_ref())?;
        let service = Service { name: NAME, base, scheme, judge, metrics };
        Ok(Self { session: Session::new(service, secret.as_deref(), common)?, projects: Arc::default() })
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

    /// The keys of the projects that the account can see, as Jira spells them; asked for once in ten minutes.
    ///
    /// # Errors
    /// As any call.
    pub async fn list_project_keys(&self) -> Result<Vec<String>, ServiceError> {
        // Held over the call, so that many events at once ask once.
        let mut known = self.projects.lock().await;
        if let Some(known) = &*known
            && known.asked.elapsed() < PROJECTS_STAND
        {
            return Ok(known.keys.clone());
        }
        let ask = Ask::get("ListProjects", "/rest/api/2/project".to_owned()).template("/rest/api/2/project");
        let projects: Vec<WireProject> = self.session.json(&ask).await?;
        let keys: Vec<String> = projects.into_iter().map(|project| project.key).collect();
        *known = Some(Projects { asked: Instant::now(), keys: keys.clone() });
        Ok(keys)
    }

    /// An issue by its key or id.
    ///
    /// # Errors
    /// Not-found also for what can be neither, without a call.
    pub async fn get_issue(&self, key: &str) -> Result<JiraIssue, ServiceError> {
        let ask = Ask::get("GetIssue", self.issue_path(key, "")?).template("/rest/api/2/issue/:issueID");
        let issue: WireIssue = self.session.json(&ask.query("fields=summary,status")).await?;
        Ok(JiraIssue {
            id: issue.id,
            key: issue.key,
            summary: issue.fields.summary.unwrap_or_default(),
            status: issue.fields.status.map(|status| status.name).unwrap_or_default(),
        })
    }

    /// All links of an issue.
    ///
    /// # Errors
    /// As [`Jira::get_issue`].
    pub async fn list_remote_links(&self, key: &str) -> Result<Vec<RemoteLink>, ServiceError> {
        let ask = Ask::get("GetRemoteLinks", self.issue_path(key, "/remotelink")?).template(LINKS);
        let links: Vec<WireLink> = self.session.json(&ask).await?;
        let link = |link: WireLink| {
            let id = link.id?;
            Some(RemoteLink { id, url: link.object.url, title: link.object.title })
        };
        Ok(links.into_iter().filter_map(link).collect())
    }

    /// Links the issue to a page. Jira keeps one link for each global id, for which the URL is taken: made twice, it is
    /// there once.
    ///
    /// # Errors
    /// As [`Jira::get_issue`]; denied where the account may not link.
    pub async fn add_remote_link(&self, key: &str, url: &str, title: &str) -> Result<(), ServiceError> {
        const FUNCTION: &str = "AddRemoteLink";
        let path = self.issue_path(key, "/remotelink")?;
        if self.session.is_dry_run(FUNCTION) {
            return Ok(());
        }
        let ask = Ask::send(FUNCTION, Method::POST, path, link_body(url, title)).template(LINKS);
        self.session.call(&ask).await.map(drop)
    }

    /// Replaces a link by another, under its number.
    ///
    /// # Errors
    /// Not-found also where the issue has no such link.
    pub async fn update_remote_link(&self, key: &str, link: u64, url: &str, title: &str) -> Result<(), ServiceError> {
        const FUNCTION: &str = "UpdateRemoteLink";
        let path = self.issue_path(key, &format!("/remotelink/{link}"))?;
        if self.session.is_dry_run(FUNCTION) {
            return Ok(());
        }
        let ask = Ask::send(FUNCTION, Method::PUT, path, link_body(url, title)).template(LINKS);
        self.session.call(&ask).await.map(drop)
    }

    /// A key comes from what people write, so it must not lead to another path.
    fn issue_path(&self, key: &str, rest: &str) -> Result<String, ServiceError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if key.is_empty() || !key.chars().all(plain) {
            let why = format!("`{key}` is neither the key nor the id of an issue");
            return Err(self.session.error(ServiceErrorKind::NotFound, why));
        }
        Ok(format!("/rest/api/2/issue/{key}{rest}"))
    }
}

const LINKS: &str = "/rest/api/2/issue/:issueID/remotelink";

fn link_body(url: &str, title: &str) -> Body {
    let icon = WireIcon { url16x16: "https://github.com/favicon.ico", title: "GitHub" };
    let object = WireObject { url: url.to_owned(), title: title.to_owned(), icon };
    let link = WireLink { id: None, global_id: url.to_owned(), object };
    Body::Json(serde_json::to_string(&link).expect("a link is texts and a number"))
}

fn judge(answer: &Answer) -> Result<(), (Refusal, String)> {
    if answer.status.is_success() {
        return Ok(());
    }
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let fields = complaint.errors.iter().map(|(field, why)| format!("{field}: {why}"));
    let words: Vec<String> = complaint.error_messages.iter().cloned().chain(fields).collect();
    let words = match (words.is_empty(), complaint.message.is_empty()) {
        (false, _) => words.join("; "),
        (true, false) => complaint.message,
        (true, true) => format!("HTTP status {}", answer.status),
    };
    Err((Refusal::of_status(answer.status), words))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[track_caller]
    fn check(status: u16, body: &'static str, want: Option<(Refusal, &str)>) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
        let got = judge(&answer).err();
        assert_eq!(got.as_ref().map(|(refusal, words)| (*refusal, words.as_str())), want, "{status} {body}");
    }

    #[test]
    fn jira_s_complaints_are_passed_on() {
        check(204, "", None);
        let absent = r#"{"errorMessages":["Issue Does Not Exist"],"errors":{}}"#;
        check(404, absent, Some((Refusal::NotFound, "Issue Does Not Exist")));
        let invalid = r#"{"errorMessages":[],"errors":{"title":"'title' is required."}}"#;
        check(400, invalid, Some((Refusal::Invalid, "title: 'title' is required.")));
        check(401, "<html>", Some((Refusal::Denied, "HTTP status 401 Unauthorized")));
        check(429, r#"{"message":"Rate limit exceeded."}"#, Some((Refusal::Limited, "Rate limit exceeded.")));
        check(503, "", Some((Refusal::Broken, "HTTP status 503 Service Unavailable")));
    }

    #[test]
    fn a_link_carries_its_url_as_global_id_and_github_s_icon() {
        let Body::Json(text) = link_body("https://github.com/o/r/pull/1", "o/r#1: Fix") else { panic!("it is JSON") };
        insta::assert_snapshot!(text, @r#"{"globalId":"https://github.com/o/r/pull/1","object":{"url":"https://github.com/o/r/pull/1","title":"o/r#1: Fix","icon":{"url16x16":"https://github.com/favicon.ico","title":"GitHub"}}}"#);
    }
}
