//! Step (k): what makes a pull request ready to merge, for one that touches what three people own.

use std::collections::BTreeMap;

use anyhow::ensure;
use sim::client::NewPr;
use sim::seed::{Seed, SeedUser};
use sim::world::OrgRole;

use crate::stage::{REPO, Stage, file, short};
use crate::timeline::Place;

const READY: [&str; 2] = ["approved", "lgtm"];
const NOTICE: &str = "[APPROVALNOTIFIER]";

pub(super) async fn through_three_owners_areas(stage: &mut Stage) -> anyhow::Result<()> {
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let carol = Seed { users: vec![SeedUser { login: "carol".to_owned(), ..SeedUser::default() }], ..Seed::default() };
    stage.world.sim.seed(&carol).await?;
    stage.world.sim.add_member("my-org", "carol", OrgRole::Member).await?;
    let carol = stage.world.sim.user("carol").await?;

    let owners = files(&[
        ("docs/OWNERS", "approvers:\n- bob\n"),
        ("news/OWNERS", "approvers:\n- alice\n"),
        ("tools/OWNERS", "approvers:\n- carol\n"),
    ]);
    alice.push(REPO, "main", None, "Who owns what", &owners).await?;
    stage.timeline.saw(Place::Github, "alice gives docs/ to bob and tools/ to carol, and keeps news/");

    let mark = stage.mark().await?;
    let changes =
        files(&[("news/hello", "hello\n"), ("docs/hello.md", "# hello\n"), ("tools/hello.py", "print('hello')\n")]);
    let pr =
        NewPr { branch: "three-areas".to_owned(), files: changes, ..NewPr::of_file("three-areas", "news/hello", "") };
    let pr = stage.mallory.open_pr(REPO, &pr).await?;
    let number = pr.number;
    stage.timeline.saw(Place::Github, format_args!("mallory opens #{number}, which touches all three"));
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await?;
    stage.handled(&delivery.guid, "approve").await?;
    let all = ["NOT APPROVED", "**[docs/OWNERS]", "**[news/OWNERS]", "**[tools/OWNERS]"];
    stage.bot_says(number, &all).await?;

    stage.says(&bob, number, "/lgtm\n/approve", "approve").await?;
    stage.labels(number, &["lgtm"], &["approved"]).await?;
    stage.bot_says(number, &["NOT APPROVED", "~~[docs/OWNERS]", "**[news/OWNERS]", "**[tools/OWNERS]"]).await?;
    stage.says(&carol, number, "/approve", "approve").await?;
    stage.bot_says(number, &["NOT APPROVED", "~~[docs/OWNERS]", "**[news/OWNERS]", "~~[tools/OWNERS]"]).await?;
    stage.labels(number, &["lgtm"], &["approved"]).await?;
    stage.says(&alice, number, "/approve", "approve").await?;
    stage.labels(number, &READY, &[]).await?;
    stage.bot_says(number, &["This PR is **APPROVED**"]).await?;
    let notices = stage.bot_said(number, NOTICE).await?;
    ensure!(notices == 1, "there are {notices} notices of how far the approval is, not one");

    let head =
        stage.mallory.push_to_pr(REPO, number, "A second thought", &file("news/hello", Some("hello, all\n"))).await?;
    stage.timeline.saw(Place::Github, format_args!("mallory pushes {}", short(&head)));
    stage.labels(number, &["approved"], &["lgtm"]).await?;
    stage.says(&bob, number, "/lgtm", "lgtm").await?;
    stage.says(&alice, number, "/ok-to-test", "trigger").await?;
    stage.labels(number, &READY, &["needs-ok-to-test", "do-not-merge/hold"]).await?;
    Ok(())
}

fn files(all: &[(&str, &str)]) -> BTreeMap<String, Option<String>> {
    all.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect()
}
