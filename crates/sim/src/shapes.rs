//! How state looks on the wire: each kind of thing as the REST API and the webhook payloads spell it.

mod account;
mod apps;
mod ci;
mod commits;
mod history;
mod hooks;
mod issues;
mod milestones;
mod pulls;
mod reactions;
mod repos;
mod review_comments;
mod teams;

use serde_json::{Value, json};

use crate::world::World;

pub(crate) use commits::NOREPLY;
pub(crate) use hooks::{delivery_in_full, delivery_in_list, hook_config};

/// A world as seen through links that begin with `base`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// What is shown.
    pub(crate) world: &'a World,
    /// The external URL, without a slash at its end.
    pub(crate) base: &'a str,
}

/// A node id: opaque to callers, so the kind and the number in the clear do.
pub(crate) fn node_id(kind: &str, id: u64) -> Value {
    json!(format!("{kind}_{id}"))
}

/// Copies the fields of `extra` into `object`.
pub(crate) fn extend(object: &mut Value, extra: Value) {
    let Value::Object(extra) = extra else { return };
    if let Some(object) = object.as_object_mut() {
        object.extend(extra);
    }
}
