//! What the inbox promises about deliveries and their tasks.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use store::{
    Accepted, Considered, DeliveryState, Dispatch, Filter, Inbox, NewDelivery, NewTask, Outcome, Scope, StoreError,
    Task, TaskEnd, TaskId, TaskKind, TaskState,
};

pub(crate) fn delivery(guid: &str) -> NewDelivery {
    NewDelivery {
        guid: guid.to_owned(),
        event: "issue_comment".to_owned(),
        scope: Scope::Repo("org/repo".to_owned()),
        key_level: "org".to_owned(),
        payload: Bytes::from(format!("{{\"guid\":\"{guid}\"}}")),
        headers: b"x-github-event: issue_comment\n".to_vec(),
        received_at: Timestamp::UNIX_EPOCH,
        likeness: None,
    }
}

pub(crate) fn dispatch(plugins: &[&str]) -> Dispatch {
    Dispatch {
        config_revision: "r1".to_owned(),
        key: Some("7".to_owned()),
        considered: plugins
            .iter()
            .map(|plugin| Considered { plugin: (*plugin).to_owned(), runs: true, why: "it wants comments".to_owned() })
            .collect(),
        tasks: plugins
            .iter()
            .map(|plugin| NewTask {
                plugin: (*plugin).to_owned(),
                kind: TaskKind::Comment,
                lane: format!("{plugin} org/repo 7"),
                component_digest: "d0".to_owned(),
            })
            .collect(),
    }
}

pub(crate) fn end(outcome: Outcome) -> TaskEnd {
    TaskEnd {
        round: 0,
        outcome,
        reason: Some("because".to_owned()),
        reads: Vec::new(),
        trace: json!({ "calls": 0 }),
        duration: Duration::from_millis(3),
    }
}

/// Accepts a delivery and gives it one task a plugin.
pub(crate) async fn dispatched(inbox: &Inbox, guid: &str, plugins: &[&str]) -> Vec<Task> {
    assert_eq!(inbox.accept(delivery(guid)).await.unwrap(), Accepted::Stored);
    inbox.dispatch(guid, dispatch(plugins)).await.unwrap()
}

async fn state(inbox: &Inbox, guid: &str) -> DeliveryState {
    inbox.show(guid).await.unwrap().expect("accepted before").summary.state
}

async fn undispatched(inbox: &Inbox) -> Vec<String> {
    let waiting = inbox.undispatched(100).await.unwrap();
    waiting.iter().map(|delivery| delivery.guid().to_owned()).collect()
}

