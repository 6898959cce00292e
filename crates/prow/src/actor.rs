//! Accounts, as GitHub's payloads show them.

use serde::Deserialize;

/// What kind of account acts. Told apart because a bot's name can be chosen to look like a person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person, or a machine account that signs in like one.
    User,
    /// An automation whose account is not a GitHub App's.
    Bot,
    /// A GitHub App acting as itself: type `Bot`, login ending in `[bot]`.
    App,
    /// An organisation.
    Organization,
    /// A kind that GitHub may add, or none said.
    Other,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
pub struct Actor {
    /// The account's name, as GitHub spells it.
    pub login: String,
    /// GitHub's number for it, which survives a renaming; 0 where the payload has none.
    pub id: u64,
    /// From the payload's `type`.
    pub kind: ActorKind,
}

impl Actor {
    /// GitHub's stand-in for an account that was deleted; payloads carry `null` in its place.
    pub fn ghost() -> Self {
        Self { login: "ghost".to_owned(), id: 10137, kind: ActorKind::User }
    }
}

impl Default for Actor {
    fn default() -> Self {
        Self::ghost()
    }
}

#[derive(Deserialize)]
struct Wire {
    login: String,
    #[serde(default)]
    id: u64,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

impl From<Wire> for Actor {
    fn from(wire: Wire) -> Self {
        let kind = match wire.kind.as_deref() {
            Some("User") => ActorKind::User,
            Some("Bot") if wire.login.ends_with("[bot]") => ActorKind::App,
            Some("Bot") => ActorKind::Bot,
            Some("Organization") => ActorKind::Organization,
            Some(_) | None => ActorKind::Other,
        };
        Self { login: wire.login, id: wire.id, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: ActorKind) {
        let actor: Actor = serde_json::from_str(json).unwrap();
        assert_eq!(actor.kind, want, "{json}");
    }

    #[test]
    fn the_kind_comes_from_the_type_and_not_from_the_name_alone() {
        check(r#"{"login":"a","id":1,"type":"User"}"#, ActorKind::User);
        check(r#"{"login":"a[bot]","id":1,"type":"Bot"}"#, ActorKind::App);
        check(r#"{"login":"a","type":"Bot"}"#, ActorKind::Bot);
        check(r#"{"login":"a[bot]","type":"User"}"#, ActorKind::User);
        check(r#"{"login":"o","type":"Organization"}"#, ActorKind::Organization);
        check(r#"{"login":"o","type":"Mannequin"}"#, ActorKind::Other);
        check(r#"{"login":"o"}"#, ActorKind::Other);
    }
}
