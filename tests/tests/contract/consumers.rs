//! Bundled plugins that speak to services besides GitHub, as they come: enabled by name, with the catalogue's grants.

use tests::stage::{REPO, file};

use crate::script::{self, Services};
use crate::slack::Emulate;

const JIRA: &str = "
plugins:
  my-org:
    plugins: [jira]
";

#[tokio::test]
async fn a_key_becomes_a_link_and_jira_links_back() {
    let mut stage = script::start(JIRA, &[], Services::default()).await;
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let issue = alice.open_issue(REPO, "Something", "text").await.unwrap();
    let delivery = stage.says(&bob, issue, "as ABC-1 says, and `ABC-1`, not UTF-8", "jira").await.unwrap();
    let told = stage.handled(&delivery.guid, "jira").await.unwrap().reason.unwrap_or_default();
    assert_eq!(told, "linked ABC-1");

    let jira = stage.world.sim.jira_url();
    let comments = stage.world.sim.comments(REPO, issue).await.unwrap();
    assert_eq!(comments[0].body, format!("as [ABC-1]({jira}/browse/ABC-1) says, and `ABC-1`, not UTF-8"));
    // The comment that was edited comes by again, and changes nothing more.
    stage.idle().await.unwrap();
    let state = stage.world.sim.jira().await.unwrap();
    let links = state["issues"][0]["links"].as_array().unwrap();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(links[0]["title"], format!("{REPO}#{issue}: Something"));
    let page = links[0]["url"].as_str().unwrap();
    assert!(page.ends_with(&format!("/{REPO}/issues/{issue}")), "{page}");
}

const SLACK: &str = "
plugins:
  my-org:
    plugins: [slackevents]
slack:
  mentionchannels: [sig-node]
  mergewarnings:
  - repos: [my-org]
    channels: [sig-node]
    exempt_users: [alice]
";

#[tokio::test]
async fn slack_is_told_of_manual_merges_and_of_sigs_that_are_mentioned() {
    let Some(slack) = Emulate::start("slack_is_told_of_manual_merges_and_of_sigs_that_are_mentioned") else { return };
    let mut stage = script::start(SLACK, &[], Services { slack: Some(&slack), ..Services::default() }).await;
    let (alice, bob) = (stage.alice.clone(), stage.bob.clone());
    let issue = alice.open_issue(REPO, "Something", "text").await.unwrap();
    stage
        .says(&bob, issue, "cc @kubernetes/sig-node-bugs and @kubernetes/sig-other-bugs", "slackevents")
        .await
        .unwrap();
    for who in [&alice, &bob] {
        let before = stage.mark().await.unwrap();
        who.push(REPO, "main", None, "By hand", &file(&format!("{}.txt", who.login()), Some("1\n"))).await.unwrap();
        let pushed = stage.delivered(before, "push", None).await.unwrap();
        stage.handled(&pushed.guid, "slackevents").await.unwrap();
    }
    let said = slack.said_in("sig-node").await;
    let [push, mention] = &said[..] else { panic!("two messages: {said:?}") };
    assert!(push.starts_with("*Warning:* bob (<@bob>) manually merged 1 commit(s) into main: http"), "{push}");
    assert!(mention.starts_with("sig-node was mentioned by bob (<@bob>) on GitHub."), "{mention}");
}