/// What is accepted comes back byte for byte, in order of arrival, until it is dispatched.
async fn deliveries_wait_in_order(inbox: &Inbox) {
    for guid in ["b", "a", "c"] {
        assert_eq!(inbox.accept(delivery(guid)).await.unwrap(), Accepted::Stored);
    }
    inbox.arrived().await;
    assert_eq!(undispatched(inbox).await, ["b", "a", "c"]);
    assert_eq!(inbox.undispatched(2).await.unwrap().len(), 2);
    let first = &inbox.undispatched(1).await.unwrap()[0];
    assert_eq!(&first.payload()[..], br#"{"guid":"b"}"#);
    assert_eq!(first.scope(), &Scope::Repo("org/repo".to_owned()));
    assert_eq!((first.event(), first.key_level()), ("issue_comment", "org"));
    assert!(!first.has_tasks());
    let tasks = inbox.dispatch("b", dispatch(&["trigger", "hold"])).await.unwrap();
    assert_eq!(tasks.iter().map(|task| task.plugin.as_str()).collect::<Vec<_>>(), ["trigger", "hold"]);
    assert_eq!(undispatched(inbox).await, ["a", "c"]);
    assert!(inbox.load("b").await.unwrap().expect("still there").has_tasks());
    assert!(inbox.load("z").await.unwrap().is_none());
}

/// A sender that hangs up after its last byte does not leave a delivery that nobody is told of.
async fn a_caller_that_goes_away_is_no_loss(inbox: &Inbox) {
    let mut accepting = Box::pin(inbox.accept(delivery("left")));
    tokio::select! {
        biased;
        done = &mut accepting => panic!("that was fast: {done:?}"),
        () = std::future::ready(()) => drop(accepting),
    }
    tokio::time::timeout(Duration::from_secs(20), inbox.arrived()).await.expect("told within 20 s");
    assert_eq!(undispatched(inbox).await, ["left"]);
}

/// Dispatching again, as a host does that was killed in between, makes no second set of tasks.
async fn a_delivery_is_dispatched_once(inbox: &Inbox) {
    let first = dispatched(inbox, "once", &["trigger"]).await;
    let second = inbox.dispatch("once", dispatch(&["trigger", "hold"])).await.unwrap();
    assert_eq!(first, second);
    let unknown = inbox.dispatch("never seen", dispatch(&[])).await;
    assert!(matches!(unknown, Err(StoreError::NotThere { .. })), "{unknown:?}");
}

async fn a_delivery_without_tasks_is_done(inbox: &Inbox) {
    assert_eq!(dispatched(inbox, "nobody", &[]).await, []);
    assert_eq!(state(inbox, "nobody").await, DeliveryState::Done);
    assert_eq!(inbox.accept(delivery("nobody")).await.unwrap(), Accepted::Done);
}

/// A delivery is finished when all its tasks are, and failed if one of them is.
async fn the_last_task_ends_its_delivery(inbox: &Inbox) {
    use Outcome::{Dead, Done, Failed, Ignored, Unknown};
    let cases = [
        (vec![Done, Ignored], DeliveryState::Done, Accepted::Done),
        (vec![Done, Failed], DeliveryState::Failed, Accepted::Requeued),
        (vec![Dead, Ignored], DeliveryState::Failed, Accepted::Requeued),
        (vec![Unknown, Done], DeliveryState::Done, Accepted::Done),
        (vec![Unknown, Failed], DeliveryState::Failed, Accepted::Requeued),
    ];
    for (number, (outcomes, want, again)) in cases.into_iter().enumerate() {
        let guid = format!("ends {number}");
        let tasks = dispatched(inbox, &guid, &["one", "two"]).await;
        for (task, outcome) in tasks.iter().zip(&outcomes) {
            assert_eq!(state(inbox, &guid).await, DeliveryState::Open, "{outcomes:?}");
            assert_eq!(inbox.accept(delivery(&guid)).await.unwrap(), Accepted::Waiting, "{outcomes:?}");
            inbox.finish(task.id, end(*outcome)).await.unwrap();
        }
        assert_eq!(state(inbox, &guid).await, want, "{outcomes:?}");
        assert_eq!(inbox.accept(delivery(&guid)).await.unwrap(), again, "{outcomes:?}");
    }
}

/// A redelivery runs again what failed, and only that.
async fn a_redelivery_queues_what_failed(inbox: &Inbox) {
    let plugins = ["done", "failed", "dead", "unknown"];
    let tasks = dispatched(inbox, "again", &plugins).await;
    let outcomes = [Outcome::Done, Outcome::Failed, Outcome::Dead, Outcome::Unknown];
    for (task, outcome) in tasks.iter().zip(outcomes) {
        inbox.finish(task.id, end(outcome)).await.unwrap();
    }
    assert_eq!(inbox.accept(delivery("again")).await.unwrap(), Accepted::Requeued);
    assert_eq!(inbox.accept(delivery("again")).await.unwrap(), Accepted::Waiting);
    inbox.arrived().await;
    assert_eq!(inbox.open_tasks().await.unwrap(), [], "they are the dispatcher's first");
    assert!(inbox.undispatched(1).await.unwrap()[0].has_tasks());
    let resumed = inbox.resume("again").await.unwrap();
    let names = |tasks: &[Task]| tasks.iter().map(|task| task.plugin.clone()).collect::<Vec<_>>();
    assert_eq!(names(&resumed), ["failed", "dead"]);
    assert_eq!(inbox.open_tasks().await.unwrap(), resumed);
    for task in &resumed {
        inbox.finish(task.id, end(Outcome::Done)).await.unwrap();
    }
    assert_eq!(state(inbox, "again").await, DeliveryState::Done);
}

/// A GUID seen for one repository cannot be used by the key of another to stir or to hide what is there.
async fn a_guid_belongs_to_one_repository(inbox: &Inbox) {
    dispatched(inbox, "mine", &[]).await;
    for scope in [Scope::Repo("org/other".to_owned()), Scope::Org("org/repo".to_owned()), Scope::Any] {
        let foreign = NewDelivery { scope, ..delivery("mine") };
        assert_eq!(inbox.accept(foreign).await.unwrap(), Accepted::Foreign);
    }
}

async fn a_task_ends_once(inbox: &Inbox) {
    let task = dispatched(inbox, "ends once", &["hold"]).await[0].id;
    inbox.finish(task, end(Outcome::Done)).await.unwrap();
    for (id, round) in [(task, 0), (TaskId(i64::MAX), 0)] {
        let again = inbox.finish(id, TaskEnd { round, ..end(Outcome::Failed) }).await;
        assert!(matches!(again, Err(StoreError::NotThere { .. })), "{again:?}");
    }
    assert_eq!(state(inbox, "ends once").await, DeliveryState::Done);
}

/// Everything that was written down comes back in the report.
async fn a_report_tells_who_was_asked_and_what_came_of_it(inbox: &Inbox) {
    let task = dispatched(inbox, "told", &["hold"]).await[0].id;
    inbox.finish(task, end(Outcome::Ignored)).await.unwrap();
    let report = inbox.show("told").await.unwrap().expect("accepted");
    assert_eq!(report.considered, dispatch(&["hold"]).considered);
    assert_eq!(report.config_revision.as_deref(), Some("r1"));
    assert_eq!(report.payload_bytes, 15);
    assert_eq!(report.summary.key.as_deref(), Some("7"));
    let told = &report.reports[0];
    assert_eq!((told.state, told.reason.as_deref()), (TaskState::Ignored, Some("because")));
    assert_eq!(told.trace, Some(json!({ "calls": 0 })));
    assert_eq!(told.duration, Some(Duration::from_millis(3)));
    assert_eq!((told.journal.len(), told.pins.clone()), (0, None), "no effects: nothing but the outcome");
    assert!(told.finished_at.is_some());
    assert_eq!(inbox.show("untold").await.unwrap(), None);
}

async fn lists_narrow(inbox: &Inbox) {
    let half = dispatched(inbox, "half", &["fails", "waits"]).await;
    inbox.finish(half[0].id, end(Outcome::Failed)).await.unwrap();
    dispatched(inbox, "old", &[]).await;
    let late = Timestamp::from_second(1000).unwrap();
    inbox.accept(NewDelivery { received_at: late, ..delivery("late") }).await.unwrap();
    let org = Scope::Org("org".to_owned());
    inbox.accept(NewDelivery { scope: org, ..delivery("org") }).await.unwrap();
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (Filter::default(), vec!["org", "late", "old", "half"]),
        (Filter { limit: 2, ..Filter::default() }, vec!["org", "late"]),
        (Filter { scope: text("org/repo"), ..Filter::default() }, vec!["late", "old", "half"]),
        (Filter { scope: text("org"), ..Filter::default() }, vec!["org"]),
        (Filter { key: text("7"), ..Filter::default() }, vec!["old", "half"]),
        (Filter { state: Some(DeliveryState::New), ..Filter::default() }, vec!["org", "late"]),
        (Filter { since: Some(late), ..Filter::default() }, vec!["late"]),
        (Filter { failed: true, ..Filter::default() }, vec!["half"]),
        (Filter { scope: text("nobody/here"), ..Filter::default() }, vec![]),
    ];
    for (filter, want) in cases {
        let listed = inbox.list(&filter).await.unwrap();
        let guids: Vec<_> = listed.iter().map(|delivery| delivery.guid.as_str()).collect();
        assert_eq!(guids, want, "{filter:?}");
    }
    let failed = inbox.list(&Filter { failed: true, ..Filter::default() }).await.unwrap();
    let tasks: Vec<_> = failed[0].tasks.iter().map(|task| (task.state, task.reason.as_deref())).collect();
    assert_eq!(tasks, [(TaskState::Failed, Some("because")), (TaskState::Queued, None)]);
}

