//! What a place for ProwJobs promises, wherever it is. Each test gets two handles, as two processes have them, on one empty
//! place; what differs between places is none of its business.

use std::collections::BTreeMap;
use std::time::Duration;

use prow::prowjob::ProwJob;
use serde_json::{Value, json};
use store::{Change, Created, ProwJobs, Revision, Selector, StoreError, Watch};

pub(crate) fn job(name: &str) -> ProwJob {
    let labels = json!({ "prow.k8s.io/job": "unit", "event-GUID": name });
    serde_json::from_value(json!({
        "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
        "metadata": { "name": name, "namespace": "default", "labels": labels },
        "spec": { "type": "presubmit", "job": "unit", "of_tomorrow": { "kept": [1, 2] } },
        "status": { "state": "triggered" },
    }))
    .unwrap()
}

/// A patch by which a job ends in this state.
fn over(state: &str) -> Value {
    json!({ "status": { "state": state, "completionTime": "2026-01-02T03:04:05Z" } })
}

async fn names(jobs: &ProwJobs, selector: &Selector) -> Vec<String> {
    let found = jobs.list(selector).await.unwrap();
    found.into_iter().map(|job| job.metadata.name).collect()
}

/// One line for a change: `put NAME STATE` or `gone NAME`.
pub(crate) async fn next(watch: &mut Watch) -> String {
    let change = tokio::time::timeout(Duration::from_secs(20), watch.next()).await;
    match change.expect("a change within 20 s").unwrap() {
        Change::Put(job, _) => format!("put {} {}", job.metadata.name, job.status.state),
        Change::Gone { name, .. } => format!("gone {name}"),
    }
}

/// Nothing has happened, so nothing is told; as long as another process's write may take to be noticed is waited for.
pub(crate) async fn nothing_more(watch: &mut Watch) {
    let told = tokio::time::timeout(Duration::from_millis(120), watch.next()).await;
    assert!(told.is_err(), "{told:?}");
}

pub(crate) async fn creating_gives_an_identity(jobs: &ProwJobs, _: &ProwJobs) {
    let mut given = job("a");
    given.metadata.uid = "mine".to_owned();
    given.metadata.resource_version = "77".to_owned();
    assert_eq!(jobs.create(&given).await.unwrap(), Created::New);
    let stored = jobs.get("a").await.unwrap().expect("created");
    assert_ne!(stored.metadata.uid, "mine");
    assert_ne!(stored.metadata.resource_version, "77");
    assert!(stored.metadata.creation_timestamp.is_some());
    assert_eq!((&stored.spec, &stored.status), (&given.spec, &given.status), "unknown keys included");
    let mut other = job("a");
    other.status.description = "another".to_owned();
    assert_eq!(jobs.create(&other).await.unwrap(), Created::AlreadyThere);
    assert_eq!(jobs.get("a").await.unwrap().expect("created"), stored);
    assert_eq!(jobs.get("b").await.unwrap(), None);
    assert!(matches!(jobs.create(&job("")).await, Err(StoreError::Invalid { .. })));
}

pub(crate) async fn lists_select(jobs: &ProwJobs, _: &ProwJobs) {
    for name in ["c", "a", "b"] {
        jobs.create(&job(name)).await.unwrap();
    }
    jobs.patch("b", &over("success")).await.unwrap();
    let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let cases = [
        (labels(&[]), false, vec!["a", "b", "c"]),
        (labels(&[]), true, vec!["a", "c"]),
        (labels(&[("prow.k8s.io/job", "unit")]), true, vec!["a", "c"]),
        (labels(&[("event-GUID", "b")]), false, vec!["b"]),
        (labels(&[("event-GUID", "b")]), true, vec![]),
        (labels(&[("event-GUID", "b"), ("prow.k8s.io/job", "lint")]), false, vec![]),
    ];
    for (labels, incomplete_only, want) in cases {
        let selector = Selector { labels, incomplete_only };
        assert_eq!(names(jobs, &selector).await, want, "{selector:?}");
    }
    jobs.patch("a", &json!({ "metadata": { "labels": { "event-GUID": null } } })).await.unwrap();
    let relabelled = Selector { labels: labels(&[("event-GUID", "a")]), incomplete_only: false };
    assert_eq!(names(jobs, &relabelled).await, [""; 0]);
}

/// Two processes patch different fields of one object: both changes stay.
pub(crate) async fn patches_touch_their_own_fields(jobs: &ProwJobs, other: &ProwJobs) {
    jobs.create(&job("a")).await.unwrap();
    let before = jobs.get("a").await.unwrap().expect("created");
    jobs.patch("a", &json!({ "status": { "description": "here" } })).await.unwrap();
    let after = other.patch("a", &json!({ "status": { "state": "pending" } })).await.unwrap().expect("there");
    assert_eq!(after.status.description, "here");
    assert_eq!(after.status.state.as_str(), "pending");
    assert_eq!(after.spec, before.spec);
    assert!(Revision::of(&after).unwrap() > Revision::of(&before).unwrap());
    assert_eq!(jobs.patch("gone", &json!({})).await.unwrap(), None);
}

