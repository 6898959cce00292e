//! An organisation's teams. Permission: members.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};

/// A team.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Team {
    /// Its id, which a rename leaves as it is.
    pub id: u64,
    /// Its name in URLs and mentions.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// One line about it.
    #[serde(deserialize_with = "null_is_empty")]
    pub description: String,
    /// The team above it.
    pub parent: Option<Box<Team>>,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

const TEAMS: &str = "/orgs/{org}/teams";
const TEAM_MEMBERS: &str = "/orgs/{org}/teams/{team_slug}/members";
const MEMBERSHIP: &str = "/orgs/{org}/teams/{team_slug}/memberships/{username}";

impl Api {
    /// The teams of `org`, whatever their depth.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] or [`crate::ApiErrorKind::NotFound`] where the token may not see them.
    pub async fn list_teams(&self, org: &str) -> Result<Vec<Team>, ApiError> {
        self.list(Call::get(TEAMS, &[org])?).await
    }

    /// Those in a team, and in the teams below it.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such team.
    pub async fn list_team_members(&self, org: &str, slug: &str) -> Result<Vec<User>, ApiError> {
        self.list(Call::get(TEAM_MEMBERS, &[org, slug])?).await
    }

    /// Whether `user` is in a team or in one below it. Who was invited and has not answered is not.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the token may not ask. A team that is not there has no members: GitHub's
    /// answer is the same.
    pub async fn is_team_member(&self, org: &str, slug: &str, user: &str) -> Result<bool, ApiError> {
        match self.get::<Membership>(Call::get(MEMBERSHIP, &[org, slug, user])?).await {
            Ok(membership) => Ok(membership.state == "active"),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
