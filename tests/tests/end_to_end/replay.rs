//! A task that is run again after a kill does what its first run had decided, whatever the world looks like by then.

use std::time::{Duration, Instant};

use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Kill, Match, When};
use store::EntryState;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage, file};
use tests::world::World;

const SOON: Duration = Duration::from_secs(20);
/// Every path that `lint` looks at ends like this.
const LINTED: &str = "greet.sh";

#[tokio::test]
async fn a_task_that_is_run_again_reads_nothing_anew_and_does_what_was_decided() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let (bob, mallory) = (stage.bob.clone(), stage.mallory.clone());

    // An outsider's pull request that a member has let in: mallory may now ask for tests because of a label alone.
    let pr = mallory.open_pr(REPO, &NewPr::of_file("greet", LINTED, "echo hi\n")).await.unwrap();
    stage.labels(pr.number, &["needs-ok-to-test"], &[]).await.unwrap();
    stage.says(&bob, pr.number, "/ok-to-test", "trigger").await.unwrap();
    stage.labels(pr.number, &["ok-to-test"], &["needs-ok-to-test"]).await.unwrap();
    stage.says(&mallory, pr.number, "/test nonsense", "trigger").await.unwrap();
    let help = stage.bot_says(pr.number, &["/test unit"]).await.unwrap();

    // The first effect of `/test all` is to take that help back. All that it is decided on has been read by then.
    let pid = i32::try_from(stage.world.host().unwrap().pid()).unwrap();
    let matches = Match {
        method: Some("DELETE".to_owned()),
        path_regex: Some(format!("/issues/comments/{}$", help.id)),
        ..Match::default()
    };
    let fault = FaultKind::Kill(Kill { pid, when: When::Before });
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault }).await.unwrap();
    let mut host = stage.world.release_host().unwrap();
    let said = stage.comment(&mallory, pr.number, "/test all").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    let killed = stage.world.wait("the host to be killed", SOON, async |_| host.ended().ok_or("it lives".to_owned()));
    killed.await.unwrap();
    let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
    let journal = &report.reports[0].journal;
    let read: Vec<_> =
        journal.iter().filter(|entry| entry.state != EntryState::Intent).map(|e| e.op.as_str()).collect();
    assert!(read.contains(&"github-pull-requests-read.list-changed-files"), "{read:?}");
    assert_eq!(journal.last().unwrap().state, EntryState::Intent);
    assert_eq!(stage.prowjobs_of(pr.number).await.unwrap().iter().filter(|j| made_by(j, &delivery.guid)).count(), 0);

    // Nothing of what was decided would be decided now: mallory is trusted no more, there is nothing to lint, and the head
    // is another one.
    stage.world.sim.pause_webhooks().await.unwrap();
    stage.alice.unlabel(REPO, pr.number, "ok-to-test").await.unwrap();
    let mut change = file(LINTED, None);
    change.extend(file("notes.txt", Some("nothing to lint\n")));
    let head = mallory.push_to_pr(REPO, pr.number, "Think again", &change).await.unwrap();
    let seen = stage.world.sim.requests(0).await.unwrap().last().unwrap().seq;

    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    let task = stage.handled(&delivery.guid, "trigger").await.unwrap();
    assert!(task.finished_at.is_some());
    let made = stage.started(&delivery.guid, &["flaky", "lint", "unit"]).await.unwrap();
    for job in &made {
        let pull = &job.spec.refs.as_ref().unwrap().pulls[0];
        assert_eq!(pull.sha, pr.head_sha, "`{}` is pinned to the head that was trusted, not to {head}", job.spec.job);
    }
    let requests = stage.world.sim.requests(seen).await.unwrap();
    let asked: Vec<_> = requests.iter().filter(|request| request.user_agent.contains("bowsprit.trigger/")).collect();
    let asked: Vec<_> = asked.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    let want = [format!("DELETE /repos/{REPO}/issues/comments/{}", help.id)];
    assert_eq!(asked, want, "the effect that was in doubt is made again, and nothing is read");
    assert_eq!(stage.bot_said(pr.number, "/test unit").await.unwrap(), 0);
}

fn made_by(job: &prow::prowjob::ProwJob, guid: &str) -> bool {
    job.label(prow::labels::EVENT_GUID) == Some(guid)
}
