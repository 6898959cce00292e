//! Users, organisations and teams.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{View, extend, node_id};
use crate::world::{Org, UserKind};

impl View<'_> {
    /// An account as it stands in other objects; a login that is gone is GitHub's `ghost`.
    pub(crate) fn account(&self, login: &str) -> Value {
        let (id, login, kind) = if let Some(user) = self.world.user(login) {
            let kind = if user.kind == UserKind::Bot { "Bot" } else { "User" };
            (user.id, user.login.as_str(), kind)
        } else if let Some(org) = self.world.org(login) {
            (org.id, org.login.as_str(), "Organization")
        } else {
            (0, "ghost", "User")
        };
        let api = format!("{}/users/{login}", self.base);
        json!({
            "login": login,
            "id": id,
            "node_id": node_id("U", id),
            "avatar_url": format!("{}/avatars/u/{id}", self.base),
            "gravatar_id": "",
            "url": api,
            "html_url": format!("{}/{login}", self.base),
            "followers_url": format!("{api}/followers"),
            "following_url": format!("{api}/following{{/other_user}}"),
            "gists_url": format!("{api}/gists{{/gist_id}}"),
            "starred_url": format!("{api}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{api}/subscriptions"),
            "organizations_url": format!("{api}/orgs"),
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events{{/privacy}}"),
            "received_events_url": format!("{api}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// An account as `GET /users/{username}` gives it.
    pub(crate) fn profile(&self, login: &str) -> Value {
        let created = self.world.user(login).map(|user| user.created_at);
        let created =
            created.or_else(|| self.world.org(login).map(|org| org.created_at)).unwrap_or(Timestamp::UNIX_EPOCH);
        let repos = self.world.repos.values().filter(|repo| repo.owner.eq_ignore_ascii_case(login) && !repo.private);
        let mut profile = self.account(login);
        extend(
            &mut profile,
            json!({
                "name": null, "company": null, "blog": "", "location": null, "email": null, "hireable": null,
                "bio": null, "twitter_username": null, "public_repos": repos.count(), "public_gists": 0,
                "followers": 0, "following": 0, "created_at": created, "updated_at": created,
            }),
        );
        profile
    }

    /// The account that asks, as `GET /user` gives it.
    pub(crate) fn own_profile(&self, login: &str) -> Value {
        let repos = self.world.repos.values().filter(|repo| repo.owner.eq_ignore_ascii_case(login) && repo.private);
        let private = repos.count();
        let mut profile = self.profile(login);
        extend(
            &mut profile,
            json!({
                "private_gists": 0, "total_private_repos": private, "owned_private_repos": private,
                "disk_usage": 0, "collaborators": 0, "two_factor_authentication": true,
            }),
        );
        profile
    }

    /// An organisation as webhook payloads have it.
    pub(crate) fn org(&self, org: &Org) -> Value {
        let api = format!("{}/orgs/{}", self.base, org.login);
        json!({
            "login": org.login,
            "id": org.id,
            "node_id": node_id("O", org.id),
            "url": api,
            "repos_url": format!("{api}/repos"),
            "events_url": format!("{api}/events"),
            "hooks_url": format!("{api}/hooks"),
            "issues_url": format!("{api}/issues"),
            "members_url": format!("{api}/members{{/member}}"),
            "public_members_url": format!("{api}/public_members{{/member}}"),
            "avatar_url": format!("{}/avatars/u/{}", self.base, org.id),
            "description": null,
        })
    }
}
