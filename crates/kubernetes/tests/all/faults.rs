//! Wires that break, versions that are forgotten, writers that meet, a server that dies: no change is lost, none told twice.

use std::collections::BTreeMap;
use std::time::Duration;

use apiserver::{ADMIN, Options, Proxy};
use prow::prowjob::{ProwJob, ProwJobSpec, ProwJobType};
use serde_json::{Value, json};
use store::{Change, ProwJobs, Revision, StoreError, Watch};
use tokio::time::timeout;

use crate::harness;

const SOON: Duration = Duration::from_secs(60);

fn job(name: &str) -> ProwJob {
    ProwJob::new(name, ProwJobSpec::new(ProwJobType::Periodic, "j"))
}

fn numbered(number: i64) -> Value {
    json!({ "status": { "state": "pending", "pod_revival_count": number } })
}

/// What a watch has told: the number of each job that is there. It fails if a version is told twice or out of order.
#[derive(Default)]
struct Told {
    jobs: BTreeMap<String, i64>,
    versions: BTreeMap<String, Revision>,
    gone: Vec<String>,
}

impl Told {
    fn take(&mut self, change: Change) {
        match change {
            Change::Put(job, revision) => {
                let before = self.versions.insert(job.name().to_owned(), revision);
                assert!(before.is_none_or(|before| before < revision), "{} at {revision} after {before:?}", job.name());
                self.jobs.insert(job.name().to_owned(), job.status.pod_revival_count);
            }
            Change::Gone { name, .. } => {
                assert!(self.jobs.remove(&name).is_some(), "{name} was gone already");
                self.gone.push(name);
            }
        }
    }

    /// Takes changes until `wanted`; an outage may be told in between.
    async fn until(&mut self, watch: &mut Watch, wanted: impl Fn(&Self) -> bool) {
        let taken = timeout(SOON, async {
            while !wanted(self) {
                match watch.next().await {
                    Ok(change) => self.take(change),
                    Err(error) => assert!(error.is_transient(), "{error:?}"),
                }
            }
        });
        assert!(taken.await.is_ok(), "seen: {:?}, gone: {:?}", self.jobs, self.gone);
    }
}

async fn quiet(watch: &mut Watch) {
    let more = timeout(Duration::from_millis(200), watch.next()).await;
    assert!(more.is_err(), "{more:?}");
}

