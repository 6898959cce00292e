//! Step (j): the host is killed with SIGKILL between a comment and its effects, once before GitHub has seen the effect and once
//! after, and started again.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use sim::client::Actor;
use sim::fault::{FaultKind, FaultSpec, Kill, Match, When};
use store::{DeliveryState, EntryState};

use super::Prs;
use crate::demo_config::NEW_GREETING;
use crate::stage::Stage;
use crate::timeline::Place;
use crate::world::seen;

pub(super) async fn between_a_comment_and_its_effects(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let greeted = stage.bot_said(prs.bobs, NEW_GREETING).await?;

    // GitHub has posted the comment, and the host never heard of it: only a look at the far side can tell.
    let guid = dies(stage, &bob, prs.bobs, "/greet", "/comments$", When::After).await?;
    let now = stage.bot_said(prs.bobs, NEW_GREETING).await?;
    ensure!(now == greeted + 1, "the comment should be there already; there are {now} and were {greeted}");
    revive(stage).await?;
    stage.handled(&guid, "greeter").await?;
    let now = stage.bot_said(prs.bobs, NEW_GREETING).await?;
    ensure!(now == greeted + 1, "the comment was made {} times", now - greeted);
    stage.timeline.saw(Place::Github, "the bot has greeted once");

    let mark = stage.mark().await?;
    let guid = dies(stage, &alice, prs.bobs, "/hold", "/labels$", When::Before).await?;
    stage.labels(prs.bobs, &[], &["do-not-merge/hold"]).await?;
    revive(stage).await?;
    stage.handled(&guid, "hold").await?;
    stage.labels(prs.bobs, &["do-not-merge/hold"], &[]).await?;
    stage.idle().await?;
    // GitHub tells of each time that a label comes on.
    stage.delivered(mark, "pull_request", Some("labeled")).await?;
    let labeled = stage.count_delivered(mark, "pull_request", "labeled").await?;
    ensure!(labeled == 1, "the label was put on {labeled} times, not once");
    stage.timeline.saw(Place::Github, "the label was put on once");
    Ok(())
}

/// Comments, and has the host killed around the request that the comment leads to. Gives the delivery's GUID.
async fn dies(
    stage: &mut Stage,
    who: &Actor,
    number: u64,
    text: &str,
    path: &str,
    when: When,
) -> anyhow::Result<String> {
    let pid = stage.world.host().context("the host is not running")?.pid();
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some(path.to_owned()),
        user_agent: Some("bowsprit.".to_owned()),
        ..Match::default()
    };
    let kill = Kill { pid: i32::try_from(pid).context("the host's process id")?, when };
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault: FaultKind::Kill(kill) }).await?;
    let mut host = stage.world.release_host().context("the host is not running")?;
    let said = stage.comment(who, number, text).await?;
    let delivery = stage.heard(said).await?;
    stage
        .world
        .wait("the host to be killed", Duration::from_secs(10), async |_| match host.ended() {
            Some(_) => Ok(()),
            None => Err("it lives".to_owned()),
        })
        .await?;
    let side = match when {
        When::Before => "before GitHub acted on its request",
        When::After => "after GitHub acted on its request, before it had the answer",
    };
    stage.timeline.saw(Place::Host, format_args!("killed with SIGKILL, {side}"));
    let report = stage.world.inbox().await?.show(&delivery.guid).await?.context("the delivery is not in the inbox")?;
    let in_doubt = report.reports.iter().flat_map(|task| &task.journal).filter(|e| e.state == EntryState::Intent);
    let in_doubt: Vec<_> = in_doubt.map(|entry| entry.op.as_str()).collect();
    ensure!(report.summary.state == DeliveryState::Open, "the delivery is {}, not open", report.summary.state);
    ensure!(in_doubt.len() == 1, "the journal has these effects in doubt, not one: {in_doubt:?}");
    stage.timeline.saw(Place::Store, format_args!("the delivery is open, and {} is in doubt", in_doubt[0]));
    Ok(delivery.guid)
}

async fn revive(stage: &mut Stage) -> anyhow::Result<()> {
    stage.world.start_host()?;
    stage.world.ready().await?;
    let left = seen(stage.world.inbox().await?.counts().await).map_err(anyhow::Error::msg)?.queued;
    stage.timeline.saw(Place::Host, format_args!("started again, ready; {left} tasks left to do"));
    Ok(())
}
