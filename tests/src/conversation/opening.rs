//! Steps (a) and (b): pull requests by those who are trusted and those who are not yet.

use anyhow::{Context as _, ensure};
use prow::prowjob::ProwJobState;
use sim::client::NewPr;

use super::Prs;
use crate::stage::{End, REPO, Stage, short};
use crate::timeline::Place;

/// The presubmits that run by themselves.
pub(super) const AUTOMATIC: &[&str] = &["flaky", "unit"];
/// Those that run by themselves where a shell script has changed.
pub(super) const OF_SCRIPTS: &[&str] = &["flaky", "lint", "unit"];

pub(super) async fn by_a_member(stage: &mut Stage, prs: &mut Prs) -> anyhow::Result<()> {
    let mark = stage.mark().await?;
    let new = NewPr::of_file("hello-world", "hello.sh", "#!/bin/sh\necho hello, world\n");
    let pr = stage.alice.open_pr(REPO, &new).await?;
    prs.alices = pr.number;
    stage.timeline.saw(Place::Github, format_args!("alice opens #{} at {}", pr.number, short(&pr.head_sha)));
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await?;
    stage.handled(&delivery.guid, "trigger").await?;
    run_to_success(stage, &delivery.guid, &pr.head_sha, OF_SCRIPTS).await
}

pub(super) async fn by_an_outsider(stage: &mut Stage, prs: &mut Prs) -> anyhow::Result<()> {
    let mark = stage.mark().await?;
    let pr = stage.mallory.open_pr(REPO, &NewPr::of_file("greetings", "greetings.txt", "hi\n")).await?;
    prs.mallorys = pr.number;
    stage.timeline.saw(Place::Github, format_args!("mallory opens #{} from {}", pr.number, pr.head_repo));
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await?;
    stage.handled(&delivery.guid, "trigger").await?;
    stage.labels(pr.number, &["needs-ok-to-test"], &["ok-to-test"]).await?;
    stage.bot_says(pr.number, &["/ok-to-test", "mallory"]).await?;
    stage.idle().await?;
    let early = stage.prowjobs_of(pr.number).await?.len();
    ensure!(early == 0, "#{} has {early} ProwJobs before anybody allowed it", pr.number);
    stage.timeline.saw(Place::Store, format_args!("no ProwJob of #{}", pr.number));

    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, pr.number, "/ok-to-test", "trigger").await?;
    stage.labels(pr.number, &["ok-to-test"], &["needs-ok-to-test"]).await?;
    run_to_success(stage, &delivery.guid, &pr.head_sha, AUTOMATIC).await
}

/// The delivery makes ProwJobs of exactly these jobs, and each turns its status green.
pub(super) async fn run_to_success(stage: &mut Stage, guid: &str, sha: &str, jobs: &[&str]) -> anyhow::Result<()> {
    for job in stage.started(guid, jobs).await? {
        stage.reaches(job.name(), ProwJobState::Success).await?;
        let page = stage.status(sha, &job, End::Success).await?;
        stage.job_log(&page).await.with_context(|| format!("the status of `{}` links to its log", job.spec.job))?;
    }
    Ok(())
}
