//! What the tests of several subcommands print.

use jiff::Timestamp;
use store::{TaskId, TaskKind, TaskReport, TaskState};

/// A moment so many seconds after one that all tests share.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// A task that nothing is known of but its plugin and how far it has come.
pub(crate) fn task(plugin: &str, state: TaskState) -> TaskReport {
    TaskReport {
        id: TaskId(1),
        plugin: plugin.into(),
        kind: TaskKind::Comment,
        lane: "l".into(),
        state,
        attempts: 0,
        not_before: None,
        round: 0,
        woken: 0,
        pins: None,
        reason: None,
        trace: None,
        duration: None,
        finished_at: None,
        journal: Vec::new(),
    }
}
