//! Reading GitHub's payloads: what is absent or `null` becomes the empty value, what is unknown is passed over.
//!
//! A strict model would turn each change at GitHub into a lost event.

use serde::{Deserialize, Deserializer, Serialize};

/// For `#[serde(deserialize_with = "null_is_empty")]`: `null` reads like an absent field.
pub(crate) fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// An account. A deleted one (`null` on the wire) has an empty login.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The login; `name[bot]` for an App's bot.
    pub login: String,
    /// The account's id, which a rename leaves as it is.
    pub id: u64,
    /// `User`, `Bot` or `Organization`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Whether one of `users` has this login; GitHub compares logins without regard to case.
pub(crate) fn has_login(users: &[User], login: &str) -> bool {
    users.iter().any(|user| user.login.eq_ignore_ascii_case(login))
}
