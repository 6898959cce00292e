//! Whose turn it is: each key is worked on by one at a time, at the earliest moment that anyone asked for.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

/// Delays after failures double from the first to the last of these.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));

/// Keys that wait for their turn, and keys that have it.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    order: BTreeSet<(Instant, String)>,
    due: HashMap<String, Instant>,
    running: HashSet<String>,
    failures: HashMap<String, u32>,
}

impl Turns {
    /// The key gets a turn at `when`, or earlier if that was asked for already.
    pub(crate) fn ask(&mut self, key: &str, when: Instant) {
        match self.due.get(key) {
            Some(due) if *due <= when => return,
            Some(due) => drop(self.order.remove(&(*due, key.to_owned()))),
            None => (),
        }
        self.due.insert(key.to_owned(), when);
        self.order.insert((when, key.to_owned()));
    }

    /// The next key whose moment has come and that nobody works on; it is then worked on until [`Turns::done`].
    pub(crate) fn take(&mut self, now: Instant) -> Option<String> {
        let key = self.order.iter().take_while(|(due, _)| *due <= now).find(|(_, key)| !self.running.contains(key));
        let (due, key) = key?.clone();
        self.order.remove(&(due, key.clone()));
        self.due.remove(&key);
        self.running.insert(key.clone());
        Some(key)
    }

    /// How many keys are worked on.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// When [`Turns::take`] will have something, as far as is known; keys that are worked on do not count.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.order.iter().find(|(_, key)| !self.running.contains(key)).map(|(due, _)| *due)
    }

    /// The turn is over.
    pub(crate) fn done(&mut self, key: &str) {
        self.running.remove(key);
        self.failures.remove(key);
    }

    /// The turn is over and has failed: there will be another, later with each failure in a row.
    pub(crate) fn failed(&mut self, key: &str, now: Instant) {
        self.running.remove(key);
        let count = self.failures.entry(key.to_owned()).or_default();
        *count += 1;
        let delay = BACKOFF.0.saturating_mul(1 << (*count - 1).min(20)).min(BACKOFF.1);
        self.ask(key, now + delay);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_earliest_moment_counts() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.ask("a", now + 9 * SECOND);
        turns.ask("a", now + SECOND);
        turns.ask("a", now + 5 * SECOND);
        assert_eq!(turns.next(), Some(now + SECOND));
        assert_eq!(turns.take(now), None);
        assert_eq!(turns.take(now + SECOND).as_deref(), Some("a"));
        assert_eq!(turns.next(), None);
    }

    #[test]
    fn one_at_a_time() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.ask("a", now);
        assert!(turns.take(now).is_some());
        turns.ask("a", now);
        turns.ask("b", now);
        assert_eq!(turns.take(now).as_deref(), Some("b"));
        assert_eq!((turns.take(now), turns.next(), turns.running()), (None, None, 2));
        turns.done("a");
        assert_eq!(turns.take(now).as_deref(), Some("a"), "what was asked meanwhile is not lost");
    }

    #[test]
    fn failures_wait_longer_each_time_and_a_success_forgives() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let mut delays = Vec::new();
        for _ in 0..20 {
            turns.failed("a", now);
            let next = turns.next().unwrap();
            delays.push(next - now);
            assert!(turns.take(next).is_some());
        }
        assert_eq!(delays[..3], [BACKOFF.0, BACKOFF.0 * 2, BACKOFF.0 * 4]);
        assert_eq!(delays[19], BACKOFF.1);
        turns.done("a");
        turns.failed("a", now);
        assert_eq!(turns.next(), Some(now + BACKOFF.0));
    }
}
