//! When to ask again, where the service does not say.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::{SignedDuration, Timestamp};

/// Failures in a row, over all calls to one service.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    failures: AtomicU32,
}

const FIRST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(300);

impl Outage {
    /// The service answered, and counts as up.
    pub(crate) fn over(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Notes one more failure. `said` is what the service asked for; it counts, up to a year.
    pub(crate) fn failed(&self, said: Option<Duration>, now: Timestamp) -> Timestamp {
        let before = self.failures.fetch_add(1, Ordering::Relaxed);
        after(now, said.unwrap_or_else(|| back_off(before)))
    }
}

fn back_off(failures_before: u32) -> Duration {
    FIRST.saturating_mul(1 << failures_before.min(16)).min(LONGEST)
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = wait.min(Duration::from_secs(365 * 24 * 3600));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// `Retry-After` in either of its forms, seconds or a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, want: Option<u64>) {
        let now = "2026-10-21T07:28:00Z".parse().unwrap();
        let headers = [(RETRY_AFTER, header.parse().unwrap())].into_iter().collect();
        assert_eq!(retry_after(&headers, now), want.map(Duration::from_secs), "{header:?}");
    }

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date() {
        check("30", Some(30));
        check(" 0 ", Some(0));
        check("Wed, 21 Oct 2026 07:28:30 GMT", Some(30));
        check("Wed, 21 Oct 2026 07:00:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }

    #[test]
    fn each_failure_in_a_row_doubles_the_wait() {
        let (outage, now) = (Outage::default(), Timestamp::UNIX_EPOCH);
        let seconds = |said: Option<u64>| outage.failed(said.map(Duration::from_secs), now).as_second();
        assert_eq!([seconds(None), seconds(None), seconds(Some(7)), seconds(None)], [2, 4, 7, 16]);
        outage.over();
        assert_eq!(seconds(None), 2);
        (0..100).for_each(|_| _ = outage.failed(None, now));
        assert_eq!(outage.failed(None, now).as_second(), 300);
        assert_eq!(outage.failed(Some(Duration::MAX), now).as_second(), 365 * 24 * 3600);
    }
}
