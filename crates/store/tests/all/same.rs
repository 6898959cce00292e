//! Deliveries of one event under different GUIDs.

use std::time::Duration;

use jiff::Timestamp;
use store::{Accepted, DeliveryState, Filter, Inbox, Likeness, NewDelivery, Outcome, Scope};

use crate::inbox::{delivery, dispatch, end, on_both};

fn by(guid: &str, hook: Option<&str>, fingerprint: u8, second: i64) -> NewDelivery {
    NewDelivery {
        received_at: Timestamp::from_second(1_800_000_000 + second).unwrap(),
        likeness: Some(Likeness { fingerprint: [fingerprint; 32], hook: hook.map(str::to_owned) }),
        ..delivery(guid)
    }
}

fn duplicate(of: &str) -> Accepted {
    Accepted::Duplicate(of.to_owned())
}

/// What is told by two hooks is kept twice and handled once; what one hook tells twice are two events.
async fn one_event_is_handled_once(inbox: &Inbox) {
    let foreign = |guid| NewDelivery { scope: Scope::Org("org".to_owned()), ..by(guid, Some("9"), 1, 1) };
    let cases = [
        (by("first", Some("1"), 1, 0), Accepted::Stored),
        (by("other hook", Some("2"), 1, 1), duplicate("first")),
        (by("third hook", Some("3"), 1, 2), duplicate("first")),
        (by("no hook", None, 1, 3), duplicate("first")),
        (by("other event", Some("2"), 2, 1), Accepted::Stored),
        (by("about somebody else", Some("2"), 1, 1), duplicate("first")),
        (foreign("foreign"), Accepted::Stored),
        (NewDelivery { likeness: None, ..by("like no other", Some("2"), 1, 1) }, Accepted::Stored),
        (by("at the end", Some("2"), 1, 600), duplicate("first")),
        (by("too late", Some("2"), 1, 601), Accepted::Stored),
        (by("late, of that", Some("1"), 1, 602), duplicate("too late")),
        // The clock was set back meanwhile.
        (by("before", Some("2"), 1, -600), duplicate("first")),
        (by("long before", Some("2"), 1, -601), Accepted::Stored),
        (by("one hook", Some("1"), 3, 0), Accepted::Stored),
        (by("one hook, once more", Some("1"), 3, 1), Accepted::Stored),
        (by("first", Some("2"), 1, 1), Accepted::Waiting),
    ];
    for (new, want) in cases {
        let guid = new.guid.clone();
        assert_eq!(inbox.accept(new).await.unwrap(), want, "{guid}");
    }
    let waiting = inbox.undispatched(100).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|delivery| delivery.guid()).collect();
    let want = [
        "first",
        "other event",
        "foreign",
        "like no other",
        "too late",
        "long before",
        "one hook",
        "one hook, once more",
    ];
    assert_eq!(waiting, want);
}

async fn a_duplicate_says_whose_and_is_found_beside_it(inbox: &Inbox) {
    inbox.accept(by("first", Some("1"), 1, 0)).await.unwrap();
    inbox.accept(by("second", Some("2"), 1, 1)).await.unwrap();
    inbox.dispatch("first", dispatch(&["hold"])).await.unwrap();
    let told = inbox.show("second").await.unwrap().unwrap();
    assert_eq!((told.summary.state, told.summary.duplicate_of.as_deref()), (DeliveryState::Done, Some("first")));
    assert_eq!((told.reports.len(), told.considered.len()), (0, 0));
    assert_eq!(inbox.load("second").await.unwrap().unwrap().payload(), &delivery("second").payload, "its own body");
    let of_the_thread = Filter { key: Some("7".to_owned()), ..Filter::default() };
    let listed = inbox.list(&of_the_thread).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.guid.as_str()).collect::<Vec<_>>(), ["second", "first"]);
}

/// Whoever sends a duplicate again, because the first failed, has the first run again.
async fn a_duplicate_that_is_sent_again_is_the_first_sent_again(inbox: &Inbox) {
    inbox.accept(by("first", Some("1"), 1, 0)).await.unwrap();
    let again = || inbox.accept(by("second", Some("2"), 1, 1));
    assert_eq!(again().await.unwrap(), duplicate("first"));
    assert_eq!(again().await.unwrap(), Accepted::Waiting);
    let task = inbox.dispatch("first", dispatch(&["hold"])).await.unwrap()[0].id;
    inbox.finish(task, end(Outcome::Failed)).await.unwrap();
    assert_eq!(inbox.accept(by("third", Some("3"), 1, 2)).await.unwrap(), duplicate("first"), "though it failed");
    assert_eq!(again().await.unwrap(), Accepted::Requeued);
    let task = inbox.resume("first").await.unwrap()[0].id;
    inbox.finish(task, end(Outcome::Done)).await.unwrap();
    assert_eq!(again().await.unwrap(), Accepted::Done);
}

/// Same GUID: the first body counts, whatever comes later under it.
async fn of_one_guid_the_first_body_is_kept(inbox: &Inbox) {
    inbox.accept(by("one", Some("1"), 1, 0)).await.unwrap();
    let other = NewDelivery { payload: b"other".as_slice().into(), ..by("one", Some("2"), 2, 1) };
    assert_eq!(inbox.accept(other).await.unwrap(), Accepted::Waiting);
    assert_eq!(inbox.load("one").await.unwrap().unwrap().payload(), &delivery("one").payload);
}

/// However many come at the same moment, and in however many transactions: one is first.
async fn of_many_at_once_one_is_first(inbox: &Inbox) {
    let accepting: Vec<_> = (0..200)
        .map(|number| {
            let inbox = inbox.clone();
            tokio::spawn(async move {
                let guid = format!("{number}");
                inbox.accept(by(&guid, Some(&guid), 1, 0)).await.unwrap()
            })
        })
        .collect();
    let mut firsts = Vec::new();
    for (number, accepted) in accepting.into_iter().enumerate() {
        match accepted.await.unwrap() {
            Accepted::Stored => firsts.push(format!("{number}")),
            Accepted::Duplicate(_) => {}
            other => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(firsts.len(), 1, "{firsts:?}");
    let arrived = tokio::time::timeout(Duration::from_secs(20), inbox.arrived());
    arrived.await.expect("told of the first");
    assert_eq!(inbox.undispatched(9).await.unwrap()[0].guid(), firsts[0]);
}

on_both! {
    one_event_is_handled_once
    a_duplicate_says_whose_and_is_found_beside_it
    a_duplicate_that_is_sent_again_is_the_first_sent_again
    of_one_guid_the_first_body_is_kept
    of_many_at_once_one_is_first
}
