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

/// Reads a moment as GitHub writes it, RFC 3339 or (in `push` payloads) seconds, to milliseconds since 1970; 0 for what
/// is neither.
pub(crate) fn millis<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Moment {
        Text(String),
        Seconds(u64),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Moment::deserialize(from)? {
        Moment::Text(text) => {
            let at = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond);
            at.ok().and_then(|at| u64::try_from(at).ok()).unwrap_or_default()
        }
        Moment::Seconds(seconds) => seconds.saturating_mul(1000),
        Moment::Other(_) => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: u64) {
        let mut from = serde_json::Deserializer::from_str(json);
        assert_eq!(millis(&mut from).unwrap(), want, "{json}");
    }

    #[test]
    fn moments_are_milliseconds() {
        check(r#""2026-01-02T03:04:05Z""#, 1_767_323_045_000);
        check("1767323045", 1_767_323_045_000);
        check("null", 0);
        check(r#""yesterday""#, 0);
        check("[]", 0);
    }
}
