//! Whoever is killed, whenever: no job runs twice, none is forgotten, none goes on without a ProwJob.

use std::process::{Command, Stdio};
use std::time::Duration;

use podutils::process::Process;
use prow::prowjob::ProwJobState;

use crate::origin::Origin;
use crate::world::{World, is_alive, processes_of, said};

/// How often the controller is killed: a few times, or with `BOWSPRIT_LONG` many.
fn kills() -> u64 {
    if std::env::var_os("BOWSPRIT_LONG").is_some() { 100 } else { 3 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_survives_the_controller_and_is_found_again() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let script = "echo began; while [ ! -e $ARTIFACTS/go ]; do sleep 0.05; done; echo ended";
    world.create("pj", "unit", script, &refs).await;
    let mut first = world.controller_process();
    world.logged("pj", "began").await;
    world.in_state("pj", ProwJobState::Pending).await;
    let build_id = world.get("pj").await.status.build_id;
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(!processes_of(&world.dir("pj")).is_empty(), "the job goes on");
    std::fs::write(world.dir("pj").artifacts().join("go"), "").unwrap();
    world.logged("pj", "ended").await;
    assert!(!world.get("pj").await.is_complete(), "nobody is there to write it");
    let second = world.controller().await;
    let job = world.complete("pj").await;
    assert_eq!((job.status.state, &job.status.build_id), (ProwJobState::Success, &build_id));
    assert_eq!(world.log("pj").matches("began").count(), 1);
    world.reported("pj").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_each_job_runs_once_and_ends_as_if_nothing_had_been() {
    let (world, origin) = (World::new().await, Origin::new());
    let mut commits = Vec::new();
    for round in 0..kills() {
        let refs = origin.pull(round + 1, "x", &format!("{round}\n"));
        let (good, bad) = (format!("good-{round}"), format!("bad-{round}"));
        world.create(&good, &good, "echo began; sleep 0.3", &refs).await;
        world.create(&bad, &bad, "echo began; exit 1", &refs).await;
        let mut controller = world.controller_process();
        // Moments spread over the whole way from its start to the end of both jobs.
        tokio::time::sleep(Duration::from_millis(50 + (round * 377) % 2000)).await;
        controller.kill().unwrap();
        controller.wait().unwrap();
        commits.push((refs, good, bad));
    }
    let controller = world.controller().await;
    for (round, (refs, good, bad)) in commits.iter().enumerate() {
        for (name, state) in [(good, ProwJobState::Success), (bad, ProwJobState::Failure)] {
            let job = world.complete(name).await;
            assert_eq!(job.status.state, state, "{name}: {}", world.log(name));
            assert_eq!(world.log(name).matches("began").count(), 1, "{name} ran more than once");
            world.reported(name).await;
        }
        let states = |context: &str| {
            let content = world.github.content.lock().unwrap();
            let of_job =
                |status: &&crate::github::SetStatus| status.sha == refs.pulls[0].sha && status.context == context;
            content.statuses.iter().rfind(of_job).map(|status| status.state.clone())
        };
        assert_eq!((states(good).as_deref(), states(bad).as_deref()), (Some("success"), Some("failure")));
        let comments = world.github.comments(round as u64 + 1);
        assert_eq!(comments.len(), 1, "{comments:?}");
        assert_eq!(comments[0].lines().filter(|line| line.starts_with("bad-")).count(), 1, "{comments:?}");
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_is_killed_is_an_error_and_leaves_nothing() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "setsid sleep 600 & echo ready; sleep 600", &refs).await;
    world.logged("pj", "ready").await;
    let tree = processes_of(&world.dir("pj"));
    podutils::process::send(world.supervisor("pj").pid, rustix::process::Signal::KILL);
    let job = world.complete("pj").await;
    assert_eq!(job.status.state, ProwJobState::Error);
    assert!(job.status.description.contains("was lost"), "{}", job.status.description);
    assert!(!tree.is_empty() && !tree.iter().any(|pid| is_alive(pid)), "some of {tree:?} live");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_run_that_cannot_be_started_for_now_stays_triggered_and_is_tried_again() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let mut options = world.options();
    options.supervisor = Some(vec!["/no/such/supervisor".into()]);
    let controller = world.controller_with(options).await;
    world.create("not-yet", "unit", "true", &refs).await;
    let tries = || said(&["not-yet", "will try again", "/no/such/supervisor"]).len();
    world.until("it was tried twice", || async { tries() >= 2 }).await;
    let job = world.get("not-yet").await;
    assert_eq!((job.status.state, job.status.build_id.as_str()), (ProwJobState::Triggered, ""));
    controller.stop().await;
    let controller = world.controller().await;
    assert_eq!(world.complete("not-yet").await.status.state, ProwJobState::Success);
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_controller_told_a_supervisor_stands() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let first = world.controller().await;
    world.create("first", "unit", "true", &refs).await;
    world.complete("first").await;
    first.stop().await;
    // As if it had been killed before that job's supervisor began.
    let options = std::fs::read_to_string(world.dir("first").options()).unwrap();
    std::fs::create_dir_all(world.dir("again").path()).unwrap();
    let options = options.replace("jobs/first", "jobs/again");
    std::fs::write(world.dir("again").options(), &options).unwrap();
    world.create("again", "lint", "true", &refs).await;
    let second = world.controller().await;
    let build_id = world.complete("again").await.status.build_id;
    assert_eq!(build_id, world.get("first").await.status.build_id, "the supervisor's and the ProwJob's are one");
    assert_eq!(std::fs::read_to_string(world.dir("again").options()).unwrap(), options);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_has_a_session_of_its_own() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "echo ready; sleep 600", &refs).await;
    world.logged("pj", "ready").await;
    let supervisor = world.supervisor("pj").pid;
    let stat = std::fs::read_to_string(format!("/proc/{supervisor}/stat")).unwrap();
    let session = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap();
    assert_eq!(session, supervisor.to_string());
    world.store.delete("pj").await.unwrap();
    world.until("the folder is gone", || async { !world.dir("pj").path().exists() }).await;
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_removal_of_an_old_run_kills_nobody_who_has_its_supervisor_s_number_by_now() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "true", &refs).await;
    world.complete("pj").await;
    // In a session of its own, whose leader is gone.
    let leader = Command::new("setsid").args(["sh", "-c", "sleep 600 >&- & echo $!"]).stdout(Stdio::piped()).spawn();
    let leader = leader.unwrap();
    let number = leader.id() as i32;
    let stranger = String::from_utf8(leader.wait_with_output().unwrap().stdout).unwrap();
    let supervisor = Process { pid: number, ..world.supervisor("pj") };
    std::fs::write(world.dir("pj").supervisor(), serde_json::to_vec(&supervisor).unwrap()).unwrap();
    world.store.delete("pj").await.unwrap();
    world.until("the folder is gone", || async { !world.dir("pj").path().exists() }).await;
    assert!(is_alive(&stranger));
    podutils::process::send(stranger.trim().parse().unwrap(), rustix::process::Signal::KILL);
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_folder_is_gone_is_not_started_again() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    world
        .create_with("pj", "unit", "true", &refs, |job| {
            job.status.state = ProwJobState::Pending;
            job.status.build_id = "1".into();
        })
        .await;
    let controller = world.controller().await;
    assert_eq!(world.complete("pj").await.status.state, ProwJobState::Error);
    assert!(!world.dir("pj").log().exists());
    controller.stop().await;
}
