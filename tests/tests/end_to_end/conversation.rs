//! The demo's conversation.

use std::path::PathBuf;
use std::time::Instant;

use tests::demo_config;
use tests::programs::Programs;
use tests::stage::Stage;
use tests::world::{Options, World};

#[tokio::test]
async fn every_step_of_the_demos_conversation_is_observed() {
    play(None).await;
}

/// The same on an API server, where the host and the controller meet in custom resources.
#[tokio::test]
async fn every_step_is_observed_with_prowjobs_on_kubernetes() {
    let Some(program) = apiserver::find("every_step_is_observed_with_prowjobs_on_kubernetes") else { return };
    play(Some(program)).await;
}

async fn play(apiserver: Option<PathBuf>) {
    let options = Options { apiserver, ..demo_config::options(&Programs::find().unwrap()).unwrap() };
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap().beside_others();
    if let Err(error) = tests::conversation::play(&mut stage).await {
        panic!("{error:#}");
    }
}