/// Tries until the server is back. Each of these writes may be made again.
async fn surely<T, F: Future<Output = Result<T, StoreError>>>(mut write: impl FnMut() -> F) -> T {
    let tried = timeout(SOON, async {
        loop {
            match write().await {
                Ok(done) => return done,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    tried.await.expect("the server is back in time")
}

/// The wire is cut again and again while changes come, wherever in a message that is.
#[tokio::test]
async fn a_watch_that_is_cut_goes_on() {
    let Some(server) = harness::server("a_watch_that_is_cut_goes_on").await else { return };
    let namespace = harness::namespace();
    let direct = harness::prowjobs(&server.kubeconfig(ADMIN), &namespace).await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let through = server.kubeconfig_by(ADMIN, proxy.port()).unwrap();
    let mut watch = harness::prowjobs(&through, &namespace).await.watch(Revision::START);
    let mut told = Told::default();
    let writer = async {
        for round in 0..40 {
            direct.create(&job(&format!("job-{round}"))).await.unwrap();
            direct.patch(&format!("job-{round}"), &numbered(round)).await.unwrap();
            if round % 8 == 0 {
                // Not before it is there: a watch that was cut takes a while to come back.
                proxy.accepted(usize::try_from(round / 8).unwrap() + 1).await.unwrap();
                proxy.cut();
            }
            if round % 3 == 2 {
                direct.delete(&format!("job-{}", round - 1)).await.unwrap();
            }
        }
    };
    let whole = |told: &Told| told.jobs.get("job-39") == Some(&39);
    tokio::join!(writer, told.until(&mut watch, whole));
    quiet(&mut watch).await;
    let there = direct.list(&store::Selector::default()).await.unwrap();
    let there: BTreeMap<_, _> =
        there.into_iter().map(|job| (job.metadata.name, job.status.pod_revival_count)).collect();
    assert_eq!(told.jobs, there);
}

/// The server has forgotten what was between: everything is listed anew, and told is what is different.
#[tokio::test]
async fn a_watch_that_fell_too_far_behind_misses_nothing() {
    let options = Options { watch_cache: false };
    let own = harness::own_server("a_watch_that_fell_too_far_behind_misses_nothing", options).await;
    let Some(mut server) = own else { return };
    let direct = harness::prowjobs(&server.kubeconfig(ADMIN), "default").await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let through = server.kubeconfig_by(ADMIN, proxy.port()).unwrap();
    for name in ["changed", "deleted", "replaced", "same"] {
        direct.create(&job(name)).await.unwrap();
    }
    let through = harness::prowjobs(&through, "default").await;
    let mut watch = through.watch(Revision::START);
    let mut told = Told::default();
    told.until(&mut watch, |told| told.jobs.len() == 4).await;
    let last = told.versions["same"];

    for round in 1..=2 {
        proxy.hold();
        direct.patch("changed", &numbered(round)).await.unwrap();
        direct.delete("replaced").await.unwrap();
        direct.create(&job("replaced")).await.unwrap();
        direct.create(&job(&format!("new-{round}"))).await.unwrap();
        if round == 1 {
            direct.delete("deleted").await.unwrap();
        }
        server.compact().await.unwrap();
        proxy.release();
        told.until(&mut watch, |told| {
            told.jobs.get("changed") == Some(&round)
                && told.jobs.contains_key(&format!("new-{round}"))
                && told.jobs.contains_key("replaced")
                && told.gone.iter().filter(|name| *name == "replaced").count() == usize::try_from(round).unwrap()
        })
        .await;
        quiet(&mut watch).await;
    }
    told.gone.sort();
    assert_eq!(told.gone, ["deleted", "replaced", "replaced"], "and `same` was not told again");

    // Who does not know what there was cannot be told what is gone: it has to begin anew, and hears so.
    let mut behind = through.watch(last);
    for _ in 0..2 {
        let error = timeout(SOON, behind.next()).await.unwrap().err();
        assert!(matches!(error, Some(StoreError::Expired { since }) if since == last.number()), "{error:?}");
    }
}

/// Two that decide on what they read, and two that write their own fields whatever is there.
#[tokio::test]
async fn writers_that_meet_lose_nothing() {
    let Some(server) = harness::server("writers_that_meet_lose_nothing").await else { return };
    let namespace = harness::namespace();
    let kubeconfig = server.kubeconfig(ADMIN);
    let handle = || harness::prowjobs(&kubeconfig, &namespace);
    let (one, two, three) = (handle().await, handle().await, handle().await);
    one.create(&job("a")).await.unwrap();
    one.patch("a", &numbered(0)).await.unwrap();
    let mut watch = three.watch(Revision::START);
    let mut told = Told::default();
    let count = |jobs: ProwJobs| async move {
        for _ in 0..50 {
            let next = |job: &ProwJob| Some(numbered(job.status.pod_revival_count + 1));
            jobs.update("a", next).await.unwrap();
        }
    };
    let mark = |jobs: ProwJobs, who: &'static str| async move {
        for round in 0..50 {
            let own = json!({ "metadata": { "annotations": { who: round.to_string() } } });
            jobs.patch("a", &own).await.unwrap().unwrap();
        }
    };
    let writers = async {
        tokio::join!(
            count(one.clone()),
            count(two.clone()),
            mark(one.clone(), "example.com/left"),
            mark(two.clone(), "example.com/right")
        )
    };
    let counted = |told: &Told| told.jobs.get("a") == Some(&100);
    tokio::join!(writers, told.until(&mut watch, counted));
    let after = three.get("a").await.unwrap().unwrap();
    assert_eq!(after.status.pod_revival_count, 100);
    for who in ["example.com/left", "example.com/right"] {
        assert_eq!(after.metadata.annotations[who], "49", "{who}");
    }
}

/// The server is killed in the middle of writes and watches, three times.
#[tokio::test]
async fn a_server_that_is_killed_and_started_again_is_found_again() {
    let own = harness::own_server("a_server_that_is_killed_and_started_again_is_found_again", Options::default()).await;
    let Some(mut server) = own else { return };
    let jobs = harness::prowjobs(&server.kubeconfig(ADMIN), "default").await;
    let mut watch = harness::prowjobs(&server.kubeconfig(ADMIN), "default").await.watch(Revision::START);
    let mut told = Told::default();
    let (progress, mut reached) = tokio::sync::watch::channel(0);
    let writer = async {
        for round in 0..90_i64 {
            let name = format!("job-{round}");
            // As an effect in doubt is made again: by its name there is only one.
            surely(|| async { jobs.create(&job(&name)).await }).await;
            surely(|| async { jobs.patch(&name, &numbered(round)).await }).await;
            progress.send_replace(round);
        }
    };
    let killer = async {
        for at in [10, 35, 60] {
            reached.wait_for(|round| *round >= at).await.unwrap();
            server.kill().await.unwrap();
            server.run().await.unwrap();
        }
    };
    let whole = |told: &Told| told.jobs.len() == 90 && told.jobs.get("job-89") == Some(&89);
    tokio::join!(writer, killer, told.until(&mut watch, whole));
    quiet(&mut watch).await;
    assert!((0..90).all(|round| told.jobs.get(&format!("job-{round}")) == Some(&round)), "{:?}", told.jobs);
    assert!(told.gone.is_empty(), "{:?}", told.gone);
}
