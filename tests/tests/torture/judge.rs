//! The judge is shown worlds that somebody has broken by hand.

use serde_json::json;
use sim::client::NewPr;
use store::Selector;
use tests::demo_config;
use tests::lines::difference;
use tests::programs::Programs;
use tests::stage::REPO;
use tests::torture::cast::Opened;
use tests::torture::state;
use tests::world::{BOT, Options, World};

async fn lines(world: &World, opened: &Opened) -> Vec<String> {
    let jobs = match world.prowjobs().await {
        Ok(jobs) => jobs.list(&Selector::default()).await.unwrap(),
        // No host has run here.
        Err(_) => Vec::new(),
    };
    state::lines(&world.sim.state().await.unwrap(), &jobs, std::slice::from_ref(opened))
}

#[tokio::test]
async fn a_doubled_comment_and_a_missing_label_and_a_status_too_many_are_seen() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let world = World::start(Options { started: false, ..options }).await.unwrap();
    let (alice, bot) = (world.sim.user("alice").await.unwrap(), world.sim.user(BOT).await.unwrap());
    let pr = alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let opened = Opened { number: pr.number, heads: vec![pr.head_sha.clone()] };
    alice.comment(REPO, pr.number, "/hold").await.unwrap();
    bot.comment(REPO, pr.number, "Held.").await.unwrap();
    bot.label(REPO, pr.number, "do-not-merge/hold").await.unwrap();
    let whole = lines(&world, &opened).await;
    assert_eq!(difference(&whole, &lines(&world, &opened).await), [""; 0]);

    bot.comment(REPO, pr.number, "Held.").await.unwrap();
    let doubled = lines(&world, &opened).await;
    assert_eq!(difference(&whole, &doubled), ["+ #1 comment after 01 of others, by bowsprit-bot: Held."]);

    bot.unlabel(REPO, pr.number, "do-not-merge/hold").await.unwrap();
    let lacking = difference(&doubled, &lines(&world, &opened).await);
    let gone = "- #1 has label do-not-merge/hold";
    assert_eq!(lacking, [gone, "+ #1 history: unlabeled do-not-merge/hold by bowsprit-bot"]);

    let before = lines(&world, &opened).await;
    let body = json!({ "context": "unit", "state": "failure" });
    let path = format!("/repos/{REPO}/statuses/{}", pr.head_sha);
    alice.call(reqwest::Method::POST, &path, Some(body)).await.unwrap();
    assert_eq!(difference(&before, &lines(&world, &opened).await), ["+ #1 head 0: status unit failure"]);
}
