//! The demo's conversation.

use std::time::Instant;

use tests::demo_config;
use tests::programs::Programs;
use tests::stage::Stage;
use tests::world::World;

#[tokio::test]
async fn every_step_of_the_demos_conversation_is_observed() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap().beside_others();
    if let Err(error) = tests::conversation::play(&mut stage).await {
        panic!("{error:#}");
    }
}
