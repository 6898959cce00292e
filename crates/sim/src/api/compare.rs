//! What lies between two commits.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::git::GitError;
use crate::hub::Hub;
use crate::page::Page;
use crate::shapes::View;
use crate::world::{Repo, key};

/// How far is counted.
const MOST: usize = 10_000;
/// How many commits stand in an answer that asks for no page.
const USUAL: usize = 250;
/// How many files stand in an answer.
const MOST_FILES: usize = 300;

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (repo, wanted) = (call.repo_key(), call.param("basehead"));
    let (base_name, head_name) = wanted.split_once("...").ok_or_else(Refusal::not_found)?;
    let (base, head) = (resolve(hub, &repo, base_name)?, resolve(hub, &repo, head_name)?);
    let nothing = || {
        let message = format!("No common ancestor between {base_name} and {head_name}.");
        Refusal::new(StatusCode::NOT_FOUND, &message)
    };
    let common = hub.git.merge_base(&repo, &base, &head).ok_or_else(nothing)?;
    let ahead = hub.git.log(&repo, &[&base], &head, MOST)?;
    let behind = hub.git.log(&repo, &[&head], &base, MOST)?.len();
    let files = hub.git.diff(&repo, &common, &head)?;
    let (base_commit, common_commit) = (hub.git.show(&repo, &base)?, hub.git.show(&repo, &common)?);
    let page = match call.query("per_page").or(call.query("page")) {
        Some(_) => Page::of(call),
        None => Page { number: 1, size: USUAL },
    };
    let total = ahead.len();
    let (shown, pages) = page.cut(ahead);
    hub.read(|world| {
        let (view, found) = (View { world, base: hub.base() }, call.repo(world)?);
        let (api, html) = (view.repo_url(found), view.repo_html(found));
        let (short, escaped) = (format!("{base}...{head}"), crate::page::escape(wanted));
        let commits: Vec<Value> = shown.iter().map(|commit| view.commit(found, commit)).collect();
        let files = files.iter().take(if page.number == 1 { MOST_FILES } else { 0 });
        let files: Vec<Value> = files.map(|file| view.changed_file(found, &head, file)).collect();
        let answer = Answer::ok(&json!({
            "url": format!("{api}/compare/{escaped}"),
            "html_url": format!("{html}/compare/{escaped}"),
            "permalink_url": format!("{html}/compare/{short}"),
            "diff_url": format!("{html}/compare/{escaped}.diff"),
            "patch_url": format!("{html}/compare/{escaped}.patch"),
            "base_commit": view.commit(found, &base_commit),
            "merge_base_commit": view.commit(found, &common_commit),
            "status": status(total, behind),
            "ahead_by": total,
            "behind_by": behind,
            "total_commits": total,
            "commits": commits,
            "files": files,
        }));
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

fn status(ahead: usize, behind: usize) -> &'static str {
    match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        (_, _) => "diverged",
    }
}

/// A commit by sha, branch or tag, or by `owner:branch` of another repository of the same network, whose commits come
/// over.
fn resolve(hub: &Hub, repo: &str, name: &str) -> Result<String, Refusal> {
    let Some((owner, branch)) = name.split_once(':') else {
        return hub.git.resolve(repo, name).ok_or_else(Refusal::not_found);
    };
    let other = hub.read(|world| {
        let here = world.repo(repo)?;
        let root = |repo: &Repo| repo.parent.clone().unwrap_or_else(|| key(&repo.full_name()));
        let related = |other: &&Repo| other.owner.eq_ignore_ascii_case(owner) && root(other) == root(here);
        world.repos.values().find(related).map(|other| key(&other.full_name()))
    });
    let other = other.ok_or_else(Refusal::not_found)?;
    let sha = hub.git.tip(&other, branch).ok_or_else(Refusal::not_found)?;
    hub.git.fetch(repo, &other, &sha).map_err(|error: GitError| Refusal::from(error))?;
    Ok(sha)
}
