//! What was looked at is what is run: a job is of the head that the decision about it saw, whatever is pushed meanwhile.

use std::time::{Duration, Instant};

use prow::prowjob::ProwJobState;
use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Match};
use tests::demo_config;
use tests::stage::{End, REPO, Stage, file};
use tests::world::{Options, World, seen};

/// How long the answer that the trust decision waits for takes: long enough to push something.
const DELAY: Duration = Duration::from_secs(8);
const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_job_is_of_the_head_that_the_trust_decision_saw() {
    let example = |name| demo_config::example(name).unwrap();
    let options = Options::new(example("config.yaml"), example("plugins.yaml"));
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let (bob, mallory) = (stage.bob.clone(), stage.mallory.clone());
    let mark = stage.mark().await.unwrap();
    let pr = mallory.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let opened = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    stage.handled(&opened.guid, "trigger").await.unwrap();
    stage.idle().await.unwrap();

    // Whether bob is trusted is asked once the pull request was looked at; before the answer comes, another head is there.
    let asked = Match {
        method: Some("GET".to_owned()),
        path_regex: Some("/members/bob$".to_owned()),
        user_agent: Some("trigger".to_owned()),
        ..Match::default()
    };
    let late = FaultKind::DelayMs(u64::try_from(DELAY.as_millis()).unwrap());
    stage.world.sim.fault(&FaultSpec { matches: asked, times: 1, fault: late }).await.unwrap();
    let mark = stage.mark().await.unwrap();
    bob.comment(REPO, pr.number, "/ok-to-test").await.unwrap();
    let waits = stage.world.wait("trigger to ask whether bob is trusted", SOON, async |world| {
        let left = seen(world.sim.faults().await)?;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
    waits.await.unwrap();
    let said = stage.delivered(mark, "issue_comment", Some("created")).await.unwrap();
    // The host does not hear of the push, which would be another decision, and abort what runs for the older head.
    stage.world.sim.pause_webhooks().await.unwrap();
    let moved = mallory.push_to_pr(REPO, pr.number, "Break it", &file("FAIL", Some("x\n"))).await.unwrap();
    let none = stage.world.inbox().await.unwrap().show(&said.guid).await.unwrap().unwrap();
    assert!(
        none.reports.iter().any(|task| task.state.is_open()),
        "it was decided before anything was pushed: {none:?}"
    );

    for job in stage.started(&said.guid, &["flaky", "unit"]).await.unwrap() {
        let pulls = &job.spec.refs.as_ref().unwrap().pulls;
        assert_eq!(pulls[0].sha, pr.head_sha, "{}", job.spec.job);
        // It runs that commit, too: the newer one has a file that makes a job fail.
        stage.reaches(job.name(), ProwJobState::Success).await.unwrap();
        stage.status(&pr.head_sha, &job, End::Success).await.unwrap();
    }
    assert_eq!(stage.world.sim.statuses(REPO, &moved).await.unwrap().len(), 0, "nobody has looked at {moved}");
}
