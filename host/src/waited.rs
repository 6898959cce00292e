//! How long a run has waited for others: far sides, and the journal's commits. When its time is up, that tells whose time it
//! was.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A stopwatch that a run and whoever ends the run both hold.
#[derive(Clone, Default)]
pub struct Waited(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    total: Duration,
    since: Option<Instant>,
}

impl Waited {
    /// Measures a wait, to its end or until now if it is cut off.
    pub(crate) async fn during<T>(&self, wait: impl Future<Output = T>) -> T {
        self.state().since = Some(Instant::now());
        let answer = wait.await;
        let mut state = self.state();
        let waited = state.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        state.total += waited;
        answer
    }

    /// Whether most of `time` was spent waiting, a wait that still goes on included.
    pub fn most_of(&self, time: Duration) -> bool {
        let state = self.state();
        let running = state.since.map_or(Duration::ZERO, |since| since.elapsed());
        (state.total + running) * 2 > time
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the stopwatch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_waits_are_counted_one_that_was_cut_off_too() {
        let waited = Waited::default();
        assert!(!waited.most_of(Duration::from_millis(1)));
        for _ in 0..3 {
            waited.during(async { std::thread::sleep(Duration::from_millis(20)) }).await;
        }
        assert!(waited.most_of(Duration::from_millis(110)));
        assert!(!waited.most_of(Duration::from_secs(60)));

        let cut = Waited::default();
        let begun = Instant::now();
        let pause = cut.during(std::future::pending::<()>());
        tokio::time::timeout(Duration::from_millis(20), pause).await.unwrap_err();
        assert!(cut.most_of(begun.elapsed()));
    }
}
