//! Organisations: who is in them and what they own.

use std::sync::Arc;

use http::StatusCode;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list;
use crate::permissions::sees_members;
use crate::roles::role_of;
use crate::shapes::View;
use crate::world::{Org, Role, World};

pub(crate) fn members(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let org = own_org(world, call)?;
        // Membership is private here, so that to others the organisation looks empty.
        let seen = sees_members(world, call, &org.login);
        let logins: Vec<&String> = org.members.keys().filter(|_| seen).collect();
        let view = View { world, base: hub.base() };
        Ok(list(call, hub.base(), logins, |login| view.account(login)))
    })
}

pub(crate) fn is_member(hub: &Arc<Hub>, call: &Call) -> Reply {
    let login = call.param("username");
    hub.read(|world| {
        let org = own_org(world, call)?;
        if !sees_members(world, call, &org.login) {
            // Who is not a member is sent on to ask about public membership.
            let public = format!("{}/orgs/{}/public_members/{login}", hub.base(), org.login);
            return Ok(Answer::empty(StatusCode::FOUND).with("location", &public));
        }
        if crate::roles::is_member(world, &org.login, login) {
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        Ok(Answer::empty(StatusCode::NOT_FOUND))
    })
}

pub(crate) fn repos(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let org = own_org(world, call)?;
        let login = call.who.login(world);
        let visible = |repo: &&crate::world::Repo| match &call.who {
            crate::auth::Who::Installation { .. } => call.who.reaches(world, repo),
            _ => role_of(world, repo, login.as_deref()) >= Role::Read,
        };
        let own = world.repos.values().filter(|repo| repo.owner.eq_ignore_ascii_case(&org.login)).filter(visible);
        let view = View { world, base: hub.base() };
        Ok(list(call, hub.base(), own.collect(), |repo| view.repo(repo)))
    })
}

pub(super) fn own_org<'a>(world: &'a World, call: &Call) -> Result<&'a Org, Refusal> {
    world.org(call.param("org")).ok_or_else(Refusal::not_found)
}
