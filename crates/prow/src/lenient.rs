//! Reading what GitHub sends: `null` where a value was expected means "nothing", not "unreadable".

use serde::{Deserialize, Deserializer};

/// Takes `null` as the type's default. With `#[serde(default)]`, which covers the absent key, a field can then do
/// without an `Option` that every reader would flatten.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
