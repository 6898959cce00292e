//! From created to green or red.

use prow::prowjob::ProwJobState;
use serde_json::json;

use crate::origin::Origin;
use crate::world::{World, said};

#[tokio::test(flavor = "multi_thread")]
async fn a_presubmit_runs_on_the_merged_source_and_its_status_turns_green() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "change.txt", "changed\n");
    let controller = world.controller().await;
    let script = "cat base.txt change.txt; echo $PULL_REFS; echo kept > $ARTIFACTS/kept; git log --oneline | wc -l";
    world.create("green", "unit", script, &refs).await;

    let job = world.complete("green").await;
    world.reported("green").await;
    assert_eq!(job.status.state, ProwJobState::Success, "{}", world.log("green"));
    assert_eq!(job.status.description, "Job succeeded.");
    assert_eq!(job.status.pod_name, "green");
    assert!(job.status.build_id.parse::<u64>().is_ok() && job.status.pending_time.is_some());
    let log = world.log("green");
    assert!(log.contains("base\nchanged\n"), "{log}");
    assert!(log.contains(&refs.text()), "{log}");
    assert!(log.contains("the image alpine is ignored"), "{log}");
    assert!(world.dir("green").artifacts().join("kept").exists());

    let status = world.github.last(&refs.pulls[0].sha).unwrap();
    assert_eq!((status.context.as_str(), status.state.as_str()), ("unit", "success"));
    assert_eq!(prow::report::base_sha(&status.description), Some(refs.base_sha.as_str()));
    assert_eq!(status.target_url, format!("http://127.0.0.1:{}/log/green", controller.at.logs.port()));
    let served = reqwest::get(&status.target_url).await.unwrap();
    assert_eq!(served.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(served.text().await.unwrap(), log);
    let more = reqwest::get(format!("{}?offset={}", status.target_url, log.len() - 2)).await.unwrap();
    assert_eq!(more.headers()["bowsprit-log-offset"], (log.len() - 2).to_string());
    assert_eq!(more.text().await.unwrap(), log[log.len() - 2..]);
    for (path, want) in [("log/none", 404), ("log/..%2f..%2ftoken", 404)] {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/{path}", controller.at.logs.port())).await.unwrap();
        assert_eq!(answer.status(), want, "{path}");
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_log_follows_the_template() {
    let config = "plank: { job_url_template: 'https://logs/{{.Spec.Refs.Org}}/{{.ObjectMeta.Name}}' }\n";
    let (world, origin) = (World::with_config(config).await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "true", &refs).await;
    assert_eq!(world.complete("pj").await.status.url, "https://logs/o/pj");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_here_is_an_error_that_says_why() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    let one = json!({"command": ["true"]});
    for (name, spec, telling) in [
        ("two", json!({"containers": [one, one]}), "2 containers"),
        ("none", json!(null), "no `spec`"),
        (
            "secret",
            json!({"containers": [{"command": ["true"], "env": [{"name": "TOKEN", "valueFrom": {}}]}]}),
            "`TOKEN` has `valueFrom`",
        ),
    ] {
        let spec = Some(spec).filter(|spec| !spec.is_null());
        world.create_with(name, name, "", &refs, |job| job.spec.pod_spec = spec).await;
        let job = world.complete(name).await;
        assert_eq!(job.status.state, ProwJobState::Error);
        assert!(job.status.description.contains(telling), "{}", job.status.description);
        world.reported(name).await;
        let last = world.github.last(&refs.pulls[0].sha).unwrap();
        assert_eq!(last.state, "error");
        let log = reqwest::get(&last.target_url).await.unwrap();
        assert_eq!(log.status(), 200);
        assert!(log.text().await.unwrap().contains(telling), "the status links to what the log says");
    }
    world.create("no folder", "odd", "true", &refs).await;
    assert_eq!(world.complete("no folder").await.status.url, "", "where there is no log there is no link");
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_job_cannot_run_is_told_also_when_the_first_who_saw_it_was_killed() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    std::fs::create_dir_all(world.dir("pj").path()).unwrap();
    assert!(podutils::observe::forbid(&world.dir("pj")).unwrap());
    world.create_with("pj", "unit", "", &refs, |job| job.spec.pod_spec = None).await;
    let controller = world.controller().await;
    let job = world.complete("pj").await;
    assert!(job.status.description.contains("no `spec`"), "{}", job.status.description);
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_conflict_is_a_failure_that_names_the_file() {
    let (world, origin) = (World::new().await, Origin::new());
    origin.pull(7, "base.txt", "theirs\n");
    origin.commit("base.txt", "ours\n");
    let refs = origin.pull(7, "base.txt", "theirs\n");
    let controller = world.controller().await;
    world.create("pj", "unit", "true", &refs).await;
    let job = world.complete("pj").await;
    assert_eq!(job.status.state, ProwJobState::Failure);
    assert!(job.status.description.contains("conflicts with main in base.txt"), "{}", job.status.description);
    assert!(world.log("pj").contains("base.txt"));
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_a_cluster_is_passed_through() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let controller = world.controller().await;
    world.create_with("pj", "unit", "true", &refs, |job| job.status.state = ProwJobState::Scheduling).await;
    assert_eq!(world.complete("pj").await.status.state, ProwJobState::Success);
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    let created = world.create("dry-pj", "unit", "true", &refs).await;
    let mut options = world.options();
    options.dry_run = true;
    let controller = world.controller_with(options).await;
    world.until("it says what it would do", || async { !said(&["dry-pj", "dry run: would Start"]).is_empty() }).await;
    world.until("and report", || async { !said(&["dry-pj", "dry run: would tell GitHub"]).is_empty() }).await;
    assert_eq!(world.get("dry-pj").await.status, created.status);
    assert!(!world.dir("dry-pj").path().exists());
    assert!(world.github.states(&refs.pulls[0].sha).is_empty());
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_health_are_served() {
    let (world, origin) = (World::new().await, Origin::new());
    let refs = origin.pull(7, "x", "x\n");
    world.create("pj", "unit", "true", &refs).await;
    let controller = world.controller().await;
    world.complete("pj").await;
    world.reported("pj").await;
    let health = format!("http://{}/healthz", controller.at.health);
    assert_eq!(reqwest::get(health).await.unwrap().status(), 200);
    let metrics = format!("http://{}/metrics", controller.at.metrics);
    let text = reqwest::get(metrics).await.unwrap().text().await.unwrap();
    for name in ["prowjobs{", "crier_reporting_results{", "crier_report_latency_bucket{", "sinker_prow_jobs_existing"] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_at_its_start_whose_rights_jobs_have_and_whether_there_is_a_sandbox() {
    let world = World::new().await;
    world.controller().await.stop().await;
    let name = std::process::Command::new("id").arg("-un").output().unwrap().stdout;
    let name = String::from_utf8(name).unwrap();
    let rights = format!("with the rights of the user {};", name.trim());
    assert!(!said(&[&rights]).is_empty(), "{rights}");
    assert_eq!(said(&["WARN", "jobs run as root"]).is_empty(), name.trim() != "root");
    assert!(!said(&["jobs are"]).iter().any(|line| !line.contains("sandboxed")));
    assert!(!said(&["jobs are", "sandboxed"]).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_there_is_told_with_its_flag() {
    let world = World::new().await;
    std::fs::remove_file(world.folder.path().join("token")).unwrap();
    let error = controller::Controller::start(world.options()).await.err().unwrap();
    let error = format!("{error:#}");
    assert!(error.contains("--github-token-path") && error.contains("/token"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_controller_on_one_state_directory_is_refused() {
    let world = World::new().await;
    let controller = world.controller().await;
    let error = controller::Controller::start(world.options()).await.err().unwrap();
    assert!(format!("{error:#}").contains("another controller works in"), "{error:#}");
    controller.stop().await;
}
