//! Webhooks and their deliveries.

use serde_json::{Value, json};

use super::View;
use crate::deliveries::Record;
use crate::hook_owner::HookOwner;
use crate::world::Hook;

impl View<'_> {
    /// A webhook. Its secret is never shown.
    pub(crate) fn hook(&self, owner: &HookOwner, hook: &Hook) -> Value {
        let api = match owner {
            HookOwner::Repo(name) => {
                let spelled = self.world.repo(name).map_or_else(|| name.clone(), crate::world::Repo::full_name);
                format!("{}/repos/{spelled}/hooks/{}", self.base, hook.id)
            }
            HookOwner::Org(login) => format!("{}/orgs/{login}/hooks/{}", self.base, hook.id),
            HookOwner::App(_) => format!("{}/app/hook", self.base),
        };
        let kind = match owner {
            HookOwner::Repo(_) => "Repository",
            HookOwner::Org(_) => "Organization",
            HookOwner::App(_) => "App",
        };
        let mut value = json!({
            "type": kind,
            "id": hook.id,
            "name": "web",
            "active": hook.active,
            "events": hook.events,
            "config": hook_config(hook),
            "created_at": hook.created_at,
            "updated_at": hook.updated_at,
            "url": api,
            "ping_url": format!("{api}/pings"),
            "deliveries_url": format!("{api}/deliveries"),
        });
        if let HookOwner::Repo(_) = owner {
            value["test_url"] = json!(format!("{api}/test"));
            let status = match hook.last_code {
                None => "unused",
                Some(200..=299) => "active",
                Some(_) => "misconfigured",
            };
            value["last_response"] = json!({ "code": hook.last_code, "status": status, "message": null });
        }
        value
    }
}

/// The settings of a webhook; a secret shows as stars.
pub(crate) fn hook_config(hook: &Hook) -> Value {
    let mut config = json!({ "url": hook.url, "content_type": "json", "insecure_ssl": "0" });
    if hook.secret.is_some() {
        config["secret"] = json!("********");
    }
    config
}

/// A delivery as it stands in lists.
pub(crate) fn delivery_in_list(record: &Record) -> Value {
    json!({
        "id": record.id,
        "guid": record.guid,
        "delivered_at": record.delivered_at.unwrap_or(record.queued_at),
        "redelivery": record.redelivery,
        "duration": record.duration,
        "status": record.status,
        "status_code": record.status_code.unwrap_or(0),
        "event": record.event,
        "action": record.action,
        "installation_id": record.installation_id,
        "repository_id": record.repository_id,
        "throttled_at": null,
    })
}

/// A delivery with what was sent and what came back.
pub(crate) fn delivery_in_full(record: &Record, url: &str) -> Value {
    let mut value = delivery_in_list(record);
    let payload: Value = serde_json::from_str(&record.payload).unwrap_or(Value::Null);
    value["url"] = json!(url);
    value["request"] = json!({ "headers": record.request_headers, "payload": payload });
    value["response"] = json!({ "headers": record.response_headers, "payload": record.response_body });
    value
}
