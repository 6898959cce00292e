//! What happened to an issue or pull request.

use std::sync::Arc;

use crate::answer::{Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        Ok(page_of(call, hub.base(), issue.history.iter().collect(), |event| view.history_event(repo, event)))
    })
}
