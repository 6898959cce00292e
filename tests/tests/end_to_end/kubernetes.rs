//! ProwJobs on an API server that dies in the middle of it and comes back.

use std::time::{Duration, Instant};

use prow::prowjob::{ProwJob, ProwJobState};
use sim::client::{NewPr, Pr};
use sim::world::StatusState;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(120);
const JOBS: &[&str] = &["flaky", "lint", "unit"];

async fn opens(stage: &mut Stage, branch: &str) -> (Pr, String) {
    let script = "#!/bin/sh\nsleep 1\necho hello, once\n";
    let mark = stage.mark().await.unwrap();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file(branch, "hello.sh", script)).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    (pr, delivery.guid)
}

/// Its jobs pass, each of them having run once.
async fn pass_once(stage: &mut Stage, pr: &Pr, jobs: &[ProwJob]) {
    for job in jobs {
        stage.reaches(job.name(), ProwJobState::Success).await.unwrap();
        // What stood between may not have been told while the store was away; the end has to be.
        let page = stage.world.prowjobs().await.unwrap().get(job.name()).await.unwrap().unwrap().status.url;
        let told = stage.world.wait("the end to be told", SOON, async |world| {
            let all = seen(world.sim.status_history(REPO, &pr.head_sha).await)?;
            let last = all.iter().rfind(|status| status.target_url.as_deref() == Some(&*page));
            if last.is_some_and(|last| last.state == StatusState::Success) { Ok(()) } else { Err(format!("{all:?}")) }
        });
        told.await.unwrap();
        let target = page;
        let log = stage.world.http.get(&target).send().await.unwrap().text().await.unwrap();
        let lines = log.lines().filter(|line| line.contains("hello, once") || line.contains("passes")).count();
        assert_eq!(lines, usize::from(job.spec.job != "lint"), "{}: {log}", job.spec.job);
    }
    assert_eq!(stage.prowjobs_of(pr.number).await.unwrap().len(), jobs.len(), "#{}", pr.number);
}

#[tokio::test]
async fn an_api_server_that_is_killed_costs_no_event_and_doubles_no_job() {
    let test = "an_api_server_that_is_killed_costs_no_event_and_doubles_no_job";
    let Some(program) = apiserver::find(test) else { return };
    let options = Options { apiserver: Some(program), ..demo_config::options(&Programs::find().unwrap()).unwrap() };
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();

    let (first, guid) = opens(&mut stage, "one").await;
    let firsts = stage.started(&guid, JOBS).await.unwrap();
    stage.world.apiserver().unwrap().kill().await.unwrap();
    // GitHub has its answer all the same: the event waits in the inbox.
    let (second, guid) = opens(&mut stage, "two").await;
    stage.world.apiserver().unwrap().run().await.unwrap();
    let seconds = stage.started(&guid, JOBS).await.unwrap();
    // While jobs run, once more.
    stage.world.apiserver().unwrap().kill().await.unwrap();
    stage.world.apiserver().unwrap().run().await.unwrap();
    pass_once(&mut stage, &first, &firsts).await;
    pass_once(&mut stage, &second, &seconds).await;
}
