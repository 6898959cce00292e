//! A stand-in Jira under `/_jira`: projects, issues, and links from them to pages elsewhere, by REST api/2.

mod state;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::hub::Hub;
use crate::rest::{Incoming, parse_query};

use crate::seed_services::SeedJiraAccount as Account;

pub(crate) use state::Jira;
use state::RemoteLink;

/// Where it is, behind the stand-in's own address.
pub(crate) const PREFIX: &str = "/_jira";

/// A refusal: status, sentence, and what is wrong with which field.
struct No(StatusCode, Option<&'static str>, Option<(&'static str, String)>);

type Reply = Result<Answer, No>;

#[derive(Deserialize)]
struct NewIssue {
    fields: NewFields,
}

#[derive(Deserialize)]
struct NewFields {
    project: ProjectRef,
    #[serde(default)]
    summary: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProjectRef {
    Key(String),
    Id(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewLink {
    global_id: Option<String>,
    #[serde(default)]
    object: Value,
    #[serde(default)]
    relationship: Option<String>,
}

/// Answers, and says who asked, for the log.
pub(crate) fn answer(hub: &Hub, request: &Incoming) -> (Answer, String) {
    let mut jira = hub.jira.lock().expect("nothing panics while it holds Jira");
    let who = match jira.who(&request.headers) {
        Ok(account) => account,
        Err(()) => return (No(StatusCode::UNAUTHORIZED, None, None).into_answer(), "bad-credentials".to_owned()),
    };
    let label = who.as_ref().map_or("anonymous".to_owned(), |account| account.name.clone());
    let base = format!("{}{PREFIX}", hub.base());
    (run(&mut jira, request, who.as_ref(), &base).unwrap_or_else(No::into_answer), label)
}

fn run(jira: &mut Jira, request: &Incoming, who: Option<&Account>, base: &str) -> Reply {
    let path = request.path.trim_start_matches(PREFIX).trim_start_matches("/rest/api/2/").trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    let shown = |key: &str, jira: &Jira| Answer::ok(&jira.issue(key).map_or(Value::Null, |issue| issue.shown(base)));
    match (request.method.as_str(), &segments[..]) {
        ("GET", ["serverInfo"]) => Ok(Answer::ok(&json!({
            "baseUrl": base, "version": "9.12.4", "versionNumbers": [9, 12, 4], "deploymentType": "Server",
            "serverTitle": "a stand-in Jira",
        }))),
        ("GET", ["myself"]) => {
            let account = who.ok_or(No(StatusCode::UNAUTHORIZED, None, None))?;
            Ok(Answer::ok(&json!({ "name": account.name, "key": account.name, "displayName": account.name })))
        }
        ("GET", ["project"]) => {
            let all = jira.projects.iter().enumerate();
            // Who is not logged in sees no project, and no error either.
            let seen: Vec<Value> = all.filter(|_| who.is_some()).map(|(id, key)| project(base, id, key)).collect();
            Ok(Answer::ok(&json!(seen)))
        }
        ("GET", ["project", name]) => {
            let sentence = "No project could be found with that key or id.";
            let found = find_project(jira, name).filter(|_| who.is_some());
            let id = found.ok_or(No(StatusCode::NOT_FOUND, Some(sentence), None))?;
            Ok(Answer::ok(&project(base, id, &jira.projects[id])))
        }
        ("POST", ["issue"]) => {
            may_change(who)?;
            let new: NewIssue = body(request)?;
            let (ProjectRef::Key(name) | ProjectRef::Id(name)) = &new.fields.project;
            let project = find_project(jira, name).map(|id| jira.projects[id].clone());
            let key = project.and_then(|project| jira.create(&project, &new.fields.summary));
            let key = key.ok_or_else(|| wrong("project", "valid project is required".to_owned()))?;
            let issue = jira.issue(&key).map_or(Value::Null, |issue| json!({ "id": issue.id, "key": issue.key }));
            Ok(Answer::json(StatusCode::CREATED, &issue))
        }
        (method, ["issue", key, rest @ ..]) => {
            let see = Some("You do not have the permission to see the specified issue.");
            let who = who.ok_or(No(StatusCode::UNAUTHORIZED, see, None))?;
            let absent = No(StatusCode::NOT_FOUND, Some("Issue Does Not Exist"), None);
            let key = jira.issue(key).ok_or(absent)?.key.clone();
            match (method, rest) {
                ("GET", []) => Ok(shown(&key, jira)),
                (_, ["remotelink", rest @ ..]) => links(jira, &key, rest, request, who, base),
                _ => Err(No(StatusCode::NOT_FOUND, None, None)),
            }
        }
        _ => Err(No(StatusCode::NOT_FOUND, None, None)),
    }
}

fn links(jira: &mut Jira, key: &str, rest: &[&str], request: &Incoming, who: &Account, base: &str) -> Reply {
    let self_url = |id: u64| format!("{base}/rest/api/2/issue/{key}/remotelink/{id}");
    let shown = |link: &RemoteLink| link.shown(&self_url(link.id));
    let absent = || No(StatusCode::NOT_FOUND, Some("A remote issue link with the given id does not exist."), None);
    let id = rest.first().map(|id| id.parse::<u64>().map_err(|_| absent())).transpose()?;
    let found = |jira: &Jira| jira.issue(key).map(|issue| issue.links.clone()).unwrap_or_default();
    match (request.method.as_str(), id) {
        ("GET", None) => {
            let query = parse_query(&request.query);
            let wanted = query.iter().find(|(name, _)| name == "globalId").map(|(_, id)| id.as_str());
            let links = found(jira);
            let links = links.iter().filter(|link| wanted.is_none() || link.global_id.as_deref() == wanted);
            Ok(Answer::ok(&json!(links.map(shown).collect::<Vec<_>>())))
        }
        ("GET", Some(id)) => {
            found(jira).iter().find(|link| link.id == id).map(|link| Answer::ok(&shown(link))).ok_or_else(absent)
        }
        ("POST", None) => {
            may_change(Some(who))?;
            let (id, is_new) = jira.put_link(key, None, new_link(request)?).ok_or_else(absent)?;
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(Answer::json(status, &json!({ "id": id, "self": self_url(id) })))
        }
        ("PUT", Some(id)) => {
            may_change(Some(who))?;
            jira.put_link(key, Some(id), new_link(request)?).ok_or_else(absent)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        ("DELETE", Some(id)) => {
            may_change(Some(who))?;
            if jira.remove_link(key, id) { Ok(Answer::empty(StatusCode::NO_CONTENT)) } else { Err(absent()) }
        }
        _ => Err(No(StatusCode::METHOD_NOT_ALLOWED, None, None)),
    }
}

fn new_link(request: &Incoming) -> Result<RemoteLink, No> {
    let new: NewLink = body(request)?;
    let text = |name: &'static str| {
        let value = new.object[name].as_str().filter(|text| !text.is_empty());
        value.map(str::to_owned).ok_or_else(|| wrong(name, format!("'{name}' is required.")))
    };
    if new.global_id.as_ref().is_some_and(|id| id.len() > 255) {
        return Err(wrong("globalId", "'globalId' must be at most 255 characters.".to_owned()));
    }
    let (url, title) = (text("url")?, text("title")?);
    Ok(RemoteLink { id: 0, global_id: new.global_id, url, title, object: new.object, relationship: new.relationship })
}

fn may_change(who: Option<&Account>) -> Result<(), No> {
    match who {
        None => Err(No(StatusCode::UNAUTHORIZED, None, None)),
        Some(account) if account.read_only => {
            Err(No(StatusCode::FORBIDDEN, Some("You do not have permission to edit issues in this project."), None))
        }
        Some(_) => Ok(()),
    }
}

/// By key or id; gives its place.
fn find_project(jira: &Jira, name: &str) -> Option<usize> {
    jira.projects.iter().enumerate().position(|(id, key)| key == name || (FIRST_PROJECT + id).to_string() == name)
}

const FIRST_PROJECT: usize = 10_000;

fn project(base: &str, id: usize, key: &str) -> Value {
    let id = (FIRST_PROJECT + id).to_string();
    json!({ "id": id, "key": key, "name": key, "self": format!("{base}/rest/api/2/project/{id}") })
}

fn body<T: serde::de::DeserializeOwned>(request: &Incoming) -> Result<T, No> {
    let json = request
        .headers
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")));
    if !json {
        return Err(No(StatusCode::UNSUPPORTED_MEDIA_TYPE, None, None));
    }
    serde_json::from_slice(&request.body).map_err(|error| wrong("body", error.to_string()))
}

fn wrong(field: &'static str, why: String) -> No {
    No(StatusCode::BAD_REQUEST, None, Some((field, why)))
}

impl No {
    fn into_answer(self) -> Answer {
        let Self(status, sentence, field) = self;
        let errors: serde_json::Map<_, _> =
            field.into_iter().map(|(name, why)| (name.to_owned(), json!(why))).collect();
        let sentences: Vec<&str> = sentence.into_iter().collect();
        Answer::json(status, &json!({ "errorMessages": sentences, "errors": errors }))
    }
}

impl Jira {
    /// Whose credentials these are; none for nobody's.
    fn who(&self, headers: &HeaderMap) -> Result<Option<Account>, ()> {
        use base64::Engine as _;
        let Some(value) = headers.get(http::header::AUTHORIZATION) else { return Ok(None) };
        let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(())?;
        let found = match scheme {
            "Bearer" => self.accounts.iter().find(|account| account.token.as_deref() == Some(rest)),
            "Basic" => {
                let pair = base64::engine::general_purpose::STANDARD.decode(rest).map_err(drop)?;
                let pair = String::from_utf8(pair).map_err(drop)?;
                let (name, password) = pair.split_once(':').ok_or(())?;
                let is = |account: &&Account| account.name == name && account.password.as_deref() == Some(password);
                self.accounts.iter().find(is)
            }
            _ => None,
        };
        found.cloned().map(Some).ok_or(())
    }
}
