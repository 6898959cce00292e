//! Lanes: the order in which tasks go. Tasks of one lane (plugin, repository, key) go one after the other, lanes beside one
//! another. Pure: what is started, and how it ended, is the dispatcher's to know.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use store::{Task, TaskId};

/// All lanes that have a task.
#[derive(Default)]
pub(crate) struct Lanes(HashMap<String, Lane>);

/// The tasks of one lane that are not finished; the first is running or waits for its time.
#[derive(Default)]
struct Lane {
    tasks: VecDeque<Task>,
    busy: bool,
    /// Tasks that were queued anew while they stood here.
    again: HashSet<TaskId>,
    /// How many runs of the first task were lost in a row.
    lost: u32,
}

/// What became of a lane's first task, or of the wait for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finished {
    /// It has ended.
    Ended,
    /// It is to be run again, then.
    Again(Timestamp),
    /// It has waited long enough.
    Due,
}

impl Lanes {
    /// Puts a task at the end of its lane. One that stands there already stays where it is and is looked at once more after
    /// its present run: that run may have ended on disk, and a redelivery have queued the task anew, before the lane heard of
    /// the end.
    pub(crate) fn add(&mut self, task: Task) {
        let lane = self.0.entry(task.lane.clone()).or_default();
        if lane.tasks.iter().any(|known| known.id == task.id) {
            lane.again.insert(task.id);
        } else {
            lane.tasks.push_back(task);
        }
    }

    /// The task that is to be started now, or waited for, in this lane; none while one is under way. It is under way from
    /// now on, until [`Lanes::settle`].
    pub(crate) fn begin(&mut self, name: &str) -> Option<Task> {
        let lane = self.0.get_mut(name)?;
        let Some(task) = lane.tasks.front() else {
            self.0.remove(name);
            return None;
        };
        if std::mem::replace(&mut lane.busy, true) {
            return None;
        }
        Some(task.clone())
    }

    /// The lane's first task is not under way any more.
    pub(crate) fn settle(&mut self, name: &str, finished: Finished) {
        let Some(lane) = self.0.get_mut(name) else { return };
        lane.busy = false;
        if finished == Finished::Ended {
            lane.lost = 0;
        }
        let Some(task) = lane.tasks.front_mut() else { return };
        match finished {
            Finished::Ended if lane.again.remove(&task.id) => task.not_before = None,
            Finished::Ended => drop(lane.tasks.pop_front()),
            Finished::Due => task.not_before = None,
            Finished::Again(until) => task.not_before = Some(until),
        }
    }

    /// The run of the lane's first task came to no end at all. Gives the task, which counts as under way still, and how many
    /// of its runs were lost by now.
    pub(crate) fn lose(&mut self, name: &str) -> Option<(TaskId, u32)> {
        let lane = self.0.get_mut(name)?;
        lane.lost += 1;
        Some((lane.tasks.front()?.id, lane.lost))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use store::{Accepted, Dispatch, Inbox, NewDelivery, NewTask, Outcome, Scope, TaskEnd, TaskKind};

    use super::*;

    const LANE: &str = "p o/r #1";

    fn delivery(guid: &str) -> NewDelivery {
        NewDelivery {
            guid: guid.into(),
            event: "issue_comment".into(),
            scope: Scope::Repo("o/r".into()),
            key_level: "*".into(),
            payload: bytes::Bytes::from_static(b"{}"),
            headers: Vec::new(),
            received_at: Timestamp::now(),
            likeness: None,
        }
    }

    /// Each delivery's one task, in a lane that they share.
    async fn tasks(inbox: &Inbox, guids: &[&str]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for guid in guids {
            inbox.accept(delivery(guid)).await.unwrap();
            let task = NewTask {
                plugin: "p".into(),
                kind: TaskKind::Comment,
                lane: LANE.into(),
                component_digest: "d".into(),
            };
            let dispatch = Dispatch { config_revision: "rev".into(), key: None, considered: vec![], tasks: vec![task] };
            tasks.extend(inbox.dispatch(guid, dispatch).await.unwrap());
        }
        tasks
    }

    async fn inbox(dir: &tempfile::TempDir) -> Inbox {
        Inbox::open(&dir.path().join("inbox.db")).await.unwrap()
    }

    #[tokio::test]
    async fn tasks_of_a_lane_go_one_after_the_other_and_one_put_aside_keeps_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let both = tasks(&inbox(&dir).await, &["one", "two"]).await;
        let mut lanes = Lanes::default();
        both.iter().cloned().for_each(|task| lanes.add(task));
        assert_eq!(lanes.begin(LANE).unwrap().id, both[0].id);
        assert_eq!(lanes.begin(LANE), None, "one at a time");
        lanes.settle(LANE, Finished::Again(Timestamp::MAX));
        let waits = lanes.begin(LANE).unwrap();
        assert_eq!((waits.id, waits.not_before), (both[0].id, Some(Timestamp::MAX)));
        lanes.settle(LANE, Finished::Due);
        let due = lanes.begin(LANE).unwrap();
        assert_eq!((due.id, due.not_before), (both[0].id, None));
        lanes.settle(LANE, Finished::Ended);
        assert_eq!(lanes.begin(LANE).unwrap().id, both[1].id);
        lanes.settle(LANE, Finished::Ended);
        assert_eq!(lanes.begin(LANE), None);
    }

    #[tokio::test]
    async fn a_lost_run_does_not_shut_its_lane() {
        let dir = tempfile::tempdir().unwrap();
        let both = tasks(&inbox(&dir).await, &["one", "two"]).await;
        let mut lanes = Lanes::default();
        both.iter().cloned().for_each(|task| lanes.add(task));
        for times in 1..=2 {
            lanes.begin(LANE).unwrap();
            assert_eq!(lanes.lose(LANE), Some((both[0].id, times)));
            assert_eq!(lanes.begin(LANE), None, "what becomes of it is not settled");
            lanes.settle(LANE, Finished::Again(Timestamp::MAX));
        }
        lanes.begin(LANE).unwrap();
        lanes.settle(LANE, Finished::Ended);
        assert_eq!(lanes.begin(LANE).unwrap().id, both[1].id);
        assert_eq!(lanes.lose(LANE), Some((both[1].id, 1)), "counted for each task");
    }

    /// The end is on disk, GitHub sends again, and only then the lane hears of the end.
    #[tokio::test]
    async fn a_redelivery_that_comes_before_its_lane_hears_of_the_end_is_run() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = inbox(&dir).await;
        let task = tasks(&inbox, &["one"]).await.remove(0);
        let mut lanes = Lanes::default();
        lanes.add(task.clone());
        lanes.begin(LANE).unwrap();
        let (trace, duration) = (serde_json::Value::Null, Duration::ZERO);
        let end = TaskEnd { round: 0, outcome: Outcome::Failed, reason: None, reads: vec![], trace, duration };
        inbox.finish(task.id, end).await.unwrap();
        assert_eq!(inbox.accept(delivery("one")).await.unwrap(), Accepted::Requeued);
        for task in inbox.resume("one").await.unwrap() {
            lanes.add(task);
        }
        lanes.settle(LANE, Finished::Ended);
        let again = lanes.begin(LANE).expect("it is queued on disk, so it is queued here");
        assert!(inbox.task(again.id).await.unwrap().unwrap().state.is_open());
        lanes.settle(LANE, Finished::Ended);
        assert_eq!(lanes.begin(LANE), None, "once");
    }
}
