//! Files and directories of a commit.

use std::sync::Arc;

use base64::Engine as _;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::git::TreeEntry;
use crate::hub::Hub;
use crate::shapes::View;

/// The largest file whose content stands in the answer.
const LARGEST: u64 = 1 << 20;
/// How GitHub breaks lines of base64.
const LINE: usize = 60;

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let repo = call.repo_key();
    let path = call.param("path").trim_matches('/').to_owned();
    let default = hub.read(|world| call.repo(world).map(|repo| repo.default_branch.clone()))?;
    let reference = call.query("ref").unwrap_or(&default).to_owned();
    let no_ref = || Refusal::new(StatusCode::NOT_FOUND, &format!("No commit found for the ref {reference}"));
    let commit = hub.git.resolve(&repo, &reference).ok_or_else(no_ref)?;
    let entry = if path.is_empty() { None } else { hub.git.ls_tree(&repo, &commit, &path)?.into_iter().next() };
    match entry {
        None if !path.is_empty() => Err(Refusal::not_found()),
        Some(entry) if entry.kind == "blob" => file(hub, call, &reference, &entry),
        _ => {
            let below = if path.is_empty() { String::new() } else { format!("{path}/") };
            let entries = hub.git.ls_tree(&repo, &commit, &below)?;
            hub.read(|world| {
                let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
                let shown: Vec<Value> = entries.iter().map(|entry| view.content(repo, &reference, entry)).collect();
                Ok(Answer::ok(&json!(shown)))
            })
        }
    }
}

fn file(hub: &Hub, call: &Call, reference: &str, entry: &TreeEntry) -> Reply {
    let bytes = hub.git.blob(&call.repo_key(), &entry.sha)?;
    let accept = call.headers.get(http::header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.contains("vnd.github") && accept.contains("raw") {
        let mut answer = Answer::empty(StatusCode::OK);
        answer
            .headers
            .insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.github.raw; charset=utf-8"));
        answer.body = bytes.into();
        return Ok(answer);
    }
    hub.read(|world| {
        let mut shown = View { world, base: hub.base() }.content(call.repo(world)?, reference, entry);
        // A larger file is only had raw.
        let small = entry.size <= LARGEST;
        shown["encoding"] = json!(if small { "base64" } else { "none" });
        shown["content"] = json!(if small { in_lines(&bytes) } else { String::new() });
        Ok(Answer::ok(&shown))
    })
}

fn in_lines(bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    for (index, letter) in text.chars().enumerate() {
        lines.push(letter);
        if index % LINE == LINE - 1 {
            lines.push('\n');
        }
    }
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}
