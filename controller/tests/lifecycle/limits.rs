//! How many run at once.

use crate::origin::Origin;
use crate::world::{World, said};

/// When a job began and ended, as it wrote it, in nanoseconds.
fn span(log: &str) -> (u128, u128) {
    let times: Vec<u128> = log.lines().filter_map(|line| line.strip_prefix("at ")?.parse().ok()).collect();
    assert_eq!(times.len(), 2, "{log}");
    (times[0], times[1])
}

const SCRIPT: &str = "echo at $(date +%s%N); sleep 0.5; echo at $(date +%s%N)";

/// Runs jobs of these names, each on a pull request of its own, and returns how many ran at once at most.
async fn most_at_once(config: &str, jobs: &[&str], max_concurrency: u64) -> usize {
    let (world, origin) = (World::with_config(config).await, Origin::new());
    for (i, job) in jobs.iter().enumerate() {
        let refs = origin.pull(i as u64 + 1, "x", &format!("{i}\n"));
        let name = format!("pj-{i}");
        world.create_with(&name, job, SCRIPT, &refs, |job| job.spec.max_concurrency = max_concurrency).await;
    }
    let controller = world.controller().await;
    let mut spans = Vec::new();
    for i in 0..jobs.len() {
        let name = format!("pj-{i}");
        world.complete(&name).await;
        spans.push(span(&world.log(&name)));
    }
    controller.stop().await;
    let at_once = |(begin, _): &(u128, u128)| spans.iter().filter(|(b, e)| b <= begin && begin < e).count();
    spans.iter().map(at_once).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn p44_runs_of_a_limited_job_go_one_after_the_other() {
    assert_eq!(most_at_once("{}\n", &["unit", "unit", "unit"], 1).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_global_limit_holds_for_all_jobs_together() {
    assert_eq!(most_at_once("plank: { max_concurrency: 1 }\n", &["a", "b", "c"], 0).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_does_not_come_up_holds_up_no_other_job() {
    let (world, origin) = (World::new().await, Origin::new());
    let mut options = world.options();
    // It is there for as long as its folder is, and does nothing.
    let script = r#"case "$*" in */stuck) while [ -d "${*##* }" ]; do sleep 0.1; done;; *) exec "$@";; esac"#;
    let shell = ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
    options.supervisor = options.supervisor.map(|supervisor| [shell, supervisor].concat());
    let controller = world.controller_with(options).await;
    world.create("stuck", "stuck", "true", &origin.pull(1, "x", "1\n")).await;
    world.until("it is started", || async { world.dir("stuck").options().exists() }).await;
    world.create("other", "other", "true", &origin.pull(2, "x", "2\n")).await;
    world.complete("other").await;
    assert!(said(&["stuck", "did not begin within"]).is_empty(), "the other waited until it was given up");
    controller.stop().await;
}
