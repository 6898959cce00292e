//! Step (h): a plugin's file is replaced by another one while the host runs.

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::Prs;
use crate::demo_config::{GREETER, GREETING, NEW_GREETING};
use crate::patch::replace_text;
use crate::stage::{Stage, short};
use crate::timeline::Place;
use crate::world::{seen, write};

pub(super) async fn by_rename(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let bob = stage.bob.clone();
    stage.says(&bob, prs.bobs, "/greet", "greeter").await?;
    stage.bot_says(prs.bobs, &[GREETING]).await?;
    let old = digest(&stage.world.status().await?).context("/status has no digest of `greeter`")?;
    stage.timeline.saw(Place::Host, format_args!("/status shows greeter {}", short(&old)));

    let component = fs::read(stage.world.path(GREETER)).context("reading the greeter")?;
    let newer = replace_text(&component, GREETING, NEW_GREETING)?;
    let renamed = Instant::now();
    write(stage.world.dir(), GREETER, &newer)?;
    stage.timeline.saw(Place::Host, "another greeter.wasm is renamed over the first");
    let within = stage.in_force;
    let what = format!("/status to show the new digest within {within:?}");
    let new = stage.world.wait(&what, within, async |world| {
        let shown = digest(&seen(world.status().await)?).ok_or("no digest")?;
        if shown == old { Err(format!("still {shown}")) } else { Ok(shown) }
    });
    let new = new.await?;
    let took = renamed.elapsed();
    ensure!(new == sha256(&newer), "/status shows {new}, which is not the digest of the new file");
    ensure!(took <= within, "/status shows the new digest only after {took:?}");
    stage
        .timeline
        .saw(Place::Host, format_args!("/status shows greeter {} after {} ms", short(&new), took.as_millis()));

    stage.says(&bob, prs.bobs, "/greet", "greeter").await?;
    stage.bot_says(prs.bobs, &[NEW_GREETING]).await?;
    let of_the_old = stage.bot_said(prs.bobs, GREETING).await?;
    ensure!(of_the_old == 1, "the old greeter has greeted {of_the_old} times, not once");
    Ok(())
}

fn digest(status: &serde_json::Value) -> Option<String> {
    status["plugins"]["greeter"]["digest"].as_str().map(str::to_owned)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}
