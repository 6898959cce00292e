//! What a well-behaved plugin notices of one that is not: its latency beside it, held against its latency in quiet times
//! right before. Both are taken in turns, so that whatever else the machine does weighs on both alike.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::bench::Bench;

/// The organisation whose events the well-behaved plugin handles.
pub(crate) const GOOD: &str = "good";
/// How often it has an event, and how many at least each time.
const PACE: Duration = Duration::from_millis(5);
const EVENTS: usize = 4;
/// As the issue of every measurement on a machine that others use: a bad moment is no bad host.
const ATTEMPTS: usize = 5;
/// What the timer of an operating system may add to a median of a few milliseconds.
const GRAIN: Duration = Duration::from_millis(2);

/// What was measured of one hostile plugin.
#[derive(Default)]
pub(crate) struct Measured {
    quiet: Vec<Duration>,
    loud: Vec<Duration>,
    /// How long its own calls took.
    pub(crate) own: Vec<Duration>,
}

impl Measured {
    /// One turn: the well-behaved plugin alone, then beside `hostile`, which says how long its call took.
    pub(crate) async fn turn(&mut self, bench: &Bench, hostile: impl Future<Output = Duration>) {
        self.quiet.extend(beside(bench, async {}).await.1);
        let (own, latencies) = beside(bench, hostile).await;
        self.own.push(own);
        self.loud.extend(latencies);
    }

    /// Why this is not good enough, if it is not.
    pub(crate) fn complaint(&self, longest_own: Duration) -> Option<String> {
        let (quiet, loud, own) = (median(&self.quiet), median(&self.loud), median(&self.own));
        if loud > quiet * 2 + GRAIN {
            return Some(format!("beside it a good plugin takes {loud:?}, and else {quiet:?}"));
        }
        (own > longest_own).then(|| format!("it ended after {own:?}, and {longest_own:?} are allowed"))
    }

    /// For whoever reads the test's output.
    pub(crate) fn line(&self) -> String {
        let (quiet, loud, own) = (median(&self.quiet), median(&self.loud), median(&self.own));
        let ratio = loud.as_secs_f64() / quiet.as_secs_f64();
        format!("own {own:>9.2?}  good beside it {loud:>8.2?}, alone {quiet:>8.2?}: {ratio:.2}  (n {})", self.own.len())
    }
}

/// Measures until it is good enough, a few times at most.
pub(crate) async fn good_enough(name: &str, longest_own: Duration, mut measure: impl AsyncFnMut() -> Measured) {
    let mut complaints = Vec::new();
    for _ in 0..ATTEMPTS {
        let measured = measure().await;
        println!("{name:<16} {}", measured.line());
        match measured.complaint(longest_own) {
            None => return,
            Some(complaint) => complaints.push(complaint),
        }
    }
    panic!("{name}, each time it was measured: {complaints:#?}");
}

/// The well-behaved plugin's latencies for as long as `busy` takes.
async fn beside<T>(bench: &Bench, busy: impl Future<Output = T>) -> (T, Vec<Duration>) {
    let mut busy = std::pin::pin!(busy);
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut guids, mut done) = (Vec::new(), None);
    while done.is_none() || guids.len() < EVENTS {
        tokio::select! {
            answer = &mut busy, if done.is_none() => done = Some(answer),
            _ = pace.tick() => guids.push(bench.comment(GOOD).await),
        }
    }
    let mut latencies = Vec::new();
    for guid in &guids {
        let (task, latency) = bench.ended(guid).await;
        assert_eq!(task.state, store::TaskState::Ignored, "{guid}: {:?}", task.reason);
        latencies.push(latency);
    }
    (done.expect("the loop ends when it is done"), latencies)
}

/// The middle one.
pub(crate) fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
