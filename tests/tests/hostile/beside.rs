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

    /// Why this is not good enough, if it is not. Every one of its own calls counts; only what the machine itself held up a
    /// good plugin for in quiet times, it may have held up that call for, too.
    pub(crate) fn complaint(&self, longest_own: Duration) -> Option<String> {
        for part in [50, 95] {
            let (quiet, loud) = (percentile(&self.quiet, part), percentile(&self.loud, part));
            if loud > quiet * 2 + GRAIN {
                return Some(format!(
                    "beside it {part} % of a good plugin's calls take up to {loud:?}, and else {quiet:?}"
                ));
            }
        }
        let (own, worst, stall) = (percentile(&self.own, 95), percentile(&self.own, 100), percentile(&self.quiet, 100));
        if own > longest_own {
            return Some(format!("95 % of its calls took up to {own:?}, and {longest_own:?} are allowed"));
        }
        (worst > longest_own + stall).then(|| {
            format!("one of its calls took {worst:?}, and {longest_own:?} are allowed, and {stall:?} for the machine")
        })
    }

    /// For whoever reads the test's output.
    pub(crate) fn line(&self) -> String {
        let of = |all: &[Duration]| [50, 95, 100].map(|part| percentile(all, part).as_secs_f64() * 1000.0);
        let ([own, own_95, own_most], [loud, loud_95, _], [quiet, quiet_95, stall]) =
            (of(&self.own), of(&self.loud), of(&self.quiet));
        format!(
            "own {own:.1}, p95 {own_95:.1}, most {own_most:.1} ms; good beside it {loud:.2}, p95 {loud_95:.2}, alone \
             {quiet:.2}, p95 {quiet_95:.2}, most {stall:.1} ms: {:.2}  (n {})",
            loud / quiet,
            self.own.len()
        )
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

/// So many of a hundred are no longer than this.
fn percentile(durations: &[Duration], of_hundred: usize) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * of_hundred).div_ceil(100);
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

#[test]
fn a_percentile_is_one_of_them() {
    let all: Vec<_> = (1..=20).rev().map(Duration::from_millis).collect();
    assert_eq!([50, 95, 100].map(|part| percentile(&all, part).as_millis()), [10, 19, 20]);
    assert_eq!(percentile(&[], 95), Duration::ZERO);
}

#[test]
fn one_call_that_takes_too_long_is_too_many() {
    let ms = |ms: &[u64]| ms.iter().copied().map(Duration::from_millis).collect::<Vec<_>>();
    let check = |quiet: &[u64], loud: &[u64], own: &[u64], want: Option<&str>| {
        let measured = Measured { quiet: ms(quiet), loud: ms(loud), own: ms(own) };
        let got = measured.complaint(Duration::from_millis(100));
        assert_eq!(got.is_none(), want.is_none(), "{got:?}");
        assert!(got.unwrap_or_default().contains(want.unwrap_or_default()), "{want:?}");
    };
    check(&[3; 20], &[5; 20], &[99; 20], None);
    check(&[3; 20], &[9; 20], &[60; 20], Some("a good plugin's calls"));
    check(&[3; 20], &[&[3; 18][..], &[90; 2]].concat(), &[60; 20], Some("95 % of a good plugin's calls"));
    check(&[3; 20], &[3; 20], &[&[60; 18][..], &[101; 2]].concat(), Some("95 % of its calls"));
    check(&[3; 20], &[3; 20], &[&[60; 19][..], &[104]].concat(), Some("one of its calls"));
    check(&[&[3; 19][..], &[30]].concat(), &[3; 20], &[&[60; 19][..], &[104]].concat(), None);
}
