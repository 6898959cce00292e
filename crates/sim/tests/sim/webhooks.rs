//! Webhooks as their receiver sees them.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sim::client::Delivery;

use crate::support::{REPO, Received, Receiver, World, file};

const LIMIT: Duration = Duration::from_secs(20);

async fn hooked(receiver: &Receiver) -> World {
    let world = World::start().await;
    let config = json!({ "url": receiver.url, "content_type": "json", "secret": "s3cret" });
    let hook = json!({ "config": config, "events": ["*"], "active": true });
    world.json("POST", &format!("/repos/{REPO}/hooks"), "token-alice", Some(hook)).await;
    world.sim.quiesce(LIMIT).await.unwrap();
    world
}

/// The signature as openssl computes it.
fn openssl_hmac(digest: &str, key: &str, body: &[u8]) -> String {
    let mut openssl = Command::new("openssl");
    openssl.args(["dgst", digest, "-hmac", key]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = openssl.spawn().unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let out = child.wait_with_output().unwrap();
    String::from_utf8(out.stdout).unwrap().rsplit_once("= ").unwrap().1.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_signed_and_headed_as_githubs() {
    let receiver = Receiver::start().await;
    let world = hooked(&receiver).await;
    world.sim.user("bob").await.unwrap().open_issue(REPO, "Ünïcode 🚢", "").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    assert_eq!(receiver.names(), ["ping", "issues.opened"]);
    for received in receiver.all() {
        let header = |name: &str| received.headers[name].clone();
        assert_eq!(
            header("x-hub-signature-256"),
            format!("sha256={}", openssl_hmac("-sha256", "s3cret", &received.body))
        );
        assert_eq!(header("x-hub-signature"), format!("sha1={}", openssl_hmac("-sha1", "s3cret", &received.body)));
        assert_eq!(header("content-type"), "application/json");
        assert!(header("user-agent").starts_with("GitHub-Hookshot/"));
        assert!(uuid::Uuid::parse_str(&header("x-github-delivery")).is_ok());
        assert!(header("x-github-hook-id").parse::<u64>().is_ok());
        assert_eq!(header("x-github-hook-installation-target-type"), "repository");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_told_in_order() {
    let receiver = Receiver::start().await;
    let world = hooked(&receiver).await;
    let (alice, mallory) = (world.sim.user("alice").await.unwrap(), world.sim.user("mallory").await.unwrap());
    let pr = world.open("mallory", "change").await;
    let comment = mallory.comment(REPO, pr.number, "hello").await.unwrap();
    let path = format!("/repos/{REPO}/issues/comments/{comment}");
    mallory.call(reqwest::Method::PATCH, &path, Some(json!({ "body": "hello again" }))).await.unwrap();
    mallory.call(reqwest::Method::DELETE, &path, None).await.unwrap();
    alice.label(REPO, pr.number, "lgtm").await.unwrap();
    alice.unlabel(REPO, pr.number, "lgtm").await.unwrap();
    mallory.push_to_pr(REPO, pr.number, "More", &file("more.txt", "more\n")).await.unwrap();
    mallory.convert_to_draft(REPO, pr.number).await.unwrap();
    mallory.ready_for_review(REPO, pr.number).await.unwrap();
    let review = json!({ "event": "APPROVE" });
    alice
        .call(reqwest::Method::POST, &format!("/repos/{REPO}/pulls/{}/reviews", pr.number), Some(review))
        .await
        .unwrap();
    let title = json!({ "title": "Another title" });
    mallory.call(reqwest::Method::PATCH, &format!("/repos/{REPO}/pulls/{}", pr.number), Some(title)).await.unwrap();
    alice.set_pr_state(REPO, pr.number, "closed").await.unwrap();
    alice.set_pr_state(REPO, pr.number, "open").await.unwrap();
    let head = world.sim.pr(REPO, pr.number).await.unwrap().head_sha;
    let status = json!({ "state": "success", "context": "unit" });
    world.json("POST", &format!("/repos/{REPO}/statuses/{head}"), "token-bowsprit-bot", Some(status)).await;
    let merge = alice.merge(REPO, pr.number).await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    assert_eq!(
        receiver.names(),
        [
            "ping",
            "pull_request.opened",
            "issue_comment.created",
            "issue_comment.edited",
            "issue_comment.deleted",
            "pull_request.labeled",
            "pull_request.unlabeled",
            "pull_request.synchronize",
            "pull_request.converted_to_draft",
            "pull_request.ready_for_review",
            "pull_request_review.submitted",
            "pull_request.edited",
            "pull_request.closed",
            "pull_request.reopened",
            "status",
            "pull_request.closed",
            "push",
        ]
    );
    let all = receiver.all();
    let of = |name: &str| all.iter().rfind(|received| received.name() == name).map(Received::payload).unwrap();
    let synchronize = of("pull_request.synchronize");
    assert_eq!((&synchronize["before"], &synchronize["after"]), (&json!(pr.head_sha), &json!(head)));
    assert_eq!(synchronize["pull_request"]["head"]["sha"], json!(head));
    assert_eq!(of("issue_comment.edited")["changes"]["body"]["from"], "hello");
    assert_eq!(of("pull_request.edited")["changes"]["title"]["from"], "Change change.txt");
    assert_eq!(of("pull_request.closed")["pull_request"]["merged"], true);
    assert_eq!(of("pull_request.opened")["pull_request"]["mergeable"], Value::Null);
    let push = of("push");
    assert_eq!((&push["ref"], &push["after"]), (&json!("refs/heads/main"), &json!(merge)));
    let added = |commit: &Value| commit["added"].as_array().unwrap().clone();
    let files: Vec<Value> = push["commits"].as_array().unwrap().iter().flat_map(added).collect();
    assert!(files.contains(&json!("change.txt")) && files.contains(&json!("more.txt")), "{files:?}");
    for received in &all {
        let payload = received.payload();
        assert_eq!(payload["repository"]["full_name"], REPO, "{}", received.name());
        assert!(payload["sender"]["login"].is_string(), "{}", received.name());
        assert_eq!(payload["organization"]["login"], "my-org", "{}", received.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_hooks_of_one_event_share_its_guid() {
    let receiver = Receiver::start().await;
    let app = Receiver::start().await;
    let extra = format!(
        "{{ orgs: {{ my-org: {{ hooks: [{{ url: '{}', secret: a, events: [issues] }}] }} }}, \
         repos: {{ my-org/hello: {{ hooks: [{{ url: '{}', secret: b }}] }} }}, \
         apps: {{ helper: {{ permissions: {{ issues: read }}, hook: {{ url: '{}', secret: c }}, installed: {{ my-org: [] }} }} }} }}",
        receiver.url, receiver.url, app.url
    );
    let world = World::with(sim::Options::default(), &extra).await;
    let bob = world.sim.user("bob").await.unwrap();
    let issue = bob.open_issue(REPO, "An issue", "").await.unwrap();
    bob.comment(REPO, issue, "text").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    let guids = |received: &[Received], name: &str| -> Vec<String> {
        let of = received.iter().filter(|received| received.name() == name);
        of.map(|received| received.headers["x-github-delivery"].clone()).collect()
    };
    let (both, apps) = (receiver.all(), app.all());
    let opened = guids(&both, "issues.opened");
    assert_eq!(opened.len(), 2);
    assert_eq!(opened[0], opened[1]);
    assert_eq!(guids(&apps, "issues.opened"), opened[..1]);
    assert_eq!(guids(&both, "issue_comment.created").len(), 1, "the organisation's hook wants issues only");
    assert_eq!(apps[0].payload()["installation"]["id"], json!(world.seeded.apps["helper"].installations["my-org"]));
    assert_eq!(both[0].payload()["installation"], Value::Null);

    // Or each hook has one of its own, where that is asked for; the body is the same.
    world.sim.guid_a_hook(true).await.unwrap();
    bob.open_issue(REPO, "Another issue", "").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    let both = receiver.all();
    let opened: Vec<_> = both.iter().filter(|received| received.name() == "issues.opened").skip(2).collect();
    assert_eq!(opened.len(), 2);
    assert_ne!(opened[0].headers["x-github-delivery"], opened[1].headers["x-github-delivery"]);
    assert_eq!(opened[0].body, opened[1].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_logged_and_sent_again_on_request_alone() {
    let receiver = Receiver::start().await;
    let world = hooked(&receiver).await;
    receiver.answer_with(500);
    world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    let log = world.sim.deliveries().await.unwrap();
    let failed: &Delivery = log.last().unwrap();
    assert_eq!((failed.event.as_str(), failed.status_code, failed.redelivery), ("issues", Some(500), false));
    assert!(failed.duration > 0.0);
    assert_eq!(receiver.all().len(), 2, "there is no automatic second attempt");

    receiver.answer_with(200);
    let hook = failed.hook_id;
    let path = format!("/repos/{REPO}/hooks/{hook}/deliveries/{}", failed.id);
    assert_eq!(world.status("POST", &format!("{path}/attempts"), "token-alice", None).await.as_u16(), 202);
    world.sim.quiesce(LIMIT).await.unwrap();
    let all = receiver.all();
    assert_eq!(
        (&all[1].headers, &all[1].body),
        (&all[2].headers, &all[2].body),
        "the same, GUID and signature included"
    );
    let listed = world.json("GET", &format!("/repos/{REPO}/hooks/{hook}/deliveries"), "token-alice", None).await;
    assert_eq!((&listed[0]["status_code"], &listed[0]["redelivery"]), (&json!(200), &json!(true)));
    assert_eq!(listed[0]["guid"], json!(failed.guid));
    let only = format!("/repos/{REPO}/hooks/{hook}/deliveries?status=failure");
    assert_eq!(world.json("GET", &only, "token-alice", None).await.as_array().unwrap().len(), 1);
    let first = world.json("GET", &path, "token-alice", None).await;
    assert_eq!(first["response"]["payload"], "thanks");
    assert_eq!(first["request"]["payload"]["action"], "opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_logged_as_no_answer() {
    // Nobody listens on port 1 of the loopback address.
    let extra = "repos: { my-org/hello: { hooks: [{ url: 'http://127.0.0.1:1/hook' }] } }";
    let world = World::with(sim::Options::default(), extra).await;
    world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    let last = world.sim.deliveries().await.unwrap().pop().unwrap();
    assert_eq!((last.status_code, last.status.as_str()), (Some(0), "failed to connect to host"));
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_webhooks_wait() {
    let receiver = Receiver::start().await;
    let world = hooked(&receiver).await;
    world.sim.pause_webhooks().await.unwrap();
    let bob = world.sim.user("bob").await.unwrap();
    let issue = bob.open_issue(REPO, "An issue", "").await.unwrap();
    bob.comment(REPO, issue, "text").await.unwrap();
    assert!(world.sim.quiesce(Duration::from_millis(100)).await.is_err());
    assert_eq!(receiver.names(), ["ping"]);
    world.sim.resume_webhooks().await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    assert_eq!(receiver.names(), ["ping", "issues.opened", "issue_comment.created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_seconds_without_an_answer_are_the_limit() {
    // It takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let extra =
        format!("repos: {{ my-org/hello: {{ hooks: [{{ url: 'http://{}/' }}] }} }}", silent.local_addr().unwrap());
    let world = World::with(sim::Options::default(), &extra).await;
    world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    world.sim.quiesce(LIMIT).await.unwrap();
    let last = world.sim.deliveries().await.unwrap().pop().unwrap();
    assert_eq!((last.status_code, last.status.as_str()), (Some(0), "timed out"));
    assert!((10.0..11.0).contains(&last.duration), "{}", last.duration);
}
