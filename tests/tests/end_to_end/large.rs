//! The largest pull request that GitHub lists: 3,000 files of long names, in a repository where many people own much.

use std::collections::BTreeMap;
use std::time::Instant;

use sim::client::NewPr;
use tests::demo_config;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World};

const FOLDERS: usize = 300;
const FILES: usize = 3_000;
/// So that the owners are compared with nobody.
const EVERYBODY: &str = "\nowners:\n  skip_collaborators: [my-org]\n";

/// An OWNERS file whose approvers and reviewers are these and a hundred others.
fn owners(first: &str, of: usize) -> String {
    let people: String = (0..100).map(|at| format!("- somebody-{of}-{at}\n")).collect();
    format!("approvers:\n- {first}\n{people}reviewers:\n{people}")
}

fn folder(at: usize) -> String {
    format!("{}-{at:03}", "area".repeat(30))
}

#[tokio::test]
async fn approve_handles_three_thousand_files_that_many_people_own() {
    let plugins = demo_config::example("plugins.yaml").unwrap() + EVERYBODY;
    let options = Options::new(demo_config::example("config.yaml").unwrap(), plugins);
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let mut tree: BTreeMap<_, _> =
        (0..FOLDERS).map(|at| (format!("{}/OWNERS", folder(at)), Some(owners("bob", at)))).collect();
    tree.insert("OWNERS".to_owned(), Some(owners("alice", FOLDERS)));
    alice.push(REPO, "main", None, "Who owns what", &tree).await.unwrap();

    let mark = stage.mark().await.unwrap();
    let long = "name".repeat(25);
    let path = |at: usize| format!("{}/{long}-{at:04}", folder(at % FOLDERS));
    let files = (0..FILES).map(|at| (path(at), Some("x\n".to_owned()))).collect();
    let pr = NewPr { branch: "everything".to_owned(), files, ..NewPr::of_file("everything", "x", "") };
    let number = stage.mallory.open_pr(REPO, &pr).await.unwrap().number;
    let opened = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    stage.handled(&opened.guid, "approve").await.unwrap();
    stage.bot_says(number, &["NOT APPROVED", "OWNERS", "</details>\n<!-- META="]).await.unwrap();

    // Of the files that GitHub does not list, nobody knows: bob's folders are not all there may be.
    stage.says(&bob, number, "/approve", "approve").await.unwrap();
    stage.labels(number, &[], &["approved"]).await.unwrap();
    stage.says(&alice, number, "/approve", "approve").await.unwrap();
    stage.labels(number, &["approved"], &[]).await.unwrap();
    stage.bot_says(number, &["This PR is **APPROVED**"]).await.unwrap();
    let status = stage.world.status().await.unwrap();
    assert_eq!(status["plugins"]["approve"]["quarantine"], serde_json::Value::Null, "{status:#}");
}
