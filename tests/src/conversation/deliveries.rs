//! Steps (f) and (g): deliveries that are not what they seem, and deliveries that come twice.

use anyhow::ensure;

use super::Prs;
use crate::demo_config::GREETING;
use crate::hook::{self, Sent};
use crate::stage::Stage;
use crate::timeline::Place;
use crate::world::seen;

pub(super) async fn forged(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let guid = "f0000000-0000-4000-8000-000000000000";
    let body = hook::comment_payload(prs.alices, "bob", "/hold");
    stage.idle().await?;
    let before = requests_of_plugins(stage).await?;
    stage.timeline.saw(Place::Hook, "somebody posts \"/hold\" in bob's name, signed with another key");
    let url = stage.world.hook_url();
    let sent = Sent { event: "issue_comment", guid, body: body.as_bytes(), secret: "a guess" };
    let answer = hook::post(&stage.world.http, &url, &sent).await?;
    ensure!(answer.code == 403, "a wrong signature was answered with {}: {}", answer.code, answer.text);
    stage.timeline.saw(Place::Hook, format_args!("answered with 403: {}", answer.text.trim()));
    stage.idle().await?;
    ensure!(
        stage.world.inbox().await?.load(guid).await?.is_none(),
        "the inbox has kept a delivery that it must not trust"
    );
    stage.timeline.saw(Place::Store, "the delivery is not in the inbox");
    let after = requests_of_plugins(stage).await?;
    ensure!(before == after, "plugins made {} requests because of a forged delivery", after - before);
    stage.labels(prs.alices, &[], &["do-not-merge/hold"]).await?;

    // The same bytes with the right key do have an effect: it was the signature that made the difference.
    let guid = "f0000000-0000-4000-8000-000000000001";
    let secret = stage.world.secret.clone();
    let answer = hook::post(&stage.world.http, &url, &Sent { guid, secret: &secret, ..sent }).await?;
    ensure!(answer.code == 200, "the right signature was answered with {}: {}", answer.code, answer.text);
    stage.timeline.saw(Place::Hook, "the same bytes with the right signature: 200");
    stage.labels(prs.alices, &["do-not-merge/hold"], &[]).await?;
    let bob = stage.bob.clone();
    stage.says(&bob, prs.alices, "/unhold", "hold").await?;
    stage.labels(prs.alices, &[], &["do-not-merge/hold"]).await
}

/// The effect is one that would double if it were made again: a comment.
pub(super) async fn repeated(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let alice = stage.alice.clone();
    let delivery = stage.says(&alice, prs.alices, "/greet", "greeter").await?;
    stage.bot_says(prs.alices, &[GREETING]).await?;
    stage.idle().await?;
    let before = requests_of_plugins(stage).await?;
    stage.timeline.saw(Place::Github, format_args!("GitHub sends delivery {} again", delivery.guid));
    stage.world.sim.redeliver(delivery.id).await?;
    let again =
        stage.world.wait("the repeated delivery to be answered", std::time::Duration::from_secs(10), async |world| {
            let log = seen(world.sim.deliveries().await)?;
            let again = log.into_iter().find(|d| d.guid == delivery.guid && d.redelivery);
            again.filter(|d| d.status_code.is_some()).ok_or_else(|| "no answer yet".to_owned())
        });
    let code = again.await?.status_code.unwrap_or_default();
    ensure!(code == 200, "the repeated delivery was answered with {code}");
    stage.timeline.saw(Place::Hook, "answered with 200 once more");
    stage.idle().await?;
    let after = requests_of_plugins(stage).await?;
    ensure!(before == after, "plugins made {} requests because of a repeated delivery", after - before);
    let greeted = stage.bot_said(prs.alices, GREETING).await?;
    ensure!(greeted == 1, "the bot has greeted {greeted} times, not once");
    stage.timeline.saw(Place::Github, "still one greeting, and no request of a plugin");
    Ok(())
}

/// Requests that plugins have made of GitHub so far.
async fn requests_of_plugins(stage: &Stage) -> anyhow::Result<usize> {
    let all = stage.world.sim.requests(0).await?;
    let plugins = ["trigger", "hold", "help", "greeter"].map(|plugin| format!("bowsprit.{plugin}/"));
    Ok(all.iter().filter(|request| plugins.iter().any(|plugin| request.user_agent.contains(plugin))).count())
}
