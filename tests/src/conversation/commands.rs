//! Steps (c), (d) and (e): what people ask for in comments, and what a push undoes.

use anyhow::ensure;
use prow::prowjob::ProwJobState;
use sim::client::NewPr;

use super::Prs;
use super::opening::{AUTOMATIC, OF_SCRIPTS, run_to_success};
use crate::stage::{End, REPO, Stage, file, short};
use crate::timeline::Place;

/// What `slow` writes if nobody stops it.
const LAST_LINE: &str = "60 of 60";
const HOLD: &str = "do-not-merge/hold";

pub(super) async fn test_and_retest(stage: &mut Stage, prs: &mut Prs) -> anyhow::Result<()> {
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let head = stage.pr(prs.alices).await?.head_sha;
    let delivery = stage.says(&alice, prs.alices, "/test all", "trigger").await?;
    run_to_success(stage, &delivery.guid, &head, OF_SCRIPTS).await?;
    let delivery = stage.says(&alice, prs.alices, "/test lint", "trigger").await?;
    run_to_success(stage, &delivery.guid, &head, &["lint"]).await?;

    alice.push(REPO, "main", None, "Break main", &file("FAIL", Some("broken\n"))).await?;
    stage.timeline.saw(Place::Github, "alice breaks main");
    let mark = stage.mark().await?;
    let pr = bob.open_pr(REPO, &NewPr::of_file("docs", "docs.txt", "how to say hello\n")).await?;
    prs.bobs = pr.number;
    stage.timeline.saw(Place::Github, format_args!("bob opens #{}", pr.number));
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await?;
    stage.handled(&delivery.guid, "trigger").await?;
    for job in stage.started(&delivery.guid, AUTOMATIC).await? {
        let failing = job.spec.job == "flaky";
        let (state, end) =
            if failing { (ProwJobState::Failure, End::Failure) } else { (ProwJobState::Success, End::Success) };
        stage.reaches(job.name(), state).await?;
        stage.status(&pr.head_sha, &job, end).await?;
    }
    let row = format!("flaky | {} | [link](", pr.head_sha);
    let comment = stage.bot_says(pr.number, &["Test name | Commit | Details", &row, "`/test flaky`"]).await?;
    ensure!(!comment.body.contains("unit |"), "the table has a row of a job that passed: {}", comment.body);

    alice.push(REPO, "main", None, "Mend main", &file("FAIL", None)).await?;
    stage.timeline.saw(Place::Github, "alice mends main");
    let delivery = stage.says(&bob, pr.number, "/retest", "trigger").await?;
    run_to_success(stage, &delivery.guid, &pr.head_sha, &["flaky"]).await?;
    stage.bot_takes_back(pr.number, "Test name | Commit | Details").await?;

    let delivery = stage.says(&alice, prs.alices, "/test nonsense", "trigger").await?;
    stage.bot_says(prs.alices, &["/test unit", "/test slow"]).await?;
    stage.started(&delivery.guid, &[]).await.map(drop)
}

pub(super) async fn new_push(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let alice = stage.alice.clone();
    let old = stage.pr(prs.alices).await?.head_sha;
    let delivery = stage.says(&alice, prs.alices, "/test slow", "trigger").await?;
    let slow = stage.started(&delivery.guid, &["slow"]).await?.remove(0);
    stage.reaches(slow.name(), ProwJobState::Pending).await?;

    let mark = stage.mark().await?;
    let change = file("hello.sh", Some("#!/bin/sh\necho hello, everybody\n"));
    let new = alice.push_to_pr(REPO, prs.alices, "Greet everybody", &change).await?;
    stage.timeline.saw(Place::Github, format_args!("alice pushes {} to #{}", short(&new), prs.alices));
    let delivery = stage.delivered(mark, "pull_request", Some("synchronize")).await?;
    stage.handled(&delivery.guid, "trigger").await?;
    stage.reaches(slow.name(), ProwJobState::Aborted).await?;
    let page = stage.status(&old, &slow, End::Failure).await?;
    let left = stage.job_log(&page).await?;
    ensure!(!left.contains(LAST_LINE), "`slow` has run to its end: {left}");
    run_to_success(stage, &delivery.guid, &new, OF_SCRIPTS).await?;
    // Meanwhile it would have written more: a line a second.
    let now = stage.job_log(&page).await?;
    ensure!(now == left, "`slow` still writes after it was aborted; it wrote\n{left}\nand now\n{now}");
    stage.timeline.saw(Place::Controller, "the log of slow has ended before its last line, and grows no more");
    Ok(())
}

pub(super) async fn hold(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let bob = stage.bob.clone();
    stage.says(&bob, prs.alices, "/hold", "hold").await?;
    stage.labels(prs.alices, &[HOLD], &[]).await?;
    stage.says(&bob, prs.alices, "/hold cancel", "hold").await?;
    stage.labels(prs.alices, &[], &[HOLD]).await
}
