//! Running again by hand, as a second process does, beside a host that is at work.

use jiff::Timestamp;
use store::{
    Again, Considered, Dispatch, EffectKind, Entry, EntryState, Fate, How, Inbox, NewTask, Outcome, Park, ParkKind,
    Pins, Rerun, Task, TaskEnd, TaskKind, TaskState,
};

use crate::inbox::{delivery, dispatch, dispatched, end, on_both};

fn pins() -> Pins {
    Pins { component_digest: "d0".into(), config_revision: "r1".into(), clock: Timestamp::UNIX_EPOCH, seed: 7 }
}

fn effect(seq: u32, op: &str) -> Entry {
    Entry { seq, op: op.into(), args: "[]".into(), kind: EffectKind::Findable, state: EntryState::Intent }
}

/// Makes an effect, which `result` came of.
async fn made(inbox: &Inbox, task: &Task, seq: u32, result: &str) {
    inbox.intend(task.id, task.round, &pins(), vec![], effect(seq, "issues.create-comment")).await.unwrap();
    inbox.resolve(task.id, task.round, seq, result.into()).await.unwrap();
}

fn all(how: How) -> Again {
    Again { plugin: None, how }
}

fn fates(rerun: &Rerun) -> Vec<(&str, Fate)> {
    rerun.tasks.iter().map(|task| (task.plugin.as_str(), task.fate)).collect()
}

async fn task(inbox: &Inbox, task: &Task) -> Task {
    inbox.task(task.id).await.unwrap().unwrap()
}

