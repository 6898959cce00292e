//! What the inbox promises about deliveries that were missed.

use jiff::{SignedDuration, Timestamp};
use store::{Inbox, MissedCounts, NewMissed};

use crate::inbox::{delivery, dispatched, on_both};

const LOG: &str = "org my-org hook 1";
const MOST: u32 = 2;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn missed(guid: &str, minutes: i64) -> NewMissed {
    NewMissed {
        guid: guid.to_owned(),
        delivery: u64::try_from(minutes).unwrap(),
        event: "push".to_owned(),
        delivered_at: at(minutes),
        status_code: 502,
    }
}

async fn due(inbox: &Inbox, log: &str, now: i64) -> Vec<String> {
    let due = inbox.missed_due(log, at(now), MOST, 9).await.unwrap();
    due.into_iter().map(|one| format!("{} {}", one.guid, one.asked)).collect()
}

async fn a_mark_only_moves_on(inbox: &Inbox) {
    assert_eq!(inbox.mark("alive").await.unwrap(), None);
    inbox.advance("alive", at(7)).await.unwrap();
    inbox.advance("alive", at(5)).await.unwrap();
    assert_eq!(inbox.mark("alive").await.unwrap(), Some(at(7)));
    let begun = inbox.mark("begun").await.unwrap().unwrap();
    assert!(Timestamp::now().duration_since(begun).abs() < SignedDuration::from_mins(1), "{begun}");
}

#[tokio::test]
async fn a_mark_in_a_file_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("inbox.db");
    let before = Timestamp::now();
    Inbox::open(&file).await.unwrap().advance("alive", at(7)).await.unwrap();
    let second = Inbox::open(&file).await.unwrap();
    assert_eq!(second.mark("alive").await.unwrap(), Some(at(7)));
    let begun = second.mark("begun").await.unwrap().unwrap();
    // SQLite's clock and ours differ by what they leave off.
    let slack = SignedDuration::from_millis(1);
    assert!(begun >= before - slack && begun <= Timestamp::now(), "{begun} {before}");
}

async fn what_was_missed_is_due_until_it_came_or_was_asked_for_so_often(inbox: &Inbox) {
    dispatched(inbox, "here", &["hold"]).await;
    let kept = inbox.which_are_kept(["here", "gone"].map(str::to_owned).into()).await.unwrap();
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), ["here"]);

    assert_eq!(inbox.add_missed(LOG, vec![missed("b", 2), missed("a", 1), missed("c", 3)]).await.unwrap(), 3);
    inbox.asked_again(LOG, "a", at(20), None).await.unwrap();
    // Seen again in a later reading: what is known of it stays.
    assert_eq!(inbox.add_missed(LOG, vec![missed("a", 9), missed("d", 4)]).await.unwrap(), 1);
    assert_eq!(due(inbox, LOG, 10).await, ["b 0", "c 0", "d 0"], "the oldest first");
    assert_eq!(due(inbox, LOG, 20).await, ["a 1", "b 0", "c 0", "d 0"]);
    assert!(due(inbox, "app", 20).await.is_empty());

    inbox.accept(delivery("b")).await.unwrap();
    inbox.asked_again(LOG, "a", at(30), Some("no".to_owned())).await.unwrap();
    assert_eq!(due(inbox, LOG, 40).await, ["c 0", "d 0"]);
    let given_up = |now| inbox.missed_given_up(at(now), MOST, 9);
    assert_eq!(given_up(29).await.unwrap(), []);
    let [a] = &given_up(30).await.unwrap()[..] else { panic!("one is given up") };
    assert_eq!((a.guid.as_str(), a.delivery, a.asked, a.why.as_deref()), ("a", 1, 2, Some("no")));

    // It may come all the same.
    inbox.accept(delivery("a")).await.unwrap();
    assert_eq!(given_up(30).await.unwrap(), []);
}

async fn one_that_stands_in_two_logs_counts_once(inbox: &Inbox) {
    inbox.add_missed(LOG, vec![missed("a", 1), missed("b", 2), missed("c", 3)]).await.unwrap();
    inbox.add_missed("app", vec![missed("a", 1), missed("b", 2)]).await.unwrap();
    for _ in 0..MOST {
        inbox.asked_again(LOG, "a", at(5), None).await.unwrap();
        inbox.asked_again(LOG, "c", at(5), None).await.unwrap();
    }
    inbox.accept(delivery("b")).await.unwrap();
    let counts = |from, to| inbox.missed_counts((at(from), at(to)), at(10), MOST);
    // `a` may still come by the other log.
    assert_eq!(counts(0, 9).await.unwrap(), MissedCounts { missed: 3, asked: 2, came: 1, given_up: 1 });
    assert_eq!(counts(2, 2).await.unwrap(), MissedCounts { missed: 1, asked: 0, came: 1, given_up: 0 });
    let ever = inbox.missed_counts((Timestamp::MIN, Timestamp::MAX), at(10), MOST).await.unwrap();
    assert_eq!(ever.missed, 3);
    inbox.forget_missed(at(3)).await.unwrap();
    assert_eq!(counts(0, 9).await.unwrap().missed, 1);
}

on_both! {
    a_mark_only_moves_on
    what_was_missed_is_due_until_it_came_or_was_asked_for_so_often
    one_that_stands_in_two_logs_counts_once
}
