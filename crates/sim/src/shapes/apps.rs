//! Apps, installations and their tokens.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::world::{App, Installation, InstallationToken};

impl View<'_> {
    /// An app as it sees itself.
    pub(crate) fn app(&self, app: &App) -> Value {
        json!({
            "id": app.id,
            "slug": app.slug,
            "node_id": node_id("A", app.id),
            "client_id": format!("Iv1.{:016x}", app.id),
            "owner": self.account(&app.owner),
            "name": app.name,
            "description": null,
            "external_url": format!("{}/apps/{}", self.base, app.slug),
            "html_url": format!("{}/apps/{}", self.base, app.slug),
            "created_at": app.created_at,
            "updated_at": app.created_at,
            "permissions": app.permissions,
            "events": app.events,
            "installations_count": self.world.installations.values().filter(|i| i.app_id == app.id).count(),
        })
    }

    /// An app at an account.
    pub(crate) fn installation(&self, app: &App, installation: &Installation) -> Value {
        let account = self.account(&installation.account);
        let id = installation.id;
        json!({
            "id": id,
            "account": account,
            "repository_selection": if installation.repos.is_some() { "selected" } else { "all" },
            "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", self.base),
            "repositories_url": format!("{}/installation/repositories", self.base),
            "html_url": format!("{}/organizations/{}/settings/installations/{id}", self.base, installation.account),
            "app_id": app.id,
            "app_slug": app.slug,
            "target_id": account["id"],
            "target_type": account["type"],
            "permissions": installation.permissions,
            "events": app.events,
            "created_at": installation.created_at,
            "updated_at": installation.created_at,
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": null,
            "suspended_at": null,
        })
    }

    /// A token that was just made.
    pub(crate) fn installation_token(&self, token: &str, made: &InstallationToken, narrowed: bool) -> Value {
        let mut value = json!({
            "token": token,
            "expires_at": made.expires_at,
            "permissions": made.permissions,
            "repository_selection": if made.repos.is_some() { "selected" } else { "all" },
        });
        if let Some(names) = made.repos.as_ref().filter(|_| narrowed) {
            let repos = names.iter().filter_map(|name| self.world.repo(name)).map(|repo| self.repo(repo));
            value["repositories"] = repos.collect();
        }
        value
    }
}
