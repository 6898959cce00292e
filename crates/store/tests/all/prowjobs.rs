//! The suite on SQLite.

use std::collections::BTreeSet;

use store::Revision;

use crate::prowjobs_suite;

macro_rules! with_two_handles {
    ($($name:ident)+) => {
        $(#[tokio::test]
        async fn $name() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("prowjobs.db");
            // As two processes have it: each with a writer of its own on the one file.
            let one = store::ProwJobs::open(&path).await.unwrap();
            let two = store::ProwJobs::open(&path).await.unwrap();
            prowjobs_suite::$name(&one, &two).await;
        })+
    };
}

prowjobs_suite::each_test!(with_two_handles);

/// More than one page of them, the older half behind the horizon.
#[tokio::test]
async fn a_watch_over_many_begins_with_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("prowjobs.db");
    let jobs = store::ProwJobs::open(&path).await.unwrap();
    let mut creating = tokio::task::JoinSet::new();
    for i in 0..1050 {
        let jobs = jobs.clone();
        creating.spawn(async move { jobs.create(&prowjobs_suite::job(&format!("{i:04}"))).await.unwrap() });
    }
    creating.join_all().await;
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE counter SET horizon = 800", []).unwrap();
    let mut watch = jobs.watch(Revision::START);
    let mut seen = BTreeSet::new();
    while seen.len() < 1050 {
        assert!(seen.insert(prowjobs_suite::next(&mut watch).await), "told twice");
    }
    prowjobs_suite::nothing_more(&mut watch).await;
}