pub(crate) async fn identity_survives_a_patch(jobs: &ProwJobs, _: &ProwJobs) {
    jobs.create(&job("a")).await.unwrap();
    let before = jobs.get("a").await.unwrap().expect("created");
    let theft = json!({ "metadata": { "name": "z", "uid": "z", "creationTimestamp": null, "resourceVersion": "1" } });
    let after = jobs.patch("a", &theft).await.unwrap().expect("there");
    assert_eq!(after, before, "nothing changed, so that not even the version did");
    let broken = jobs.patch("a", &json!({ "spec": null })).await;
    assert!(matches!(broken, Err(StoreError::Invalid { .. })), "{broken:?}");
    assert_eq!(jobs.get("a").await.unwrap().expect("there"), before);
}

pub(crate) async fn a_stale_version_is_a_conflict(jobs: &ProwJobs, other: &ProwJobs) {
    jobs.create(&job("a")).await.unwrap();
    let read = jobs.get("a").await.unwrap().expect("created");
    other.patch("a", &json!({ "status": { "state": "pending" } })).await.unwrap();
    let version = &read.metadata.resource_version;
    let stale = jobs.patch_if("a", version, &over("error")).await;
    assert!(matches!(stale, Err(StoreError::Conflict { .. })), "{stale:?}");
    let fresh = jobs.get("a").await.unwrap().expect("there");
    assert_eq!(fresh.status.state.as_str(), "pending");
    let version = &fresh.metadata.resource_version;
    let done = jobs.patch_if("a", version, &over("error")).await.unwrap();
    assert_eq!(done.expect("there").status.state.as_str(), "error");
}

/// The abort request of one side and the progress of the other meet: whoever comes second decides on what is there then.
pub(crate) async fn an_update_decides_on_what_is_there(jobs: &ProwJobs, other: &ProwJobs) {
    jobs.create(&job("a")).await.unwrap();
    let (one, two) = (jobs.clone(), other.clone());
    let count = |jobs: ProwJobs| async move {
        for _ in 0..20 {
            let add =
                |job: &ProwJob| Some(json!({ "status": { "pod_revival_count": job.status.pod_revival_count + 1 } }));
            jobs.update("a", add).await.unwrap();
        }
    };
    tokio::join!(count(one), count(two));
    assert_eq!(jobs.get("a").await.unwrap().expect("there").status.pod_revival_count, 40);
    let left = jobs.update("a", |_| None).await.unwrap();
    assert_eq!(left, jobs.get("a").await.unwrap());
    assert_eq!(jobs.update("gone", |_| Some(json!({}))).await.unwrap(), None);
}

/// A watch begins with all there is and then tells each change, whoever makes it.
pub(crate) async fn a_watch_tells_every_change(jobs: &ProwJobs, other: &ProwJobs) {
    jobs.create(&job("a")).await.unwrap();
    jobs.create(&job("gone-before")).await.unwrap();
    jobs.delete("gone-before").await.unwrap();
    let mut watch = jobs.watch(Revision::START);
    assert_eq!(next(&mut watch).await, "put a triggered");
    nothing_more(&mut watch).await;
    jobs.create(&job("b")).await.unwrap();
    assert_eq!(next(&mut watch).await, "put b triggered");
    other.patch("a", &json!({ "status": { "state": "pending" } })).await.unwrap();
    assert_eq!(next(&mut watch).await, "put a pending");
    assert!(other.delete("a").await.unwrap());
    assert!(!other.delete("a").await.unwrap());
    assert_eq!(next(&mut watch).await, "gone a");
    assert_eq!(other.create(&job("a")).await.unwrap(), Created::New);
    assert_eq!(next(&mut watch).await, "put a triggered");
}

/// A watch that goes on from a revision hears what happened meanwhile, deletions included.
pub(crate) async fn a_watch_goes_on_where_it_was(jobs: &ProwJobs, other: &ProwJobs) {
    for name in ["a", "b", "c"] {
        jobs.create(&job(name)).await.unwrap();
    }
    let mut first = jobs.watch(Revision::START);
    assert_eq!([next(&mut first).await, next(&mut first).await], ["put a triggered", "put b triggered"]);
    let last = first.next().await.unwrap().revision();
    assert_eq!(last, Revision::of(&jobs.get("c").await.unwrap().expect("there")).unwrap());
    other.delete("b").await.unwrap();
    other.patch("a", &over("error")).await.unwrap();
    let mut second = jobs.watch(last);
    assert_eq!([next(&mut second).await, next(&mut second).await], ["gone b", "put a error"]);
    nothing_more(&mut second).await;
}

/// A write in this process does not wait for the poll.
pub(crate) async fn own_writes_are_told_at_once(jobs: &ProwJobs, _: &ProwJobs) {
    let mut watch = jobs.watch(Revision::START);
    let started = std::time::Instant::now();
    for round in 0..20 {
        let name = format!("job-{round}");
        let (told, created) = tokio::join!(next(&mut watch), async {
            tokio::task::yield_now().await;
            jobs.create(&job(&name)).await.unwrap()
        });
        assert_eq!((told, created), (format!("put {name} triggered"), Created::New));
    }
    assert!(started.elapsed() < Duration::from_millis(20 * 50), "{:?}", started.elapsed());
}

/// Hands the names of all tests here to a macro.
macro_rules! each_test {
    ($run:ident) => {
        $run! {
            creating_gives_an_identity
            lists_select
            patches_touch_their_own_fields
            identity_survives_a_patch
            a_stale_version_is_a_conflict
            an_update_decides_on_what_is_there
            a_watch_tells_every_change
            a_watch_goes_on_where_it_was
            own_writes_are_told_at_once
        }
    };
}
pub(crate) use each_test;
