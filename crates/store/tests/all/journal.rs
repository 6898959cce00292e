//! What the inbox promises about the journal.

use jiff::Timestamp;
use store::{
    Accepted, EffectKind, Entry, EntryState, Inbox, Outcome, Park, ParkKind, Pins, StoreError, TaskEnd, TaskState,
};

use crate::inbox::{delivery, dispatched, end, on_both};

pub(crate) fn pins() -> Pins {
    Pins {
        component_digest: "d1".to_owned(),
        config_revision: "r2".to_owned(),
        clock: "2026-01-02T03:04:05.123456789Z".parse().unwrap(),
        seed: u64::MAX - 1,
    }
}

fn read(seq: u32) -> Entry {
    Entry {
        seq,
        op: "issues-read.labels".to_owned(),
        args: "[7]".to_owned(),
        kind: EffectKind::Read,
        state: EntryState::Done("[\"a\"]".to_owned()),
    }
}

pub(crate) fn intent(seq: u32) -> Entry {
    let op = "issues-write.create-comment".to_owned();
    Entry { seq, op, args: "[7,\"hi\"]".to_owned(), kind: EffectKind::Findable, state: EntryState::Intent }
}

fn park(kind: ParkKind) -> Park {
    let until = Timestamp::from_second(2_000_000_000).unwrap();
    Park { round: 0, pins: Some(pins()), reads: vec![read(0)], until, why: "rate limit".to_owned(), kind }
}

/// An intent is there without its result, the result comes to it once, and pins come with the first entry.
async fn an_effect_is_intended_then_resolved(inbox: &Inbox) {
    let task = dispatched(inbox, "effect", &["hold"]).await.remove(0);
    assert_eq!((task.pins, inbox.journal(task.id, 0).await.unwrap()), (None, vec![]));
    inbox.intend(task.id, 0, &pins(), vec![read(0), read(1)], intent(2)).await.unwrap();
    assert_eq!(inbox.journal(task.id, 0).await.unwrap(), [read(0), read(1), intent(2)]);
    assert_eq!(inbox.open_tasks().await.unwrap()[0].pins, Some(pins()));
    inbox.resolve(task.id, 0, 2, "\"9\"".to_owned()).await.unwrap();
    let done = Entry { state: EntryState::Done("\"9\"".to_owned()), ..intent(2) };
    assert_eq!(inbox.journal(task.id, 0).await.unwrap()[2], done);
    for (round, seq) in [(0, 2), (0, 3), (1, 2)] {
        let again = inbox.resolve(task.id, round, seq, "1".to_owned()).await;
        assert!(matches!(again, Err(StoreError::NotThere { .. })), "{round} {seq}: {again:?}");
    }
}

/// Two hosts that run one task: the second cannot write its intent, and so makes no effect. Nothing of its try stays.
async fn a_second_runner_is_held_off(inbox: &Inbox) {
    let task = dispatched(inbox, "twice", &["hold"]).await[0].id;
    inbox.intend(task, 0, &pins(), vec![], intent(0)).await.unwrap();
    let other = Pins { seed: 1, ..pins() };
    let tries = [
        (0, other, vec![], intent(1)),
        (0, pins(), vec![], intent(0)),
        (0, pins(), vec![read(1), read(0)], intent(2)),
        (1, pins(), vec![], intent(1)),
    ];
    for (round, pins, reads, intent) in tries {
        let refused = inbox.intend(task, round, &pins, reads, intent).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. } | StoreError::NotThere { .. })), "{refused:?}");
    }
    assert_eq!(inbox.journal(task, 0).await.unwrap(), [intent(0)]);
    inbox.finish(task, end(Outcome::Done)).await.unwrap();
    let late = inbox.intend(task, 0, &pins(), vec![], intent(1)).await;
    assert!(matches!(late, Err(StoreError::NotThere { .. })), "{late:?}");
}

/// Parked tasks keep their journal, but for one that asked to be woken: that begins anew, and its journal stays to be read.
async fn parking_keeps_or_turns_the_round(inbox: &Inbox) {
    let cases = [(ParkKind::Resume, 0, 0, true), (ParkKind::Retry, 0, 1, true), (ParkKind::Wake, 1, 0, false)];
    for (kind, round, attempts, pinned) in cases {
        let task = dispatched(inbox, &format!("{kind:?}"), &["hold"]).await[0].id;
        inbox.park(task, park(kind)).await.unwrap();
        let parked = inbox.open_tasks().await.unwrap().pop().expect("parked tasks are open");
        assert_eq!((parked.id, parked.state), (task, TaskState::Parked));
        assert_eq!(parked.not_before, Some(park(kind).until));
        assert_eq!(parked.reason.as_deref(), Some("rate limit"));
        assert_eq!((parked.round, parked.attempts), (round, attempts), "{kind:?}");
        assert_eq!(parked.pins, pinned.then(pins), "{kind:?}");
        assert_eq!(parked.component_digest.as_deref(), Some("d0"), "a new round begins with it");
        assert_eq!(inbox.journal(task, 0).await.unwrap(), [read(0)]);
        assert_eq!(inbox.journal(task, 1).await.unwrap(), []);
    }
    assert_eq!(inbox.counts().await.unwrap().parked, 3);
}

/// A task that could not begin is put aside without pins, and what it was dispatched with stays with it.
async fn a_task_is_put_aside_before_it_has_begun(inbox: &Inbox) {
    let task = dispatched(inbox, "early", &["hold"]).await[0].id;
    inbox.park(task, Park { pins: None, reads: vec![], ..park(ParkKind::Resume) }).await.unwrap();
    let parked = inbox.task(task).await.unwrap().unwrap();
    assert_eq!((parked.state, parked.pins, parked.attempts), (TaskState::Parked, None, 0));
    assert_eq!(parked.component_digest.as_deref(), Some("d0"));
}

