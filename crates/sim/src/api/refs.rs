//! Git refs.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::git::ZERO;
use crate::hub::Hub;
use crate::moved::Move;
use crate::page::list;
use crate::shapes::View;

#[derive(Deserialize)]
struct NewRef {
    r#ref: String,
    sha: String,
}

#[derive(Deserialize)]
struct Target {
    sha: String,
    #[serde(default)]
    force: bool,
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let name = format!("refs/{}", call.param("ref"));
    let refs = hub.git.refs(&call.repo_key())?;
    let sha = refs.get(&name).ok_or_else(Refusal::not_found)?;
    hub.read(|world| Ok(Answer::ok(&View { world, base: hub.base() }.git_ref(call.repo(world)?, &name, sha))))
}

pub(crate) fn matching(hub: &Arc<Hub>, call: &Call) -> Reply {
    let prefix = format!("refs/{}", call.param("ref"));
    let refs = hub.git.refs(&call.repo_key())?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let found: Vec<_> = refs.iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
        Ok(list(call, hub.base(), found, |(name, sha)| view.git_ref(repo, name, sha)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewRef = call.json()?;
    if !new.r#ref.starts_with("refs/") || new.r#ref.matches('/').count() < 2 || !hub.git.valid_ref(&new.r#ref) {
        return Err(Refusal::unprocessable(&format!("{} is not a valid ref name.", new.r#ref)));
    }
    not_hidden(&new.r#ref)?;
    let repo = call.repo_key();
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    if hub.git.refs(&repo)?.contains_key(&new.r#ref) {
        return Err(Refusal::unprocessable("Reference already exists"));
    }
    point(hub, call, &new.r#ref, ZERO, &new.sha)?;
    hub.read(|world| {
        Ok(Answer::created(&View { world, base: hub.base() }.git_ref(call.repo(world)?, &new.r#ref, &new.sha)))
    })
}

pub(crate) fn update(hub: &Arc<Hub>, call: &Call) -> Reply {
    let target: Target = call.json()?;
    let name = format!("refs/{}", call.param("ref"));
    not_hidden(&name)?;
    let repo = call.repo_key();
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let refs = hub.git.refs(&repo)?;
    let before = refs.get(&name).ok_or_else(|| Refusal::unprocessable("Reference does not exist"))?;
    known_commit(hub, &repo, &target.sha)?;
    if !target.force && !hub.git.is_ancestor(&repo, before, &target.sha) {
        return Err(Refusal::unprocessable("Update is not a fast forward"));
    }
    point(hub, call, &name, before, &target.sha)?;
    hub.read(|world| Ok(Answer::ok(&View { world, base: hub.base() }.git_ref(call.repo(world)?, &name, &target.sha))))
}

pub(crate) fn delete(hub: &Arc<Hub>, call: &Call) -> Reply {
    let name = format!("refs/{}", call.param("ref"));
    not_hidden(&name)?;
    let (repo, login) = (call.repo_key(), hub.read(|world| call.login(world))?);
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let before = hub.git.refs(&repo)?.get(&name).cloned();
    let before = before.ok_or_else(|| Refusal::unprocessable("Reference does not exist"))?;
    let branch = name.trim_start_matches("refs/heads/");
    if hub.read(|world| call.repo(world).map(|repo| repo.protected.contains_key(branch)))? {
        return Err(Refusal::unprocessable("Cannot delete protected branch"));
    }
    hub.git.delete_ref(&repo, &name)?;
    hub.refs_moved(&repo, &[Move { name, before, after: ZERO.to_owned() }], &login)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// The refs of pull requests follow their branches and nothing else.
fn not_hidden(name: &str) -> Result<(), Refusal> {
    let hidden = name.starts_with("refs/pull/");
    if hidden { Err(Refusal::unprocessable("Reference cannot be updated")) } else { Ok(()) }
}

fn known_commit(hub: &Hub, repo: &str, sha: &str) -> Result<(), Refusal> {
    let full = sha.len() == 40 && hub.git.resolve(repo, sha).as_deref() == Some(sha);
    if full { Ok(()) } else { Err(Refusal::unprocessable("Object does not exist")) }
}

/// Points the ref at a commit and draws the consequences. The caller holds `moving_refs`.
fn point(hub: &Arc<Hub>, call: &Call, name: &str, before: &str, sha: &str) -> Result<(), Refusal> {
    let (repo, login) = (call.repo_key(), hub.read(|world| call.login(world))?);
    known_commit(hub, &repo, sha)?;
    hub.git.update_ref(&repo, name, sha, Some(before))?;
    let moved = Move { name: name.to_owned(), before: before.to_owned(), after: sha.to_owned() };
    Ok(hub.refs_moved(&repo, &[moved], &login)?)
}
