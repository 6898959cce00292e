//! When what failed is tried again, where we or the machine were in the way.

use std::time::{Duration, Instant};

/// The first pause before another try; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// When something is tried again, and how long that was waited for.
#[derive(Debug)]
pub(super) struct Pause {
    until: Instant,
    length: Duration,
}

impl Pause {
    pub(super) fn after(before: Option<Pause>, now: Instant) -> Self {
        let length = before.map_or(PAUSE, |before| (before.length * 2).min(LONGEST_PAUSE));
        Pause { until: now + length, length }
    }

    pub(super) fn is_over(pause: Option<&Self>, now: Instant) -> bool {
        pause.is_some_and(|pause| now >= pause.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut now = Instant::now();
        let mut pause = Pause::after(None, now);
        let mut lengths = Vec::new();
        for _ in 0..8 {
            assert!(!Pause::is_over(Some(&pause), now));
            now += pause.length;
            assert!(Pause::is_over(Some(&pause), now));
            lengths.push(pause.length.as_secs());
            pause = Pause::after(Some(pause), now);
        }
        assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(!Pause::is_over(None, now));
    }
}
