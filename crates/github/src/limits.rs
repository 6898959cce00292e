//! What GitHub's headers say of budgets and waiting.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

/// The rate-limit headers of one answer; a header that is absent or no number counts as not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) remaining: Option<u64>,
    pub(crate) reset: Option<Timestamp>,
    /// Which budget the call was paid from: `core`, `search`, …
    pub(crate) resource: Option<String>,
    pub(crate) retry_after: Option<Duration>,
}

impl Limits {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        Self {
            remaining: text("x-ratelimit-remaining").and_then(|value| value.parse().ok()),
            reset: text("x-ratelimit-reset")
                .and_then(|value| value.parse().ok())
                .and_then(|seconds| Timestamp::from_second(seconds).ok()),
            resource: text("x-ratelimit-resource").filter(|value| !value.is_empty()).map(str::to_owned),
            retry_after: text("retry-after").and_then(|value| value.parse().ok()).map(Duration::from_secs),
        }
    }
}
