//! Step (l): the host is away through ten seconds of events, and asks GitHub for them when it is back.

use std::time::{Duration, Instant};

use anyhow::ensure;
use sim::seed::Seed;

use super::Prs;
use crate::demo_config::NEW_GREETING;
use crate::stage::{REPO, Stage};
use crate::timeline::Place;
use crate::world::{BOT, seen};

/// How long nobody takes webhooks.
const OUTAGE: Duration = Duration::from_secs(10);
/// How often somebody says something meanwhile.
const PAUSE: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_secs(120);
const HELD: &str = "do-not-merge/hold";

pub(super) async fn is_caught_up_with(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let (alice, bob, number) = (stage.alice.clone(), stage.bob.clone(), prs.bobs);
    stage.says(&alice, number, "/unhold", "hold").await?;
    stage.labels(number, &[], &[HELD]).await?;
    stage.idle().await?;
    let greeted = stage.bot_said(number, NEW_GREETING).await?;

    stage.world.sim.seed(&Seed::administrator(REPO, BOT)).await?;
    stage.timeline.saw(Place::Github, format_args!("{BOT} may administer the repository, its webhooks among it"));
    stage.world.kill_host();
    stage.timeline.saw(Place::Host, "killed with SIGKILL");
    let mark = stage.mark().await?;
    let mut pace = tokio::time::interval(PAUSE);
    let (start, mut greetings) = (Instant::now(), 0);
    while start.elapsed() < OUTAGE {
        pace.tick().await;
        bob.comment(REPO, number, "/greet").await?;
        greetings += 1;
    }
    alice.comment(REPO, number, "/hold").await?;
    let said = greetings + 1;
    stage.timeline.saw(
        Place::Github,
        format_args!("in {:.1} s bob says /greet {greetings} times, and alice /hold", start.elapsed().as_secs_f64()),
    );
    stage.world.sim.quiesce(SOON).await?;
    let failed = stage.count_unanswered(mark, "issue_comment").await?;
    ensure!(failed == said, "{failed} of {said} deliveries failed while nobody was there");
    stage.timeline.saw(Place::Hook, format_args!("nobody answers: {failed} deliveries have failed"));

    let url = format!("--webhook-url={}", stage.world.hook_url());
    stage.world.tell_host([url.into()]);
    stage.world.start_host()?;
    stage.world.ready().await?;
    stage.timeline.saw(Place::Host, "started again, ready");
    let whole = stage.shows("all that was missed as come", |status| {
        let gap = &status["catch_up"]["gap"]["deliveries"];
        gap["missed"].as_u64() >= u64::try_from(said).ok() && gap["came"] == gap["missed"]
    });
    let gap = whole.await?["catch_up"]["gap"].clone();
    let counts = &gap["deliveries"];
    stage.timeline.saw(
        Place::Host,
        format_args!(
            "it was away from {} to {}: {} deliveries missed, {} asked for again, {} came",
            gap["from"].as_str().unwrap_or_default(),
            gap["to"].as_str().unwrap_or_default(),
            counts["missed"],
            counts["asked"],
            counts["came"]
        ),
    );
    stage
        .world
        .wait("a greeting for each time", SOON, async |world| {
            let comments = seen(world.sim.comments(REPO, number).await)?;
            let now = comments.iter().filter(|comment| comment.body.contains(NEW_GREETING)).count();
            if now >= greeted + greetings { Ok(()) } else { Err(format!("{} of {greetings}", now - greeted)) }
        })
        .await?;
    stage.labels(number, &[HELD], &[]).await?;
    stage.idle().await?;
    let now = stage.bot_said(number, NEW_GREETING).await? - greeted;
    ensure!(now == greetings, "the bot has greeted {now} times, and was asked to {greetings} times");
    let held = stage.count_delivered(mark, "pull_request", "labeled").await?;
    ensure!(held == 1, "the label was put on {held} times, not once");
    stage.timeline.saw(Place::Github, format_args!("the bot has greeted {now} times, and put the label on once"));
    Ok(())
}
