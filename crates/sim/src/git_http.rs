//! Clone, fetch and push: `git http-backend` run as a CGI program, with our own say over who may.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::answer::{Answer, Refusal};
use crate::auth::Who;
use crate::fence::Asked;
use crate::git::{GitError, command, output};
use crate::hub::Hub;
use crate::moved::moves;
use crate::permissions::AppNeed;
use crate::roles::role_of;
use crate::world::{Level, Role, key};

const FETCH: &str = "git-upload-pack";
const PUSH: &str = "git-receive-pack";

/// What an app needs for git's two services, as [`permit`] has it.
pub(crate) const RULES: &[(&str, AppNeed)] =
    &[(FETCH, AppNeed::OneOf(&[("contents", Level::Read)])), (PUSH, AppNeed::OneOf(&[("contents", Level::Write)]))];

/// A request to a repository by git.
pub(crate) struct GitCall<'a> {
    /// `GET` or `POST`.
    pub(crate) method: &'a str,
    /// `owner/name` as it came.
    pub(crate) repo: &'a str,
    /// What follows `.git`, with its slash.
    pub(crate) rest: &'a str,
    /// The query string.
    pub(crate) query: &'a str,
    /// The headers.
    pub(crate) headers: &'a HeaderMap,
    /// The body as received.
    pub(crate) body: &'a Bytes,
}

/// The repository and the rest of a path that is git's: `/owner/name.git/…`.
pub(crate) fn split(path: &str) -> Option<(&str, &str)> {
    let at = path.find(".git/")?;
    let repo = path[..at].trim_start_matches('/');
    (repo.matches('/').count() == 1).then(|| (repo, &path[at + 4..]))
}

/// Answers git, and draws the consequences of a push.
pub(crate) fn answer(hub: &Arc<Hub>, call: &GitCall<'_>) -> Answer {
    let who = match hub.read(|world| Who::of(world, call.headers)) {
        Ok(who) => who,
        Err(_) => return denied(StatusCode::UNAUTHORIZED, "Invalid username or token."),
    };
    let pushes = call.rest == "/git-receive-pack" || call.query.contains("service=git-receive-pack");
    let permitted = hub.read(|world| {
        let permitted = permit(world, &who, call.repo, pushes);
        let user_agent = call.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let asked = Asked {
            method: "GIT",
            endpoint: if pushes { PUSH } else { FETCH },
            repo: Some(call.repo.to_owned()),
            org: None,
            label: who.label(world),
            user_agent: user_agent.unwrap_or_default(),
        };
        hub.decisions.add(&who, asked, permitted.is_ok());
        permitted
    });
    if let Err((status, message)) = permitted {
        return denied(status, message);
    }
    let name = key(call.repo);
    let login = hub.read(|world| who.login(world)).unwrap_or_default();
    let result =
        if call.rest == "/git-receive-pack" { push(hub, call, &name, &login) } else { cgi(hub, call, &name, &login) };
    result.unwrap_or_else(|error| Refusal::from(error).into_answer())
}

fn push(hub: &Arc<Hub>, call: &GitCall<'_>, repo: &str, login: &str) -> Result<Answer, GitError> {
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let before = hub.git.refs(repo)?;
    let answer = cgi(hub, call, repo, login)?;
    let moved = moves(&before, &hub.git.refs(repo)?);
    hub.refs_moved(repo, &moved, login)?;
    Ok(answer)
}

fn permit(world: &crate::world::World, who: &Who, name: &str, pushes: bool) -> Result<(), (StatusCode, &'static str)> {
    let absent = || match who {
        // Git asks for credentials on 401 alone, so that what may be private is not simply absent.
        Who::Anonymous => (StatusCode::UNAUTHORIZED, "Repository not found."),
        _ => (StatusCode::NOT_FOUND, "Repository not found."),
    };
    let repo = world.repo(name).ok_or_else(absent)?;
    let role = match who {
        Who::Installation { token, .. } => match token.permissions.get("contents") {
            _ if !who.reaches(world, repo) => Role::None,
            Some(Level::Write | Level::Admin) => Role::Write,
            Some(Level::Read) => Role::Read,
            None => Role::None,
        },
        Who::App(_) => Role::None,
        Who::User(login) => role_of(world, repo, Some(login)),
        Who::Anonymous => role_of(world, repo, None),
    };
    if role < Role::Read {
        return Err(absent());
    }
    if pushes && role < Role::Write {
        return Err(match who {
            Who::Anonymous => (StatusCode::UNAUTHORIZED, "No anonymous write access."),
            _ => (StatusCode::FORBIDDEN, "Write access to repository not granted."),
        });
    }
    Ok(())
}

fn denied(status: StatusCode, message: &str) -> Answer {
    let mut answer = Answer::empty(status).with("content-type", "text/plain");
    if status == StatusCode::UNAUTHORIZED {
        answer = answer.with("www-authenticate", "Basic realm=\"GitHub\"");
    }
    answer.body = message.to_owned().into();
    answer
}

fn cgi(hub: &Hub, call: &GitCall<'_>, repo: &str, login: &str) -> Result<Answer, GitError> {
    let header = |name: HeaderName| call.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut backend = command(hub.git.root());
    backend
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", hub.git.root())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", call.method)
        .env("PATH_INFO", format!("/{repo}.git{}", call.rest))
        .env("QUERY_STRING", call.query)
        .env("CONTENT_TYPE", header(http::header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", call.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(http::header::CONTENT_ENCODING))
        .env("HTTP_GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REMOTE_USER", login);
    let out = output(&mut backend, "http-backend", Some(call.body))?;
    Ok(parse(&out.stdout))
}

/// A CGI answer: headers, an empty line, the body.
fn parse(out: &[u8]) -> Answer {
    let end = out.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = end.map_or((out, &[][..]), |end| (&out[..end], &out[end + 4..]));
    let text = String::from_utf8_lossy(head);
    let fields: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once(": ")).collect();
    let status = fields.get("Status").and_then(|status| status.get(..3)?.parse::<u16>().ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::OK);
    let mut answer = Answer::empty(status);
    for (name, value) in fields.into_iter().filter(|(name, _)| *name != "Status") {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers.insert(name, value);
        }
    }
    answer.body = Bytes::copy_from_slice(body);
    answer
}
