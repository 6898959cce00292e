//! Who may do what in a repository. Permission: metadata.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::{User, null_is_empty};
use crate::repos::RepoName;

/// What an account may do in a repository; each level includes those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PermissionLevel {
    /// Not even see it, where it is private.
    #[default]
    None,
    /// See it and talk in it.
    Read,
    /// Also label and close.
    Triage,
    /// Also push.
    Write,
    /// Also some of its settings.
    Maintain,
    /// Everything.
    Admin,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Permission {
    #[serde(deserialize_with = "null_is_empty")]
    permission: String,
    #[serde(deserialize_with = "null_is_empty")]
    user: Holder,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Holder {
    permissions: Option<Flags>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Flags {
    pull: bool,
    triage: bool,
    push: bool,
    maintain: bool,
    admin: bool,
}

const COLLABORATORS: &str = "/repos/{owner}/{repo}/collaborators";
const COLLABORATOR: &str = "/repos/{owner}/{repo}/collaborators/{username}";
const PERMISSION: &str = "/repos/{owner}/{repo}/collaborators/{username}/permission";

impl Api {
    /// Whether `user` may at least read `repo` as a collaborator; the owner may, which costs no call.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the token may not ask.
    pub async fn is_collaborator(&self, repo: &RepoName, user: &str) -> Result<bool, ApiError> {
        if repo.org.eq_ignore_ascii_case(user) {
            return Ok(true);
        }
        self.is_there(Call::get(COLLABORATOR, &[&repo.org, &repo.repo, user])?, |_| None).await
    }

    /// Everyone who has access: by invitation, by a team, by being a member or an owner.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the token may not ask: a personal one needs push access.
    pub async fn list_collaborators(&self, repo: &RepoName) -> Result<Vec<User>, ApiError> {
        self.list(Call::get(COLLABORATORS, &[&repo.org, &repo.repo])?).await
    }

    /// What `user` may do in `repo`, from wherever it comes. Anyone may read what is public.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such account.
    pub async fn permission_of(&self, repo: &RepoName, user: &str) -> Result<PermissionLevel, ApiError> {
        let found: Permission = self.get(Call::get(PERMISSION, &[&repo.org, &repo.repo, user])?).await?;
        Ok(level(&found))
    }
}

/// The flags tell `triage` and `maintain` apart, and a role of an organisation's own making by what it includes; the
/// word alone, which knows neither, is what older Enterprise servers give.
fn level(found: &Permission) -> PermissionLevel {
    match (&found.user.permissions, found.permission.as_str()) {
        (Some(Flags { admin: true, .. }), _) | (None, "admin") => PermissionLevel::Admin,
        (Some(Flags { maintain: true, .. }), _) => PermissionLevel::Maintain,
        (Some(Flags { push: true, .. }), _) | (None, "write") => PermissionLevel::Write,
        (Some(Flags { triage: true, .. }), _) => PermissionLevel::Triage,
        (Some(Flags { pull: true, .. }), _) | (None, "read") => PermissionLevel::Read,
        (Some(_) | None, _) => PermissionLevel::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_word_counts() {
        let check = |json: &str, want: PermissionLevel| {
            assert_eq!(level(&serde_json::from_str(json).unwrap()), want, "{json}");
        };
        check(r#"{"permission":"admin"}"#, PermissionLevel::Admin);
        check(r#"{"permission":"write","user":null}"#, PermissionLevel::Write);
        check(r#"{"permission":"none"}"#, PermissionLevel::None);
        let flags = |set: &str, word: &str| {
            format!(r#"{{"permission":"{word}","role_name":"own","user":{{"login":"a","permissions":{{{set}}}}}}}"#)
        };
        check(&flags(r#""pull":true,"triage":true"#, "read"), PermissionLevel::Triage);
        check(&flags(r#""pull":true,"triage":true,"push":true,"maintain":true"#, "write"), PermissionLevel::Maintain);
        check(&flags(r#""pull":true"#, "read"), PermissionLevel::Read);
        check(&flags("", "none"), PermissionLevel::None);
    }
}
