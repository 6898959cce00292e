//! Jobs that a repository defines itself, from `.prow.yaml` at a pull request's head to the ProwJobs that run there.

use std::time::Instant;

use prow::prowjob::{ProwJob, ProwJobState};
use sim::client::NewPr;
use store::TaskReport;
use tests::demo_config;
use tests::stage::{End, REPO, Stage, file};
use tests::world::{Options, World};

/// The presubmits of config.yaml that run by themselves.
const CENTRAL: [&str; 2] = ["flaky", "unit"];
const ENABLED: &str = "\nin_repo_config:\n  enabled:\n    my-org/hello: true\n";

async fn stage() -> Stage {
    let config = demo_config::example("config.yaml").unwrap() + ENABLED;
    let options = Options::new(config, demo_config::example("plugins.yaml").unwrap());
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

/// A job that says `words`.
fn job(name: &str, keys: &str, words: &str) -> String {
    format!("- name: {name}\n{keys}  spec: {{containers: [{{image: x, command: [echo], args: [{words}]}}]}}\n")
}

fn always(name: &str, words: &str) -> String {
    job(name, "  always_run: true\n", words)
}

/// `.prow.yaml` with these presubmits, and one postsubmit of `main`.
fn prow_yaml(presubmits: &[String]) -> String {
    let deploy = job("own-deploy", "  branches: [^main$]\n", "deployed");
    format!("presubmits:\n{}postsubmits:\n{deploy}", presubmits.concat())
}

/// Puts it on the main branch, and gives the commit.
async fn push(stage: &mut Stage, text: &str) -> String {
    let mark = stage.mark().await.unwrap();
    let alice = stage.alice.clone();
    let sha = alice.push(REPO, "main", None, "Our own jobs", &file(".prow.yaml", Some(text))).await.unwrap();
    let delivery = stage.delivered(mark, "push", None).await.unwrap();
    let made = stage.started(&delivery.guid, &["deploy", "own-deploy"]).await.unwrap();
    for job in &made {
        assert_eq!(job.spec.refs.as_ref().unwrap().base_sha, sha, "{}", job.spec.job);
    }
    sha
}

/// A pull request that writes `.prow.yaml`; the ProwJobs that it starts are of these jobs.
async fn open(stage: &mut Stage, branch: &str, text: &str, jobs: &[&str]) -> (sim::client::Pr, Vec<ProwJob>) {
    let mark = stage.mark().await.unwrap();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file(branch, ".prow.yaml", text)).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    let jobs: Vec<&str> = CENTRAL.iter().chain(jobs).copied().collect();
    let made = stage.started(&delivery.guid, &jobs).await.unwrap();
    (pr, made)
}

#[track_caller]
fn named<'a>(made: &'a [ProwJob], name: &str) -> &'a ProwJob {
    made.iter().find(|job| job.spec.job == name).unwrap()
}

#[track_caller]
fn says(job: &ProwJob, words: &str) {
    assert_eq!(job.spec.pod_spec.as_ref().unwrap()["containers"][0]["args"][0], words, "{}", job.spec.job);
}

fn log_of(task: &TaskReport) -> String {
    task.trace.as_ref().unwrap()["log"].to_string()
}

#[tokio::test]
async fn a_pull_request_that_changes_prow_yaml_runs_the_jobs_of_its_own_head() {
    let mut stage = stage().await;
    let base = push(&mut stage, &prow_yaml(&[always("own", "before")])).await;
    let changed = prow_yaml(&[always("own", "after"), always("added", "new"), job("asked", "", "asked")]);
    let (pr, made) = open(&mut stage, "jobs", &changed, &["own", "added"]).await;
    says(named(&made, "own"), "after");
    for job in &made {
        let refs = job.spec.refs.as_ref().unwrap();
        assert_eq!((refs.base_sha.as_str(), refs.pulls[0].sha.as_str()), (base.as_str(), pr.head_sha.as_str()));
    }
    let added = named(&made, "added");
    stage.reaches(added.name(), ProwJobState::Success).await.unwrap();
    let page = stage.status(&pr.head_sha, added, End::Success).await.unwrap();
    assert!(stage.job_log(&page).await.unwrap().contains("new"));

    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, pr.number, "/test asked", "trigger").await.unwrap();
    says(&stage.started(&delivery.guid, &["asked"]).await.unwrap()[0], "asked");
    stage.says(&bob, pr.number, "/test ?", "trigger").await.unwrap();
    stage.bot_says(pr.number, &["/test unit", "/test own", "/test added", "/test asked"]).await.unwrap();

    // What another pull request has is nothing to this one.
    let mark = stage.mark().await.unwrap();
    let other = stage.alice.open_pr(REPO, &NewPr::of_file("other", "other.txt", "1\n")).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    let made = stage.started(&delivery.guid, &["flaky", "own", "unit"]).await.unwrap();
    says(named(&made, "own"), "before");

    // And once it is in the base, it is what the other one gets.
    let mark = stage.mark().await.unwrap();
    let merged = stage.alice.merge(REPO, pr.number).await.unwrap();
    let delivery = stage.delivered(mark, "push", None).await.unwrap();
    stage.started(&delivery.guid, &["deploy", "own-deploy"]).await.unwrap();
    let delivery = stage.says(&bob, other.number, "/test own", "trigger").await.unwrap();
    let again = stage.started(&delivery.guid, &["own"]).await.unwrap();
    says(&again[0], "after");
    assert_eq!(again[0].spec.refs.as_ref().unwrap().base_sha, merged);
}

#[tokio::test]
async fn where_the_repositorys_own_jobs_are_wrong_central_ones_run_and_the_log_says_what_is_wrong() {
    let mut stage = stage().await;
    push(&mut stage, &prow_yaml(&[always("own", "before")])).await;
    for (branch, text, wrong) in [
        ("broken", "presubmits:\n- name: [\n".to_owned(), ".prow.yaml:2:9"),
        ("clash", prow_yaml(&[always("own", "x"), always("unit", "x")]), "exists already"),
        ("far", prow_yaml(&[job("own", "  cluster: far\n", "x")]), "the cluster `far`"),
    ] {
        let mark = stage.mark().await.unwrap();
        open(&mut stage, branch, &text, &[]).await;
        let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
        let task = stage.handled(&delivery.guid, "trigger").await.unwrap();
        assert!(log_of(&task).contains(wrong), "{branch}: {}", log_of(&task));
    }
}

#[tokio::test]
async fn an_outsiders_jobs_wait_for_ok_to_test_and_run_at_the_head_that_was_looked_at() {
    let mut stage = stage().await;
    push(&mut stage, &prow_yaml(&[always("own", "before")])).await;
    let mark = stage.mark().await.unwrap();
    let text = prow_yaml(&[always("own", "hers")]);
    let pr = stage.mallory.open_pr(REPO, &NewPr::of_file("hers", ".prow.yaml", &text)).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    stage.handled(&delivery.guid, "trigger").await.unwrap();
    stage.idle().await.unwrap();
    assert_eq!(stage.prowjobs_of(pr.number).await.unwrap().len(), 0);

    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, pr.number, "/ok-to-test", "trigger").await.unwrap();
    let made = stage.started(&delivery.guid, &["flaky", "own", "unit"]).await.unwrap();
    let own = named(&made, "own");
    says(own, "hers");
    assert_eq!(own.spec.refs.as_ref().unwrap().pulls[0].sha, pr.head_sha);
}
