//! What GitHub is told.

use prow::prowjob::ProwJobState;

use crate::origin::Origin;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_commented_on_and_the_comment_goes_with_the_next_success() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("red", "unit", "exit 3", &refs).await;
    assert_eq!(world.complete("red").await.status.state, ProwJobState::Failure);
    world.reported("red").await;
    assert_eq!(world.github.last(&refs.pulls[0].sha).unwrap().state, "failure");
    let comments = world.github.comments(7);
    assert_eq!(comments.len(), 1);
    assert!(comments[0].contains("@alice") && comments[0].contains("unit | ") && comments[0].contains("`/test unit`"));

    world.create("other", "lint", "exit 1", &refs).await;
    world.complete("other").await;
    world.reported("other").await;
    let comments = world.github.comments(7);
    assert!(comments.len() == 1 && comments[0].contains("unit | ") && comments[0].contains("lint | "), "{comments:?}");

    for (name, job) in [("green", "unit"), ("green-2", "lint")] {
        world.create(name, job, "true", &refs).await;
        world.complete(name).await;
        world.reported(name).await;
    }
    assert_eq!(world.github.comments(7), Vec::<String>::new());
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_that_github_refuses_once_loses_no_other_job_s_row() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("first", "unit", "exit 1", &refs).await;
    world.complete("first").await;
    world.reported("first").await;
    world.github.content.lock().unwrap().refused_comments = 1;
    world.create("second", "lint", "exit 1", &refs).await;
    world.complete("second").await;
    world.reported("second").await;
    assert_eq!(world.github.content.lock().unwrap().refused_comments, 0);
    let comments = world.github.comments(7);
    assert!(comments.len() == 1 && comments[0].contains("unit | ") && comments[0].contains("lint | "), "{comments:?}");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g12_failures_that_end_together_share_one_comment() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    for i in 0..4 {
        world.create(&format!("pj-{i}"), &format!("job-{i}"), "exit 1", &refs).await;
    }
    let controller = world.controller().await;
    for i in 0..4 {
        let name = format!("pj-{i}");
        world.complete(&name).await;
        world.reported(&name).await;
    }
    let comments = world.github.comments(7);
    assert_eq!(comments.len(), 1, "{comments:?}");
    for i in 0..4 {
        assert!(comments[0].contains(&format!("job-{i} | ")), "{}", comments[0]);
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_repository_hears_once_all_have_ended() {
    let config = "github_reporter: { summary_comment_repos: [o/r] }\nplank: { report_templates: { '*': 'About {{.Spec.Job}}.' } }\n";
    let (world, origin) = (World::with_config(config).await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("a", "a", "exit 1", &refs).await;
    world.create("b", "b", "while [ ! -e $ARTIFACTS/go ]; do sleep 0.05; done", &refs).await;
    world.complete("a").await;
    world.reported("a").await;
    assert!(world.github.comments(7).is_empty(), "b still runs");
    world.until("b runs", || async { world.dir("b").artifacts().exists() }).await;
    std::fs::write(world.dir("b").artifacts().join("go"), "").unwrap();
    world.complete("b").await;
    world.reported("b").await;
    let comments = world.github.comments(7);
    assert!(comments.len() == 1 && comments[0].contains("a | ") && comments[0].contains("About "), "{comments:?}");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g9_g10_a_refusal_that_stays_counts_as_told_and_one_that_passes_holds_no_other() {
    let (world, origin) = (World::new().await, Origin::new());
    let (stuck, other, gone) = (origin.pull(1, "x", "1\n"), origin.pull(2, "x", "2\n"), origin.pull(3, "x", "3\n"));
    world.github.content.lock().unwrap().broken.insert(stuck.pulls[0].sha.clone());
    world.github.content.lock().unwrap().unknown.insert(gone.pulls[0].sha.clone());
    let controller = world.controller().await;
    for (name, refs) in [("stuck", &stuck), ("other", &other), ("gone", &gone)] {
        world.create(name, name, "true", refs).await;
    }
    for name in ["other", "gone"] {
        world.complete(name).await;
        world.reported(name).await;
    }
    assert_eq!(world.github.last(&other.pulls[0].sha).unwrap().state, "success");
    world.complete("stuck").await;
    assert!(world.get("stuck").await.status.prev_report_states.is_empty());
    world.github.content.lock().unwrap().broken.clear();
    world.reported("stuck").await;
    assert_eq!(world.github.last(&stuck.pulls[0].sha).unwrap().state, "success");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g4_a_job_that_skips_reports_is_not_told() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create_with("silent", "silent", "exit 1", &refs, |job| job.spec.report = false).await;
    world.complete("silent").await;
    world.create("loud", "loud", "exit 0", &refs).await;
    world.complete("loud").await;
    world.reported("loud").await;
    assert!(!world.github.content.lock().unwrap().statuses.iter().any(|status| status.context == "silent"));
    assert!(world.github.comments(7).is_empty());
    controller.stop().await;
}
