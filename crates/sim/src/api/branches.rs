//! Branches.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    let refs = hub.git.refs(&call.repo_key())?;
    hub.read(|world| {
        let found = call.repo(world)?;
        let api = View { world, base: hub.base() }.repo_url(found);
        let branches = refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix("refs/heads/")?, sha)));
        Ok(page_of(call, hub.base(), branches.collect(), |(name, sha)| {
            let protected = found.protected.contains_key(name);
            json!({ "name": name, "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") }, "protected": protected })
        }))
    })
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (repo, name) = (call.repo_key(), call.param("branch"));
    let refs = hub.git.refs(&repo)?;
    let absent = || Refusal::new(StatusCode::NOT_FOUND, "Branch not found");
    let sha = refs.get(&format!("refs/heads/{name}")).ok_or_else(absent)?;
    let commit = hub.git.show(&repo, sha)?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let api = format!("{}/branches/{name}", view.repo_url(repo));
        let contexts = repo.protected.get(name);
        let level = if contexts.is_some() { "non_admins" } else { "off" };
        let checks = contexts.into_iter().flatten().map(|context| json!({ "context": context, "app_id": null }));
        let checks: Vec<Value> = checks.collect();
        let required =
            json!({ "enforcement_level": level, "contexts": contexts.cloned().unwrap_or_default(), "checks": checks });
        Ok(Answer::ok(&json!({
            "name": name,
            "commit": view.commit(repo, &commit),
            "_links": { "self": api, "html": format!("{}/tree/{name}", view.repo_html(repo)) },
            "protected": contexts.is_some(),
            "protection": { "enabled": contexts.is_some(), "required_status_checks": required },
            "protection_url": format!("{api}/protection"),
        })))
    })
}
