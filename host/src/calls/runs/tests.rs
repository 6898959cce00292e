use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use prow::prowjob::ProwJobSpec;
use prow::refs::{Pull, Refs};
use serde_json::Value;
use store::{Changes, Created, ProwJobStore, Revision};
use tempfile::TempDir;

use super::*;

fn repo() -> RepoRef {
    RepoRef { org: "org".to_owned(), name: "repo".to_owned() }
}

/// A run of a job on a pull request, as the host makes it.
fn run(name: &str, job_type: ProwJobType, (org, repo, pull): (&str, &str, u64), state: ProwJobState) -> ProwJob {
    let pulls = vec![Pull { number: pull, ..Pull::default() }];
    let refs = Refs { org: org.to_owned(), repo: repo.to_owned(), pulls, ..Refs::default() };
    let spec = ProwJobSpec { refs: Some(refs), ..ProwJobSpec::new(job_type, "unit") };
    let (labels, annotations) = labels::for_spec(&spec, &BTreeMap::new(), &BTreeMap::new());
    let mut job = ProwJob::new(name, spec);
    (job.metadata.labels, job.metadata.annotations) = (labels, annotations);
    job.status.state = state;
    if state == ProwJobState::Success {
        job.status.completion_time = Some(Timestamp::UNIX_EPOCH);
    }
    job
}

async fn store_of(jobs: &[ProwJob]) -> (TempDir, ProwJobs) {
    let folder = tempfile::tempdir().unwrap();
    let prowjobs = ProwJobs::open(&folder.path().join("prowjobs.db")).await.unwrap();
    for job in jobs {
        prowjobs.create(job).await.unwrap();
    }
    (folder, prowjobs)
}

/// What trigger does about a pull request whose runs are of no more use: the states of all ProwJobs after it, and whether
/// they are complete.
async fn check_aborted(jobs: &[ProwJob], want: &[&str]) {
    let (_folder, prowjobs) = store_of(jobs).await;
    for run in of_pull(&prowjobs, &repo(), 7).await.unwrap() {
        abort(&prowjobs, false, (&repo(), &run.name), "Aborted by trigger plugin.").await.unwrap();
    }
    let all = prowjobs.list(&Selector::default()).await.unwrap();
    let shown = |job: &ProwJob| {
        let complete = if job.is_complete() { ", complete" } else { "" };
        format!("{}: {}{complete}", job.metadata.name, job.status.state)
    };
    assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), want);
}

#[tokio::test]
async fn case_12_and_13_a_run_is_aborted_and_left_to_the_controller_to_complete() {
    for state in [ProwJobState::Scheduling, ProwJobState::Triggered, ProwJobState::Pending] {
        let job = run("old", ProwJobType::Presubmit, ("org", "repo", 7), state);
        check_aborted(&[job], &["old: aborted"]).await;
    }
    let (_folder, prowjobs) =
        store_of(&[run("old", ProwJobType::Presubmit, ("org", "repo", 7), ProwJobState::Pending)]).await;
    abort(&prowjobs, false, (&repo(), "old"), "Aborted by trigger plugin.").await.unwrap();
    let job = prowjobs.get("old").await.unwrap().unwrap();
    assert_eq!(job.status.description, "Aborted by trigger plugin.");
}

#[tokio::test]
async fn case_17_what_is_another_s_or_has_ended_is_left_alone() {
    let (presubmit, pending) = (ProwJobType::Presubmit, ProwJobState::Pending);
    let jobs = [
        run("a-org", presubmit, ("other", "repo", 7), pending),
        run("b-repo", presubmit, ("org", "other", 7), pending),
        run("c-number", presubmit, ("org", "repo", 8), pending),
        run("d-batch", ProwJobType::Batch, ("org", "repo", 7), pending),
        run("e-post", ProwJobType::Postsubmit, ("org", "repo", 7), pending),
        run("f-ended", presubmit, ("org", "repo", 7), ProwJobState::Success),
        run("g-right", presubmit, ("org", "repo", 7), pending),
    ];
    let want = [
        "a-org: pending",
        "b-repo: pending",
        "c-number: pending",
        "d-batch: pending",
        "e-post: pending",
        "f-ended: success, complete",
        "g-right: aborted",
    ];
    check_aborted(&jobs, &want).await;
}

#[tokio::test]
async fn a_run_of_another_repository_cannot_be_aborted_by_its_name() {
    let (_folder, prowjobs) =
        store_of(&[run("a", ProwJobType::Presubmit, ("other", "repo", 7), ProwJobState::Pending)]).await;
    let refused = abort(&prowjobs, false, (&repo(), "a"), "").await;
    assert!(matches!(refused, Err(Fault::Answer(ApiError { kind: ErrorKind::Denied, .. }))), "{refused:?}");
}

/// A store that answers from the time on that so many creations were tried.
struct Away {
    tries: Arc<AtomicUsize>,
    until: usize,
    then: ProwJobs,
}

impl ProwJobStore for Away {
    fn create<'a>(&'a self, job: &'a ProwJob) -> BoxFuture<'a, Result<Created, StoreError>> {
        Box::pin(async {
            if self.tries.fetch_add(1, Ordering::SeqCst) < self.until {
                let source = Arc::new(std::io::Error::other("no route"));
                return Err(StoreError::Unavailable { server: "the store".to_owned(), source });
            }
            self.then.create(job).await
        })
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        Box::pin(self.then.get(name))
    }

    fn list<'a>(&'a self, selector: &'a Selector) -> BoxFuture<'a, Result<Vec<ProwJob>, StoreError>> {
        Box::pin(self.then.list(selector))
    }

    fn patch<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
        _: &'a Value,
    ) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        unreachable!("nothing is changed")
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        unreachable!("nothing is deleted")
    }

    fn watch(&self, _: Revision) -> Box<dyn Changes> {
        unreachable!("nobody watches")
    }
}

/// Prow gives up after eight tries. Here each failure puts the task off, and there is no last one: it is on disk, and tried
/// again with the same name for as long as tasks are.
#[tokio::test]
async fn case_55_a_creation_that_fails_is_put_off_and_makes_one_object_in_the_end() {
    for failures in [7, 8] {
        let (_folder, then) = store_of(&[]).await;
        let tries = Arc::new(AtomicUsize::new(0));
        let prowjobs = ProwJobs::new(Away { tries: Arc::clone(&tries), until: failures, then });
        let job = || run("name", ProwJobType::Presubmit, ("org", "repo", 7), ProwJobState::Triggered);
        for _ in 0..failures {
            let put_off = keep(&prowjobs, false, job()).await;
            assert!(matches!(&put_off, Err(Fault::Later { .. })), "{put_off:?}");
        }
        // A try whose answer was lost is one more, and makes no other object.
        for _ in 0..2 {
            assert_eq!(keep(&prowjobs, false, job()).await.unwrap(), "name");
        }
        assert_eq!(prowjobs.list(&Selector::default()).await.unwrap().len(), 1);
        assert_eq!(tries.load(Ordering::SeqCst), failures + 2);
    }
}
