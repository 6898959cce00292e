//! A plugin that keeps failing is held back, its events wait, and none is lost.

use std::time::Duration;

use host::quarantine::Patience;
use store::TaskState;

use crate::ALONE;
use crate::bench::Bench;
use crate::contract::Contract;
use crate::guests::{DONE, Guest};

const PLUGINS: &str = "
plugins:
  bad: { plugins: [fickle] }
modules:
  fickle: { component: ./fickle.wasm, limits: { deadline: 5s } }
";

/// Held back for longer than this test takes.
const LONG: Patience =
    Patience { failures: 3, first: Duration::from_secs(3600), longest: Duration::from_secs(3600), recovery: 3 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_plugin_in_quarantine_is_handled_by_the_one_that_replaces_it() {
    let _alone = ALONE.lock().await;
    let contract = Contract::read();
    let (bad, good) = (Guest::new("fickle", "unreachable"), Guest::new("fickle", DONE));
    let bench = Bench::start(PLUGINS, &[("fickle".to_owned(), bad.component(&contract))], LONG).await;
    for _ in 0..3 {
        let guid = bench.comment("bad").await;
        assert_eq!(bench.ended(&guid).await.0.state, TaskState::Failed);
    }
    let shown = bench.until("the quarantine", async || bench.gate.quarantine("fickle")).await;
    assert!(shown.state == "held" && shown.reason.contains("unreachable"), "{shown:?}");
    assert!(exposition(&bench).contains("bowsprit_plugin_quarantined{plugin=\"fickle\"} 1"));

    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(bench.comment("bad").await);
    }
    bench
        .until("all to be dispatched", async || (bench.inbox.counts().await.unwrap().undispatched == 0).then_some(()))
        .await;
    for guid in &waiting {
        let report = bench.inbox.show(guid).await.unwrap().unwrap();
        assert_eq!(report.reports[0].state, TaskState::Queued, "{guid} waits");
    }
    bench.replace("fickle", &good.component(&contract));
    for guid in &waiting {
        let (task, _) = bench.ended(guid).await;
        assert_eq!(task.state, TaskState::Done, "{guid}: {:?}", task.reason);
    }
    assert_eq!(bench.gate.quarantine("fickle"), None);
    assert!(exposition(&bench).contains("bowsprit_plugin_quarantined{plugin=\"fickle\"} 0"));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_goes_on_failing_is_tried_again_and_none_of_its_events_is_lost() {
    let _alone = ALONE.lock().await;
    let contract = Contract::read();
    let first = Duration::from_millis(100);
    let patience = Patience { failures: 2, first, longest: first * 2, recovery: 2 };
    let bad = Guest::new("fickle", "unreachable").component(&contract);
    let bench = Bench::start(PLUGINS, &[("fickle".to_owned(), bad)], patience).await;
    let mut guids = Vec::new();
    for _ in 0..12 {
        guids.push(bench.comment("bad").await);
    }
    let mut ends = Vec::new();
    for guid in &guids {
        let (task, _) = bench.ended(guid).await;
        assert_eq!(task.state, TaskState::Failed, "{guid}");
        ends.push(task.finished_at.unwrap());
    }
    ends.sort_unstable();
    // So many may have begun at once before the first of them failed; the others came one at a time, each after a pause.
    let at_once = host::engine::SLOTS_OF_ONE as usize;
    let pauses = ends[at_once - 1..].windows(2).map(|pair| pair[1].duration_since(pair[0]).unsigned_abs());
    let pauses: Vec<_> = pauses.collect();
    assert!(pauses.iter().skip(1).all(|pause| *pause >= first), "{pauses:?}");
    assert_eq!(bench.gate.quarantine("fickle").map(|shown| shown.state), Some("held"));
    bench.stop().await;
}

/// What `/metrics` shows.
fn exposition(bench: &Bench) -> String {
    prometheus::TextEncoder::new().encode_to_string(&bench.metrics.gather()).unwrap()
}
