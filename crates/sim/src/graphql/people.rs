//! What accounts show of themselves to everyone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Ask, Trouble};
use crate::hub::Hub;
use crate::world::{User, UserKind};

pub(super) fn is_busy(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    let login = ask.text("login")?;
    hub.read(|world| {
        let user = world.user(login).filter(|user| user.kind == UserKind::User);
        let busy = user.ok_or_else(|| Trouble::no_user(login))?.busy;
        // Who never set a status has none.
        Ok(json!({ "status": busy.then(|| json!({ "indicatesLimitedAvailability": true })) }))
    })
}

/// Only addresses are searched for, and as GitHub does, by any part of them.
pub(super) fn find(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    let part = ask.text("query")?.trim_end_matches("in:email").trim().to_lowercase();
    let shows = |user: &&User| user.email.as_deref().is_some_and(|email| email.to_lowercase().contains(&part));
    hub.read(|world| {
        let node = |user: &User| json!({ "__typename": "User", "login": user.login, "email": user.email });
        Ok(json!({ "nodes": world.users.values().filter(shows).map(node).collect::<Vec<_>>() }))
    })
}