async fn counts_are_of_what_needs_seeing_to(inbox: &Inbox) {
    inbox.accept(delivery("waits")).await.unwrap();
    let tasks = dispatched(inbox, "counted", &["a", "b", "c", "d", "e"]).await;
    let outcomes = [Outcome::Done, Outcome::Failed, Outcome::Dead, Outcome::Unknown];
    for (task, outcome) in tasks.iter().zip(outcomes) {
        inbox.finish(task.id, end(outcome)).await.unwrap();
    }
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.undispatched, counts.queued, counts.parked), (1, 1, 0));
    assert_eq!((counts.failed, counts.dead, counts.unknown), (1, 1, 1));
}

/// Oldest first and a few at a time: neither what is not finished, nor what was finished lately.
async fn what_is_long_finished_is_forgotten(inbox: &Inbox) {
    let at = |second| Timestamp::from_second(second).unwrap();
    for (guid, second) in [("a", 1), ("b", 2), ("c", 3), ("open", 4), ("late", 5)] {
        inbox.accept(NewDelivery { received_at: at(second), ..delivery(guid) }).await.unwrap();
        let plugins: &[&str] = if matches!(guid, "open" | "late") { &["hold"] } else { &[] };
        inbox.dispatch(guid, dispatch(plugins)).await.unwrap();
    }
    let late = inbox.open_tasks().await.unwrap()[1].id;
    inbox.intend(late, 0, &crate::journal::pins(), vec![], crate::journal::intent(0)).await.unwrap();
    inbox.finish(late, end(Outcome::Failed)).await.unwrap();
    let left = async || -> Vec<String> {
        inbox.list(&Filter::default()).await.unwrap().into_iter().map(|delivery| delivery.guid).collect()
    };
    for (before, limit, want) in [(at(1), 9, 0), (at(1000), 2, 2), (at(1000), 2, 1), (at(1000), 2, 0)] {
        assert_eq!(inbox.forget(before, limit).await.unwrap(), want, "{before} {limit}");
    }
    assert_eq!(left().await, ["late", "open"]);
    assert_eq!(inbox.accept(delivery("a")).await.unwrap(), Accepted::Stored, "it is a new one");
    let tomorrow = Timestamp::now().checked_add(Duration::from_secs(86_400)).unwrap();
    assert_eq!(inbox.forget(tomorrow, 9).await.unwrap(), 1);
    assert_eq!(inbox.journal(late, 0).await.unwrap(), []);
    assert_eq!(left().await, ["a", "open"]);
}

/// Each test on an empty inbox in a file, and on one of a server.
macro_rules! on_both {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                super::$name(&store::Inbox::open(&dir.path().join("inbox.db")).await.unwrap()).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(server) = crate::hosts::server() else { return };
                let inbox = store::Inbox::join(&crate::hosts::at(&server.database())).await.unwrap();
                super::$name(&inbox).await;
            })+
        }
    };
}
pub(crate) use on_both;

on_both! {
    deliveries_wait_in_order
    a_caller_that_goes_away_is_no_loss
    a_delivery_is_dispatched_once
    a_delivery_without_tasks_is_done
    the_last_task_ends_its_delivery
    a_redelivery_queues_what_failed
    a_guid_belongs_to_one_repository
    a_task_ends_once
    a_report_tells_who_was_asked_and_what_came_of_it
    lists_narrow
    counts_are_of_what_needs_seeing_to
    what_is_long_finished_is_forgotten
}
