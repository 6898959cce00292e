//! Branches.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    let refs = hub.git.refs(&call.repo_key())?;
    hub.read(|world| {
        let api = View { world, base: hub.base() }.repo_url(call.repo(world)?);
        let branches = refs.iter().filter_map(|(name, sha)| Some((name.strip_prefix("refs/heads/")?, sha)));
        Ok(page_of(call, hub.base(), branches.collect(), |(name, sha)| {
            json!({ "name": name, "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") }, "protected": false })
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
        let none = json!({ "enforcement_level": "off", "contexts": [], "checks": [] });
        Ok(Answer::ok(&json!({
            "name": name,
            "commit": view.commit(repo, &commit),
            "_links": { "self": api, "html": format!("{}/tree/{name}", view.repo_html(repo)) },
            "protected": false,
            "protection": { "enabled": false, "required_status_checks": none },
            "protection_url": format!("{api}/protection"),
        })))
    })
}
