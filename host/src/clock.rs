//! Waiting for a time on the wall's clock, which may be set to another while one waits.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// How soon the wall's clock is looked at again: it may have been set forward.
const LOOK: Duration = Duration::from_secs(30);

/// Waits until the wall's clock shows `until`, and no longer than that is away now: what was to wait two seconds does not wait
/// for hours because the clock went wrong before, and was put right meanwhile.
pub(crate) async fn wait_until(until: Timestamp) {
    let left = || until.duration_since(Timestamp::now()).try_into().unwrap_or(Duration::ZERO);
    let (begun, away) = (Instant::now(), left());
    while let Some(pause) = pause(left(), away.saturating_sub(begun.elapsed())) {
        tokio::time::sleep(pause).await;
    }
}

/// How long to sleep before the next look, with so much left by the wall's clock and by one that is never set; none if either
/// says that it is time.
fn pause(by_wall: Duration, by_own: Duration) -> Option<Duration> {
    let left = by_wall.min(by_own);
    (!left.is_zero()).then(|| left.min(LOOK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_says_sooner_that_it_is_time_is_believed() {
        let check = |by_wall: u64, by_own: u64, want: Option<u64>| {
            let got = pause(Duration::from_secs(by_wall), Duration::from_secs(by_own));
            assert_eq!(got, want.map(Duration::from_secs), "{by_wall} {by_own}");
        };
        check(2, 2, Some(2));
        check(0, 2, None);
        check(3 * 3600, 0, None);
        check(3 * 3600, 1, Some(1));
        check(3600, 3600, Some(30));
    }

    #[tokio::test]
    async fn what_is_past_is_not_waited_for() {
        let begun = std::time::Instant::now();
        wait_until(Timestamp::UNIX_EPOCH).await;
        wait_until(Timestamp::now() + Duration::from_millis(50)).await;
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}
