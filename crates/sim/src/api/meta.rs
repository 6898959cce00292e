//! The caller itself, accounts, and the rate limit.

use std::sync::Arc;

use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::budget::Resource;
use crate::call::Call;
use crate::hub::Hub;
use crate::shapes::View;
use crate::world::now;

pub(crate) fn user(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let login = call.login(world)?;
        Ok(Answer::ok(&View { world, base: hub.base() }.own_profile(&login)))
    })
}

pub(crate) fn user_by_login(hub: &Arc<Hub>, call: &Call) -> Reply {
    let login = call.param("username");
    hub.read(|world| {
        if world.user(login).is_none() && world.org(login).is_none() {
            return Err(Refusal::not_found());
        }
        Ok(Answer::ok(&View { world, base: hub.base() }.profile(login)))
    })
}

pub(crate) fn rate_limit(hub: &Arc<Hub>, call: &Call) -> Reply {
    let who = hub.read(|world| call.who.label(world));
    let standing = |resource| hub.budget.take(&who, resource, now().as_second(), 0).show();
    let core = standing(Resource::Core);
    let (search, graphql) = (standing(Resource::Search), standing(Resource::GraphQl));
    Ok(Answer::ok(&json!({ "resources": { "core": core, "search": search, "graphql": graphql }, "rate": core })))
}
