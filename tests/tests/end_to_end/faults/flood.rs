//! More than is wanted, of what is wanted and of what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use store::{Counts, DeliveryState, Filter};
use tests::demo_config;
use tests::hook::{self, Sent, comment_payload};
use tests::measure::{Memory, Sample};
use tests::world::{Options, World, seen};
use tokio::task::JoinSet;

use super::{SOON, guid, options, post, stage};

/// Who posts at a time.
const SENDERS: usize = 64;
/// A burst.
const BURST: usize = 10_000;
/// What a flood may add to the host's memory.
const MOST_MEMORY_KIB: u64 = 192 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_deliveries_are_taken_beside_a_flood_of_forged_ones() {
    let mut stage = stage(options()).await;
    let pid = stage.world.host().unwrap().pid();
    let before = Memory::of(pid).peak;
    let (stop, forged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut flood = JoinSet::new();
    for _ in 0..SENDERS {
        let (stop, forged) = (stop.clone(), forged.clone());
        let (http, url) = (stage.world.http.clone(), stage.world.hook_url());
        // As long as a usual one, so that there is something to hash.
        let body = comment_payload(1, "mallory", &"/hold ".repeat(2000));
        flood.spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let guid = guid(1_000_000 + forged.fetch_add(1, Ordering::SeqCst));
                let sent = Sent { event: "issue_comment", guid: &guid, body: body.as_bytes(), secret: "a guess" };
                let answer = hook::post(&http, &url, &sent).await.unwrap();
                assert_eq!(answer.code, 403, "{}", answer.text);
            }
        });
    }
    let mut answers = Vec::new();
    for at in 0..100 {
        let sent = Instant::now();
        assert_eq!(post(&stage.world, &guid(at), 1, "Just words.").await, Some(200));
        answers.push(sent.elapsed());
    }
    stop.store(true, Ordering::SeqCst);
    while let Some(ended) = flood.join_next().await {
        ended.unwrap();
    }
    let forged = forged.load(Ordering::SeqCst);
    let (slowest, answers) = (answers.iter().max().copied().unwrap(), answers.into_iter().collect::<Sample>());
    let grown = Memory::of(pid).peak - before;
    println!("{forged} forged ones; the good ones: {answers}, slowest {slowest:?}; {grown} KiB more in memory");
    assert!(forged >= 100, "{forged} are no flood");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(grown < MOST_MEMORY_KIB, "{grown} KiB");
    stage.idle().await.unwrap();
    let kept = stage.world.inbox().await.unwrap().list(&Filter::default()).await.unwrap();
    assert_eq!(kept.len(), 100, "nothing forged is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_ten_thousand_is_acknowledged_and_handled_whole() {
    // One plugin, which has to be asked about each.
    let plugins = "plugins:\n  my-org:\n    plugins: [hold]\n";
    let config = demo_config::example("config.yaml").unwrap();
    let mut stage = stage(Options { started: false, ..Options::new(config, plugins) }).await;
    let pid = stage.world.host().unwrap().pid();
    let before = Memory::of(pid).peak;
    let begun = Instant::now();
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let next = next.clone();
        let (http, url, secret) = (stage.world.http.clone(), stage.world.hook_url(), stage.world.secret.clone());
        senders.spawn(async move {
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                if at >= BURST {
                    return;
                }
                let number = u64::try_from(at % 500).unwrap() + 1;
                let body = comment_payload(number, "bob", "Just words.");
                let guid = guid(at);
                let sent = Sent { event: "issue_comment", guid: &guid, body: body.as_bytes(), secret: &secret };
                let answer = hook::post(&http, &url, &sent).await.unwrap();
                assert_eq!(answer.code, 200, "{}", answer.text);
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    let acknowledged = begun.elapsed();
    handled(&mut stage.world).await;
    let grown = Memory::of(pid).peak - before;
    println!("acknowledged in {acknowledged:?}, handled in {:?}; {grown} KiB more in memory", begun.elapsed());
    assert!(grown < MOST_MEMORY_KIB, "{grown} KiB");
    let done = Filter { state: Some(DeliveryState::Done), ..Filter::default() };
    let done = stage.world.inbox().await.unwrap().list(&done).await.unwrap();
    assert_eq!(done.len(), BURST);
    assert!(done.iter().all(|delivery| delivery.tasks.len() == 1), "each was `hold`'s to look at");
}

async fn handled(world: &mut World) {
    let inbox = world.inbox().await.unwrap();
    let idle = world.wait("the burst to be handled", SOON, async |_| {
        let counts = seen(inbox.counts().await)?;
        if counts == Counts::default() { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    idle.await.unwrap();
}