/// A delivery with a task in each state; all but the second have made an effect, if they have run.
async fn one_of_each(inbox: &Inbox) -> Vec<Task> {
    let tasks = dispatched(inbox, "g", &["done", "idle", "failed", "dead", "unknown", "waiting"]).await;
    for task in tasks.iter().filter(|task| !["idle", "waiting"].contains(&task.plugin.as_str())) {
        made(inbox, task, 0, r#"{"Ok":1}"#).await;
    }
    let outcomes = [Outcome::Done, Outcome::Ignored, Outcome::Failed, Outcome::Dead, Outcome::Unknown];
    for (task, outcome) in tasks.iter().zip(outcomes) {
        inbox.finish(task.id, end(outcome)).await.unwrap();
    }
    tasks
}

async fn a_retry_runs_what_failed_from_its_journal(inbox: &Inbox) {
    let tasks = one_of_each(inbox).await;
    let want = [
        ("done", Fate::Stays),
        ("idle", Fate::Stays),
        ("failed", Fate::Resumes),
        ("dead", Fate::Resumes),
        ("unknown", Fate::Stays),
        ("waiting", Fate::Runs),
    ];
    let foreseen = inbox.foresee_rerun("g", all(How::Retry)).await.unwrap().unwrap();
    assert_eq!(fates(&foreseen), want);
    assert_eq!(foreseen.tasks[2].effects, ["issues.create-comment"]);
    assert!(!foreseen.asks_others);
    assert_eq!(inbox.undispatched(9).await.unwrap().len(), 0, "nothing was changed");
    assert_eq!(inbox.rerun("g", all(How::Retry)).await.unwrap(), Some(foreseen));
    assert_eq!(inbox.rerun("nobody's", all(How::Retry)).await.unwrap(), None);

    // The one that was running meanwhile ends before the dispatcher has come to the others: they are not forgotten.
    inbox.finish(tasks[5].id, end(Outcome::Done)).await.unwrap();
    assert!(inbox.undispatched(9).await.unwrap()[0].has_tasks());
    let resumed = inbox.resume("g").await.unwrap();
    assert_eq!(resumed.iter().map(|task| task.plugin.as_str()).collect::<Vec<_>>(), ["failed", "dead"]);
    for task in &resumed {
        assert_eq!((task.round, task.woken, task.attempts, task.pins.clone()), (0, 0, 0, Some(pins())));
        assert_eq!(inbox.journal(task.id, 0).await.unwrap().len(), 1);
    }
    assert_eq!(inbox.undispatched(9).await.unwrap().len(), 0);
}

async fn a_replay_does_nothing_twice(inbox: &Inbox) {
    let tasks = one_of_each(inbox).await;
    let replayed = inbox.rerun("g", all(How::Replay)).await.unwrap().unwrap();
    let changed: Vec<_> = fates(&replayed).into_iter().filter(|(_, fate)| *fate != Fate::Stays).collect();
    let want = [("idle", Fate::Begins), ("failed", Fate::Resumes), ("dead", Fate::Resumes), ("waiting", Fate::Runs)];
    assert_eq!(changed, want);
    let idle = task(inbox, &tasks[1]).await;
    assert_eq!((idle.state, idle.round, idle.woken, idle.component_digest), (TaskState::Queued, 1, 0, None));
    for (task, state) in [(&tasks[0], TaskState::Done), (&tasks[4], TaskState::Unknown)] {
        assert_eq!(self::task(inbox, task).await.state, state);
    }
}

async fn what_is_begun_anew_has_forgotten_what_it_did(inbox: &Inbox) {
    let tasks = one_of_each(inbox).await;
    let again = Again { plugin: Some("done".into()), how: How::Anew };
    let anew = inbox.rerun("g", again.clone()).await.unwrap().unwrap();
    assert_eq!(fates(&anew), [("done", Fate::Doubles)], "of the one plugin alone");
    let done = task(inbox, &tasks[0]).await;
    assert_eq!((done.state, done.round, done.woken, done.pins.clone()), (TaskState::Queued, 1, 0, None));
    assert_eq!(inbox.journal(done.id, done.round).await.unwrap(), []);
    assert_eq!(inbox.journal(done.id, 0).await.unwrap().len(), 1, "what it did stays to be seen");

    // A plugin that is woken goes on where it was: what it did in the round before counts.
    made(inbox, &done, 0, r#"{"Ok":1}"#).await;
    let (until, why) = (Timestamp::UNIX_EPOCH, "asked to".to_owned());
    let park = Park { round: 1, pins: Some(pins()), reads: vec![], until, why, kind: ParkKind::Wake };
    inbox.park(done.id, park).await.unwrap();
    let woken = task(inbox, &done).await;
    assert_eq!((woken.round, woken.woken), (2, 1));
    inbox.finish(woken.id, TaskEnd { round: 2, ..end(Outcome::Done) }).await.unwrap();
    let replayed = inbox.rerun("g", Again { how: How::Replay, ..again }).await.unwrap().unwrap();
    assert_eq!(fates(&replayed), [("done", Fate::Stays)]);
}

async fn what_was_refused_changed_nothing_and_what_was_forwarded_did(inbox: &Inbox) {
    let mut both = dispatch(&["refused", "service"]);
    both.tasks[1].kind = TaskKind::Forward;
    inbox.accept(delivery("g")).await.unwrap();
    let tasks = inbox.dispatch("g", both).await.unwrap();
    made(inbox, &tasks[0], 0, r#"{"Err":{"kind":"forbidden"}}"#).await;
    for task in &tasks {
        inbox.finish(task.id, end(Outcome::Done)).await.unwrap();
    }
    let foreseen = inbox.foresee_rerun("g", all(How::Replay)).await.unwrap().unwrap();
    assert_eq!(fates(&foreseen), [("refused", Fate::Begins), ("service", Fate::Stays)]);
}

/// Who was not asked the first time, and is to be by now, is asked at a replay; the others keep what they have.
async fn a_replay_asks_who_was_not_asked(inbox: &Inbox) {
    inbox.accept(delivery("g")).await.unwrap();
    let said = |plugin: &str, runs, why: &str| Considered { plugin: plugin.into(), runs, why: why.into() };
    let absent = said("absent", false, "is not loaded");
    let first = Dispatch { considered: vec![said("hold", true, "wants it"), absent], ..dispatch(&["hold"]) };
    let hold = inbox.dispatch("g", first).await.unwrap().remove(0);
    made(inbox, &hold, 0, r#"{"Ok":1}"#).await;
    inbox.finish(hold.id, end(Outcome::Done)).await.unwrap();

    let of = |plugin: &str| Again { plugin: Some(plugin.into()), how: How::Replay };
    let replayed = inbox.rerun("g", of("absent")).await.unwrap().unwrap();
    assert_eq!((replayed.asks_others, replayed.tasks), (true, vec![]));
    let waiting = inbox.undispatched(9).await.unwrap();
    assert!(!waiting[0].has_tasks(), "to be dispatched, not resumed");
    let digest = |task: &mut NewTask| task.component_digest = "d1".into();
    let mut second = Dispatch { config_revision: "r2".into(), ..dispatch(&["hold", "absent", "third"]) };
    second.tasks.iter_mut().for_each(digest);
    let added = inbox.dispatch("g", second.clone()).await.unwrap();
    let named: Vec<_> = added.iter().map(|task| (task.plugin.as_str(), task.seq, task.round)).collect();
    assert_eq!(named, [("absent", 1, 0)], "the one that was asked for, and no second task for who has one");
    assert_eq!((added[0].config_revision.as_str(), added[0].component_digest.as_deref()), ("r2", None));
    let considered = inbox.show("g").await.unwrap().unwrap().considered;
    let runs: Vec<_> = considered.iter().map(|it| (it.plugin.as_str(), it.runs)).collect();
    assert_eq!(runs, [("hold", true), ("absent", true)]);
    assert_eq!(inbox.dispatch("g", second.clone()).await.unwrap(), added, "once");

    inbox.rerun("g", of("absent")).await.unwrap().unwrap();
    inbox.rerun("g", all(How::Replay)).await.unwrap().unwrap();
    let all = inbox.dispatch("g", second).await.unwrap();
    assert_eq!(all.iter().map(|task| task.plugin.as_str()).collect::<Vec<_>>(), ["absent", "third"]);
}

/// One that waits for its first dispatch gets that, and nothing more.
async fn what_was_not_dispatched_yet_is_not_run_again(inbox: &Inbox) {
    inbox.accept(delivery("g")).await.unwrap();
    let replayed = inbox.rerun("g", all(How::Anew)).await.unwrap().unwrap();
    assert_eq!((replayed.asks_others, replayed.tasks), (false, vec![]));
    assert_eq!(inbox.dispatch("g", dispatch(&["hold"])).await.unwrap().len(), 1);
}

on_both! {
    a_retry_runs_what_failed_from_its_journal
    a_replay_does_nothing_twice
    what_is_begun_anew_has_forgotten_what_it_did
    what_was_refused_changed_nothing_and_what_was_forwarded_did
    a_replay_asks_who_was_not_asked
    what_was_not_dispatched_yet_is_not_run_again
}
