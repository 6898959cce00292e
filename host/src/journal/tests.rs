//! A journal on a real inbox, with a far side that counts.

use std::cell::Cell;

use store::{Dispatch, NewDelivery, NewTask, Scope, TaskKind};

use super::*;
use crate::limits::Limits;

/// One task in an inbox of its own, and how often its far side was asked.
struct Bench {
    _dir: tempfile::TempDir,
    inbox: Inbox,
    task: TaskId,
    asked: Cell<u32>,
    made: Cell<u32>,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&dir.path().join("inbox.db")).await.unwrap();
        let delivery = NewDelivery {
            guid: "g".into(),
            event: "issue_comment".into(),
            scope: Scope::Repo("o/r".into()),
            key_level: "*".into(),
            payload: bytes::Bytes::from_static(b"{}"),
            headers: Vec::new(),
            received_at: jiff::Timestamp::now(),
            likeness: None,
        };
        inbox.accept(delivery).await.unwrap();
        let task = NewTask {
            plugin: "p".into(),
            kind: TaskKind::Comment,
            lane: "p o/r #1".into(),
            component_digest: "d".into(),
        };
        let dispatch = Dispatch { config_revision: "rev".into(), key: None, considered: vec![], tasks: vec![task] };
        let task = inbox.dispatch("g", dispatch).await.unwrap()[0].id;
        Bench { _dir: dir, inbox, task, asked: Cell::new(0), made: Cell::new(0) }
    }

    /// A run that is answered from what earlier runs wrote.
    async fn run(&self) -> Journal {
        let kept = self.inbox.journal(self.task, 0).await.unwrap();
        let pins = Pins {
            component_digest: "d".into(),
            config_revision: "rev".into(),
            clock: jiff::Timestamp::UNIX_EPOCH,
            seed: 7,
        };
        Journal::new(
            self.inbox.clone(),
            (self.task, 0),
            "g/p/comment",
            pins,
            kept,
            Budget::new(Limits { api_calls: 10, ..Limits::default() }),
        )
    }

    async fn read(&self, journal: &mut Journal, args: u32) -> Result<u32, Interrupt> {
        let live = async {
            self.asked.set(self.asked.get() + 1);
            Ok(args * 10)
        };
        Ok(journal.read("x.read", &args, live).await?.unwrap())
    }

    async fn effect(&self, journal: &mut Journal, kind: EffectKind) -> Result<Doubt, Interrupt> {
        let make = |_key, doubt| {
            self.made.set(self.made.get() + 1);
            async move { Ok(u32::from(doubt == Doubt::MayBeMade)) }
        };
        let doubt = journal.effect(kind, "x.effect", &"args", make).await?.unwrap();
        Ok(if doubt == 1 { Doubt::MayBeMade } else { Doubt::NotMade })
    }

    /// A run that is cut off between the intent and the result.
    async fn cut_off(&self, kind: EffectKind) {
        let mut journal = self.run().await;
        self.read(&mut journal, 4).await.unwrap();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let never = |_, _| async {
            begun.send(()).unwrap();
            std::future::pending::<Result<(), Fault>>().await
        };
        tokio::select! {
            _ = journal.effect(kind, "x.effect", &"args", never) => unreachable!("it never ends"),
            _ = has_begun => {}
        }
    }

    /// A run whose effect ends so.
    async fn refused(&self, kind: EffectKind, fault: Fault) -> Interrupt {
        let mut journal = self.run().await;
        self.read(&mut journal, 4).await.unwrap();
        journal.effect(kind, "x.effect", &"args", |_, _| async { Err::<(), _>(fault) }).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_second_run_is_answered_from_the_journal_and_asks_no_one() {
    let bench = Bench::new().await;
    for run in 0..2 {
        let mut journal = bench.run().await;
        assert_eq!(bench.read(&mut journal, 4).await.unwrap(), 40, "run {run}");
        bench.effect(&mut journal, EffectKind::Findable).await.unwrap();
        assert_eq!((bench.asked.get(), bench.made.get()), (1, 1), "run {run}");
    }
}

/// A replay of what a run of `bench` wrote.
async fn replay(bench: &Bench) -> Journal {
    let kept = bench.inbox.journal(bench.task, 0).await.unwrap();
    Journal::replaying(kept, bench.run().await.pins().clone(), Budget::new(Limits::default()))
}

#[track_caller]
fn check_beyond<T: std::fmt::Debug>(bench: &Bench, got: Result<T, Interrupt>, op: &str) {
    let error = got.unwrap_err();
    assert!(matches!(&error, Interrupt::Diverged(why) if why.contains("was not made then")), "{op}: {error}");
    assert!(error.to_string().contains(op), "{error}");
    assert_eq!((bench.asked.get(), bench.made.get()), (1, 1), "{op}: somebody was asked");
}

#[tokio::test]
async fn a_replay_is_told_what_was_kept_and_ends_at_whatever_it_asks_beyond() {
    let bench = Bench::new().await;
    let mut live = bench.run().await;
    bench.read(&mut live, 4).await.unwrap();
    bench.effect(&mut live, EffectKind::Findable).await.unwrap();
    let written = bench.inbox.journal(bench.task, 0).await.unwrap();
    for kind in [EffectKind::Idempotent, EffectKind::Findable, EffectKind::Neither] {
        let mut journal = replay(&bench).await;
        assert_eq!(bench.read(&mut journal, 4).await.unwrap(), 40);
        bench.effect(&mut journal, EffectKind::Findable).await.unwrap();
        check_beyond(&bench, bench.read(&mut journal, 5).await, "x.read");
        let mut journal = replay(&bench).await;
        bench.read(&mut journal, 4).await.unwrap();
        bench.effect(&mut journal, EffectKind::Findable).await.unwrap();
        check_beyond(&bench, bench.effect(&mut journal, kind).await, "x.effect");
    }
    assert_eq!(bench.inbox.journal(bench.task, 0).await.unwrap(), written);
}

#[tokio::test]
async fn a_replay_makes_no_effect_that_was_left_in_doubt() {
    for kind in [EffectKind::Idempotent, EffectKind::Findable, EffectKind::Neither] {
        let bench = Bench::new().await;
        bench.cut_off(kind).await;
        let mut journal = replay(&bench).await;
        bench.read(&mut journal, 4).await.unwrap();
        let error = bench.effect(&mut journal, kind).await.unwrap_err();
        assert!(matches!(error, Interrupt::Diverged(_)), "{kind}: {error}");
        assert_eq!(bench.made.get(), 0, "{kind}");
    }
}

#[tokio::test]
async fn reads_without_an_effect_are_not_written() {
    let bench = Bench::new().await;
    let mut journal = bench.run().await;
    bench.read(&mut journal, 4).await.unwrap();
    assert!(bench.inbox.journal(bench.task, 0).await.unwrap().is_empty());
    bench.effect(&mut journal, EffectKind::Idempotent).await.unwrap();
    assert_eq!(bench.inbox.journal(bench.task, 0).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_effect_in_doubt_is_made_again_with_the_doubt_said_or_never_by_its_kind() {
    for kind in [EffectKind::Idempotent, EffectKind::Findable] {
        let bench = Bench::new().await;
        bench.cut_off(kind).await;
        let mut journal = bench.run().await;
        assert_eq!(bench.read(&mut journal, 4).await.unwrap(), 40);
        assert_eq!(bench.effect(&mut journal, kind).await.unwrap(), Doubt::MayBeMade, "{kind}");
        assert_eq!(bench.asked.get(), 1, "the read of the first run was the only one");
    }
    let bench = Bench::new().await;
    bench.cut_off(EffectKind::Neither).await;
    let mut journal = bench.run().await;
    bench.read(&mut journal, 4).await.unwrap();
    let error = bench.effect(&mut journal, EffectKind::Neither).await.unwrap_err();
    assert!(matches!(error, Interrupt::Unknown(_)), "{error}");
    assert_eq!(bench.made.get(), 0);
}

#[tokio::test]
async fn what_is_made_at_most_once_is_made_later_only_if_it_certainly_was_not() {
    let later = || Fault::Later { until: jiff::Timestamp::MAX, why: "busy".into() };
    let limited = || Fault::Limited { until: jiff::Timestamp::MAX, why: "too many".into() };
    for fault in [later(), limited()] {
        let bench = Bench::new().await;
        let end = bench.refused(EffectKind::Neither, fault).await;
        assert!(matches!(end, Interrupt::Park { .. }), "{end}");
        let mut journal = bench.run().await;
        assert_eq!(bench.read(&mut journal, 4).await.unwrap(), 40);
        assert_eq!(bench.effect(&mut journal, EffectKind::Neither).await.unwrap(), Doubt::NotMade);
        assert_eq!((bench.asked.get(), bench.made.get()), (1, 1));
    }
    let bench = Bench::new().await;
    let end = bench.refused(EffectKind::Neither, Fault::InDoubt { why: "no answer".into() }).await;
    assert!(matches!(end, Interrupt::Unknown(_)), "{end}");
    let mut journal = bench.run().await;
    bench.read(&mut journal, 4).await.unwrap();
    assert!(matches!(bench.effect(&mut journal, EffectKind::Neither).await, Err(Interrupt::Unknown(_))));
    assert_eq!(bench.made.get(), 0);
}

#[tokio::test]
async fn a_run_that_asks_something_else_has_diverged() {
    let bench = Bench::new().await;
    bench.cut_off(EffectKind::Findable).await;
    let mut journal = bench.run().await;
    let error = bench.read(&mut journal, 5).await.unwrap_err();
    assert!(matches!(&error, Interrupt::Diverged(why) if why.contains("other arguments")), "{error}");
    let mut journal = bench.run().await;
    let error = bench.effect(&mut journal, EffectKind::Findable).await.unwrap_err();
    assert!(matches!(&error, Interrupt::Diverged(why) if why.contains("was `x.read`")), "{error}");
}

#[test]
fn an_effect_has_one_key_in_every_run_and_another_than_every_other_effect() {
    let key = |seq: u32| EffectKey(format!("g/p/comment/0/{seq}"));
    assert_eq!(key(1).marker(), key(1).marker());
    assert_ne!(key(1).marker(), key(2).marker());
    assert_ne!(key(1).uuid(), key(2).uuid());
    assert_eq!(key(1).marker().len(), 16);
}

/// What an earlier run asked counts as if this one had asked it.
#[tokio::test]
async fn every_run_of_a_task_meets_its_bounds_at_the_same_place() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        let mut journal = bench.run().await;
        for _ in 0..10 {
            let live = async { Ok(1) };
            journal.read("github-x.read", &(), live).await.unwrap().unwrap();
        }
        let live = async { Ok(1) };
        let refused: Result<u32, _> = journal.read("github-x.read", &(), live).await.unwrap();
        assert_eq!(refused.unwrap_err().kind, ErrorKind::Exhausted);
        bench.effect(&mut journal, EffectKind::Idempotent).await.unwrap();
    }
    assert_eq!(bench.made.get(), 1);
    let fresh = Bench::new().await;
    let live = async { Ok("x".repeat(20 << 20)) };
    let ended = fresh.run().await.read("x.read", &(), live).await.unwrap_err();
    assert!(matches!(&ended, Interrupt::Flooded(why) if why.contains("`limits.exchanged`")), "{ended}");
}

#[tokio::test]
async fn whoever_refuses_a_call_it_is_counted() {
    let bench = Bench::new().await;
    for run in 0..2 {
        let mut journal = bench.run().await;
        journal.deny("no grant\nat all").unwrap();
        let live = async { Err(Fault::answer(ErrorKind::Denied, "the far side said no")) };
        let told: Result<u32, _> = journal.read("x.read", &(), live).await.unwrap();
        assert_eq!(told.unwrap_err().kind, ErrorKind::Denied);
        let live = async { Err(Fault::answer(ErrorKind::NotFound, "that is no refusal")) };
        let told: Result<u32, _> = journal.read("x.read", &(), live).await.unwrap();
        assert_eq!(told.unwrap_err().kind, ErrorKind::NotFound);
        for _ in 0..11 {
            let _: Result<u32, _> = journal.read("github-x.read", &(), async { Ok(1) }).await.unwrap();
        }
        // So that another run is answered from the journal, and tells the same.
        bench.effect(&mut journal, EffectKind::Idempotent).await.unwrap();
        let Denials { count, told } = journal.denials();
        assert_eq!((count, told.len()), (3, 3), "run {run}: {told:?}");
        assert_eq!(told[..2], ["no grant at all", "the far side said no"]);
        assert!(told[2].starts_with("`github-x.read`: ") && told[2].contains("`limits.api_calls`"), "{}", told[2]);
    }
}

#[tokio::test]
async fn an_effect_that_is_cut_off_is_known_at_the_end_and_nothing_begins_after_it() {
    let bench = Bench::new().await;
    let mut journal = bench.run().await;
    bench.effect(&mut journal, EffectKind::Neither).await.unwrap();
    let never = journal.effect(EffectKind::Neither, "x.send", &(), |_, _| std::future::pending::<Result<u32, Fault>>());
    tokio::time::timeout(std::time::Duration::from_millis(300), never).await.unwrap_err();
    assert_eq!(journal.close(), Some("x.send"));
    let error = bench.effect(&mut journal, EffectKind::Neither).await.unwrap_err();
    assert!(matches!(&error, Interrupt::Exhausted(why) if why.contains("has ended")), "{error}");
    assert_eq!(bench.made.get(), 1);
    let other = Bench::new().await;
    let mut journal = other.run().await;
    other.effect(&mut journal, EffectKind::Neither).await.unwrap();
    assert_eq!(journal.close(), None);
}

#[tokio::test]
async fn what_the_host_tells_by_itself_is_counted() {
    let bench = Bench::new().await;
    let journal = bench.run().await;
    journal.tell(16 << 20).unwrap();
    let over = journal.tell(1).unwrap_err();
    assert!(matches!(&over, Interrupt::Flooded(why) if why.contains("`limits.exchanged`")), "{over}");
    let journal = bench.run().await;
    let told = (0..20_000).take_while(|_| journal.tell(0).is_ok()).count();
    assert_eq!(told, 10_000);
}
