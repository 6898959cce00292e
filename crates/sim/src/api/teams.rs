//! Teams of an organisation.

use std::sync::Arc;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::orgs::own_org;
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::roles::members_of;
use crate::shapes::View;
use crate::world::{Org, Team, World, key};

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (org, view) = (own_org(world, call)?, View { world, base: hub.base() });
        let teams: Vec<(&String, &Team)> = org.teams.iter().collect();
        Ok(page_of(call, hub.base(), teams, |(slug, team)| view.team(org, slug, team)))
    })
}

/// Those of the teams below are in the list too.
pub(crate) fn members(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (org, slug, _) = own_team(world, call)?;
        let (members, view) = (members_of(org, slug), View { world, base: hub.base() });
        Ok(page_of(call, hub.base(), members.into_iter().collect(), |login| view.account(&login)))
    })
}

pub(crate) fn membership(hub: &Arc<Hub>, call: &Call) -> Reply {
    let login = call.param("username");
    hub.read(|world| {
        let (org, slug, team) = own_team(world, call)?;
        if !members_of(org, slug).contains(&key(login)) {
            return Err(Refusal::not_found());
        }
        Ok(Answer::ok(&View { world, base: hub.base() }.membership(org, team, login)))
    })
}

fn own_team<'a>(world: &'a World, call: &Call) -> Result<(&'a Org, &'a str, &'a Team), Refusal> {
    let org = own_org(world, call)?;
    let (slug, team) = org.teams.get_key_value(&key(call.param("team_slug"))).ok_or_else(Refusal::not_found)?;
    Ok((org, slug, team))
}
