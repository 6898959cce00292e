//! What holds among hosts on one PostgreSQL, and whoever drops by there, that do something at the same moment.

use store::{Accepted, Again, Fate, How, Inbox, Likeness, NewDelivery, Outcome, StoreError};

use crate::hosts::{at, comment, server, waiting};
use crate::inbox::{dispatch, end};

/// The same event by two hooks, on two hosts at once: one is first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_is_alike_on_two_hosts_one_is_first() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let hosts = [Inbox::join(&place).await.unwrap(), Inbox::join(&place).await.unwrap()];
    for event in 0..20 {
        let accepting = (0..8_usize).map(|hook| {
            let inbox = hosts[hook % 2].clone();
            let likeness = Likeness { fingerprint: [event; 32], hook: Some(hook.to_string()) };
            let new = NewDelivery { likeness: Some(likeness), ..comment(&format!("{event} {hook}"), 7) };
            tokio::spawn(async move { inbox.accept(new).await.unwrap() })
        });
        let accepted = futures_util::future::join_all(accepting).await;
        let is_first = |accepted: &&Result<Accepted, _>| matches!(accepted, Ok(Accepted::Stored));
        assert_eq!(accepted.iter().filter(is_first).count(), 1, "{accepted:?}");
    }
}

/// Whoever drops by has run again what has ended; the host that has the key hears of it, and nothing else is written.
#[tokio::test]
async fn a_visitor_has_run_again_what_has_ended() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let none = Inbox::connect(&place).await.map(drop);
    assert!(matches!(none, Err(StoreError::NotThere { .. })), "{none:?}");
    let host = Inbox::join(&place).await.unwrap();
    host.accept(comment("a", 7)).await.unwrap();
    let task = host.dispatch("a", dispatch(&["hold"])).await.unwrap().remove(0);
    host.finish(task.id, end(Outcome::Failed)).await.unwrap();
    host.claim().await.unwrap();
    let again = Again { plugin: None, how: How::Retry };
    let reader = Inbox::connect_read_only(&place).await.unwrap();
    let refused = reader.rerun("a", again.clone()).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");

    let visitor = Inbox::connect(&place).await.unwrap();
    let rerun = visitor.rerun("a", again).await.unwrap().unwrap();
    assert_eq!(rerun.tasks[0].fate, Fate::Resumes);
    let refused = visitor.accept(comment("b", 7)).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
    // The key was nobody's since its work was done.
    while waiting(&host).await.is_empty() {
        host.arrived().await;
        host.claim().await.unwrap();
    }
    assert_eq!(host.resume("a").await.unwrap()[0].id, task.id);
}

/// What one host at a time does is another's once that host has ended.
#[tokio::test]
async fn a_duty_is_one_hosts_at_a_time() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let (one, two) = (Inbox::join(&place).await.unwrap(), Inbox::join(&place).await.unwrap());
    assert!(one.take_duty("catch up").await.unwrap());
    assert!(!two.take_duty("catch up").await.unwrap());
    assert!(two.take_duty("another").await.unwrap());
    assert!(one.take_duty("catch up").await.unwrap(), "it stays its own");
    one.release().await;
    assert!(two.take_duty("catch up").await.unwrap());
}

/// A task ends while its delivery is dispatched once more: neither waits for the other for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_ends_while_its_delivery_is_dispatched_again() {
    let Some(server) = server() else { return };
    let host = Inbox::join(&at(&server.database())).await.unwrap();
    for number in 0..20 {
        let guid = format!("{number}");
        host.accept(comment(&guid, 7)).await.unwrap();
        let tasks = host.dispatch(&guid, dispatch(&["hold", "cat", "dog"])).await.unwrap();
        host.rerun(&guid, Again { plugin: None, how: How::Replay }).await.unwrap();
        let ending = tasks.iter().map(|task| host.finish(task.id, end(Outcome::Done)));
        let (ended, dispatched) = tokio::join!(
            futures_util::future::try_join_all(ending),
            host.dispatch(&guid, dispatch(&["hold", "cat", "dog", "pony"]))
        );
        ended.unwrap();
        assert!(dispatched.unwrap().iter().any(|task| task.plugin == "pony"));
    }
}
