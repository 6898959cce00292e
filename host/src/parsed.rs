//! Deliveries that are being worked on: each is read once and parsed once for all of its tasks.

use std::collections::HashMap;
use std::sync::Arc;

use prow::event::Event;
use store::{StoredDelivery, Task, TaskId};

/// Payload bytes that are held for tasks to run; the tasks of those beyond read theirs from the inbox.
const MAX_BYTES: usize = 64 << 20;

/// A delivery, and what it says.
#[derive(Debug)]
pub struct Parsed {
    /// As it was kept.
    pub delivery: StoredDelivery,
    /// Its payload, typed.
    pub event: Arc<Event>,
}

impl Parsed {
    /// Parses the payload.
    ///
    /// # Panics
    /// If it is no JSON object: such a delivery is refused before it is kept.
    #[must_use]
    pub fn new(delivery: StoredDelivery) -> Self {
        let event = prow::event::parse(delivery.event(), delivery.payload());
        let event = Arc::new(event.expect("a delivery is parsed before it is stored"));
        Parsed { delivery, event }
    }
}

/// The deliveries of tasks that this process has dispatched and not run yet. What is said here of a task is how it stands
/// on disk, too: nothing but its first run changes it.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    /// Each with its share of the payload's bytes.
    tasks: HashMap<TaskId, (Arc<Parsed>, usize)>,
    bytes: usize,
}

impl Fresh {
    /// Remembers the delivery of tasks that were just dispatched, as far as there is room: those that came first run first.
    pub(crate) fn put(&mut self, parsed: &Arc<Parsed>, tasks: &[Task]) {
        self.put_within(parsed, tasks, MAX_BYTES);
    }

    /// The delivery of a task that has not run, once: the next run has to look at what the first one wrote.
    pub(crate) fn take(&mut self, task: TaskId) -> Option<Arc<Parsed>> {
        let (parsed, bytes) = self.tasks.remove(&task)?;
        self.bytes -= bytes;
        Some(parsed)
    }

    fn put_within(&mut self, parsed: &Arc<Parsed>, tasks: &[Task], most: usize) {
        let bytes = parsed.delivery.payload().len();
        if self.bytes + bytes > most {
            return;
        }
        let share = bytes / tasks.len().max(1);
        let untouched = |task: &&Task| task.pins.is_none() && task.not_before.is_none() && task.attempts == 0;
        for task in tasks.iter().filter(untouched) {
            self.bytes += share;
            if let Some((_, before)) = self.tasks.insert(task.id, (parsed.clone(), share)) {
                self.bytes -= before;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::{Dispatch, Inbox, NewDelivery, NewTask, Park, ParkKind, Scope, TaskKind};

    use super::*;

    const BODY: &[u8] = br#"{"zen":"x"}"#;

    async fn arrived(inbox: &Inbox, guid: &str) -> (Arc<Parsed>, Vec<Task>) {
        let delivery = NewDelivery {
            guid: guid.into(),
            event: "ping".into(),
            scope: Scope::Repo("o/r".into()),
            key_level: "*".into(),
            payload: bytes::Bytes::from_static(BODY),
            headers: Vec::new(),
            likeness: None,
            received_at: Timestamp::now(),
        };
        inbox.accept(delivery).await.unwrap();
        let task = |plugin: &str| NewTask {
            plugin: plugin.into(),
            kind: TaskKind::Typed,
            lane: guid.into(),
            component_digest: "d".into(),
        };
        let dispatch = Dispatch { tasks: vec![task("a"), task("b")], ..Dispatch::default() };
        let tasks = inbox.dispatch(guid, dispatch).await.unwrap();
        (Arc::new(Parsed::new(inbox.load(guid).await.unwrap().unwrap())), tasks)
    }

    #[tokio::test]
    async fn a_first_run_has_its_delivery_at_hand_and_a_second_one_has_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&dir.path().join("inbox.db")).await.unwrap();
        let (one, tasks) = arrived(&inbox, "one").await;
        assert_eq!((one.event.name.as_str(), tasks.len()), ("ping", 2));
        let mut fresh = Fresh::default();
        fresh.put(&one, &tasks);
        assert!(Arc::ptr_eq(&fresh.take(tasks[0].id).unwrap(), &one));
        assert!(fresh.take(tasks[0].id).is_none());
        assert!(fresh.take(tasks[1].id).is_some());

        let why = "an upstream is away".to_owned();
        let park = Park { round: 0, pins: None, reads: vec![], until: Timestamp::now(), why, kind: ParkKind::Retry };
        inbox.park(tasks[0].id, park).await.unwrap();
        let parked = inbox.task(tasks[0].id).await.unwrap().unwrap();
        fresh.put(&one, &[parked]);
        assert!(fresh.take(tasks[0].id).is_none(), "it has run before");
    }

    #[tokio::test]
    async fn what_waits_is_bounded_and_what_came_first_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&dir.path().join("inbox.db")).await.unwrap();
        let ((one, first), (two, second)) = (arrived(&inbox, "one").await, arrived(&inbox, "two").await);
        let (mut fresh, most) = (Fresh::default(), BODY.len() * 3 / 2);
        fresh.put_within(&one, &first, most);
        fresh.put_within(&two, &second, most);
        assert!(fresh.take(second[0].id).is_none());
        assert!(fresh.take(first[0].id).is_some());
        // What was taken makes room.
        fresh.put_within(&two, &second, most);
        assert!(fresh.take(second[0].id).is_some() && fresh.take(second[1].id).is_some());
        assert!(fresh.take(first[1].id).is_some());
        assert_eq!(fresh.bytes, 0);
    }
}
