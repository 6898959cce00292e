//! How long a run has waited for others: far sides, and the journal's commits. When its time is up, that tells whose time it
//! was.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A stopwatch that a run and whoever ends the run both hold.
#[derive(Clone, Default)]
pub struct Waited(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    total: Duration,
    /// How many waits there are at this moment, and since when there is any.
    running: u32,
    since: Option<Instant>,
}

/// One wait, to its end or until it is cut off.
struct Wait<'a>(&'a Waited);

impl<'a> Wait<'a> {
    fn begin(waited: &'a Waited) -> Self {
        let mut state = waited.state();
        state.running += 1;
        state.since.get_or_insert_with(Instant::now);
        Self(waited)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        if state.running == 0 {
            let waited = state.since.take().map_or(Duration::ZERO, |since| since.elapsed());
            state.total += waited;
        }
    }
}

impl Waited {
    /// Measures how long `work` waits. What it computes meanwhile is not counted: that is done for the guest, and in its time.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let (mut work, mut wait) = (pin!(work), None);
        poll_fn(|context| {
            wait = None;
            let polled = work.as_mut().poll(context);
            wait = polled.is_pending().then(|| Wait::begin(self));
            polled
        })
        .await
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
        let pause = || tokio::time::sleep(Duration::from_millis(20));
        for _ in 0..3 {
            waited.during(pause()).await;
        }
        assert!(waited.most_of(Duration::from_millis(110)));
        assert!(!waited.most_of(Duration::from_secs(60)));

        // Two at a time are one wait, from the first's beginning to the last's end.
        let both = Waited::default();
        let begun = Instant::now();
        let longer = tokio::time::sleep(Duration::from_millis(60));
        tokio::join!(both.during(pause()), both.during(longer));
        assert!(both.most_of(begun.elapsed()) && !both.most_of(begun.elapsed() * 3));

        let computing = Waited::default();
        computing.during(async { std::thread::sleep(Duration::from_millis(20)) }).await;
        assert!(!computing.most_of(Duration::from_millis(10)));

        let cut = Waited::default();
        let begun = Instant::now();
        let pause = cut.during(std::future::pending::<()>());
        tokio::time::timeout(Duration::from_millis(20), pause).await.unwrap_err();
        assert!(cut.most_of(begun.elapsed()));
    }
}
