//! A repository and who may do what in it.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::roles::{self, legacy_permission, role_of};
use crate::shapes::{View, extend};
use crate::world::Role;

pub(crate) fn repo(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let repo = call.repo(world)?;
        let role = role_of(world, repo, call.who.login(world).as_deref());
        Ok(Answer::ok(&View { world, base: hub.base() }.repo_in_full(repo, role)))
    })
}

pub(crate) fn is_collaborator(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        if roles::is_collaborator(world, call.repo(world)?, call.param("username")) {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        Ok(Answer::empty(StatusCode::NOT_FOUND))
    })
}

pub(crate) fn collaborators(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (repo, view) = (call.repo(world)?, View { world, base: hub.base() });
        let people: Vec<&String> =
            world.users.keys().filter(|login| roles::is_collaborator(world, repo, login)).collect();
        Ok(page_of(call, hub.base(), people, |login| {
            let role = role_of(world, repo, Some(login));
            let mut user = view.account(login);
            extend(&mut user, json!({ "role_name": role, "permissions": flags(role) }));
            user
        }))
    })
}

pub(crate) fn permission(hub: &Arc<Hub>, call: &Call) -> Reply {
    let login = call.param("username");
    hub.read(|world| {
        if world.user(login).is_none() {
            return Err(Refusal::not_found());
        }
        let role = role_of(world, call.repo(world)?, Some(login));
        let mut user = View { world, base: hub.base() }.account(login);
        extend(&mut user, json!({ "role_name": role, "permissions": flags(role) }));
        Ok(Answer::ok(&json!({ "permission": legacy_permission(role), "role_name": role, "user": user })))
    })
}

fn flags(role: Role) -> Value {
    json!({
        "admin": role >= Role::Admin, "maintain": role >= Role::Maintain, "push": role >= Role::Write,
        "triage": role >= Role::Triage, "pull": role >= Role::Read,
    })
}
