//! Durations as they are written.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::duration::parse_go_duration;

/// A duration in Go's spelling, or a number of nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoDuration(pub Duration);

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = GoDuration;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a duration like `10m` or `1h30m`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
                parse_go_duration(text).map(GoDuration).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, nanos: u64) -> Result<GoDuration, E> {
                Ok(GoDuration(Duration::from_nanos(nanos)))
            }

            fn visit_i64<E: de::Error>(self, nanos: i64) -> Result<GoDuration, E> {
                let nanos = u64::try_from(nanos)
                    .map_err(|_| E::custom(format!("`{nanos}` is negative: write a duration like `10m`")))?;
                self.visit_u64(nanos)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// The same, and where nothing is said, so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DurationOr<const SECONDS: u64>(pub Duration);

impl<const SECONDS: u64> Default for DurationOr<SECONDS> {
    fn default() -> Self {
        Self(Duration::from_secs(SECONDS))
    }
}

impl<'de, const SECONDS: u64> Deserialize<'de> for DurationOr<SECONDS> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<GoDuration>::deserialize(from)?.map_or_else(Self::default, |given| Self(given.0)))
    }
}
