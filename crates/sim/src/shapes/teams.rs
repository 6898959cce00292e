//! Teams, and who is in them.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::world::{Org, Team};

impl View<'_> {
    /// A team of the organisation, with the team above it.
    pub(crate) fn team(&self, org: &Org, slug: &str, team: &Team) -> Value {
        let mut value = self.team_alone(org, slug, team);
        let parent = team.parent.as_deref().and_then(|slug| Some((slug, org.teams.get(slug)?)));
        value["parent"] = parent.map_or(Value::Null, |(slug, parent)| self.team_alone(org, slug, parent));
        value
    }

    /// The team of that slug in an organisation, if there is one.
    pub(crate) fn team_of(&self, org: &str, slug: &str) -> Option<Value> {
        let org = self.world.org(org)?;
        org.teams.get(slug).map(|team| self.team(org, slug, team))
    }

    fn team_alone(&self, org: &Org, slug: &str, team: &Team) -> Value {
        let api = format!("{}/organizations/{}/team/{}", self.base, org.id, team.id);
        json!({
            "id": team.id,
            "node_id": node_id("T", team.id),
            "name": team.name,
            "slug": slug,
            "description": null,
            "privacy": "closed",
            "notification_setting": "notifications_enabled",
            "permission": "pull",
            "type": "organization",
            "organization_id": org.id,
            "url": api,
            "html_url": format!("{}/orgs/{}/teams/{slug}", self.base, org.login),
            "members_url": format!("{api}/members{{/member}}"),
            "repositories_url": format!("{api}/repos"),
        })
    }

    /// That the account is in the team.
    pub(crate) fn membership(&self, org: &Org, team: &Team, login: &str) -> Value {
        json!({
            "url": format!("{}/organizations/{}/team/{}/memberships/{login}", self.base, org.id, team.id),
            "role": "member",
            "state": "active",
        })
    }
}