/// What failed without a trace in the journal begins anew, with what is in force then.
async fn a_redelivery_of_what_left_nothing_behind_begins_anew(inbox: &Inbox) {
    let tasks = dispatched(inbox, "anew", &["hold", "trigger"]).await;
    inbox.intend(tasks[1].id, 0, &pins(), vec![], intent(0)).await.unwrap();
    for task in &tasks {
        inbox.finish(task.id, end(Outcome::Failed)).await.unwrap();
    }
    assert_eq!(inbox.accept(delivery("anew")).await.unwrap(), Accepted::Requeued);
    let resumed = inbox.resume("anew").await.unwrap();
    let begin: Vec<_> = resumed.iter().map(|task| (task.component_digest.as_deref(), task.pins.is_some())).collect();
    assert_eq!(begin, [(None, false), (Some("d0"), true)]);
}

/// The run of an older round cannot write into the new one.
async fn a_round_that_is_over_cannot_write(inbox: &Inbox) {
    let task = dispatched(inbox, "over", &["hold"]).await[0].id;
    inbox.park(task, park(ParkKind::Wake)).await.unwrap();
    assert!(inbox.intend(task, 0, &pins(), vec![], intent(1)).await.is_err());
    assert!(inbox.park(task, park(ParkKind::Resume)).await.is_err());
    assert!(inbox.finish(task, end(Outcome::Done)).await.is_err());
    inbox.finish(task, TaskEnd { round: 1, ..end(Outcome::Done) }).await.unwrap();
}

/// A redelivery of what failed goes on from the journal: what was done is not done again, and what came of nothing after it is
/// asked anew.
async fn a_failed_task_keeps_its_journal(inbox: &Inbox) {
    let task = dispatched(inbox, "kept", &["hold"]).await[0].id;
    inbox.intend(task, 0, &pins(), vec![read(0)], intent(1)).await.unwrap();
    inbox.finish(task, TaskEnd { reads: vec![read(2)], ..end(Outcome::Failed) }).await.unwrap();
    assert_eq!(inbox.accept(delivery("kept")).await.unwrap(), Accepted::Requeued);
    let resumed = inbox.resume("kept").await.unwrap().remove(0);
    assert_eq!((resumed.id, resumed.round, resumed.pins), (task, 0, Some(pins())));
    assert_eq!(inbox.journal(task, 0).await.unwrap(), [read(0), intent(1)]);

    // It did happen; the next one was refused, and the task fails again.
    inbox.resolve(task, 0, 1, r#"{"Ok":1}"#.to_owned()).await.unwrap();
    let label = |seq| Entry { kind: EffectKind::Idempotent, ..intent(seq) };
    inbox.intend(task, 0, &pins(), vec![read(2)], label(3)).await.unwrap();
    inbox.resolve(task, 0, 3, r#"{"Err":{"kind":"forbidden"}}"#.to_owned()).await.unwrap();
    inbox.finish(task, end(Outcome::Failed)).await.unwrap();
    assert_eq!(inbox.accept(delivery("kept")).await.unwrap(), Accepted::Requeued);
    let made = Entry { state: EntryState::Done(r#"{"Ok":1}"#.to_owned()), ..intent(1) };
    assert_eq!(inbox.journal(task, 0).await.unwrap(), [read(0), made]);

    // What was only refused has done nothing: it begins with what is in force.
    let refused = dispatched(inbox, "refused", &["hold"]).await[0].id;
    inbox.intend(refused, 0, &pins(), vec![read(0)], label(1)).await.unwrap();
    inbox.resolve(refused, 0, 1, r#"{"Err":{"kind":"forbidden"}}"#.to_owned()).await.unwrap();
    inbox.finish(refused, end(Outcome::Failed)).await.unwrap();
    assert_eq!(inbox.accept(delivery("refused")).await.unwrap(), Accepted::Requeued);
    let begins = inbox.resume("refused").await.unwrap().remove(0);
    assert_eq!((begins.pins, begins.component_digest), (None, None));
    assert_eq!(inbox.journal(refused, 0).await.unwrap(), []);
}

/// The state directory is asked to keep just what can still be run.
async fn unfinished_tasks_pin_what_they_began_with(inbox: &Inbox) {
    let now = Timestamp::now();
    let task = dispatched(inbox, "pinning", &["hold"]).await[0].id;
    let pinned = inbox.pinned(now).await.unwrap();
    assert_eq!((pinned.digests, pinned.revisions), (vec!["d0".to_owned()], vec!["r1".to_owned()]));
    inbox.intend(task, 0, &pins(), vec![], intent(0)).await.unwrap();
    let began = inbox.pinned(now).await.unwrap();
    assert_eq!((began.digests, began.revisions), (vec!["d1".to_owned()], vec!["r2".to_owned()]));
    inbox.finish(task, end(Outcome::Failed)).await.unwrap();
    assert_eq!(inbox.pinned(now).await.unwrap().digests, ["d1"], "a redelivery would need it");
    let later = "9999-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(inbox.pinned(later).await.unwrap().digests, [""; 0]);
}

on_both! {
    an_effect_is_intended_then_resolved
    a_second_runner_is_held_off
    parking_keeps_or_turns_the_round
    a_task_is_put_aside_before_it_has_begun
    a_redelivery_of_what_left_nothing_behind_begins_anew
    a_round_that_is_over_cannot_write
    a_failed_task_keeps_its_journal
    unfinished_tasks_pin_what_they_began_with
}
