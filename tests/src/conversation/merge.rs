//! Step (i): a push to the base branch.

use super::Prs;
use super::opening::run_to_success;
use crate::stage::{REPO, Stage, short};
use crate::timeline::Place;

pub(super) async fn starts_a_postsubmit(stage: &mut Stage, prs: Prs) -> anyhow::Result<()> {
    let mark = stage.mark().await?;
    let sha = stage.alice.merge(REPO, prs.alices).await?;
    stage.timeline.saw(Place::Github, format_args!("alice merges #{} as {}", prs.alices, short(&sha)));
    let delivery = stage.delivered(mark, "push", None).await?;
    stage.handled(&delivery.guid, "trigger").await?;
    run_to_success(stage, &delivery.guid, &sha, &["deploy"]).await
}
