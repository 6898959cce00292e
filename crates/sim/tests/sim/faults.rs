//! Faults on demand, each kind seen from the caller's side.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::fault::FaultSpec;

use crate::support::{REPO, World};

async fn set(world: &World, spec: Value) {
    let spec: FaultSpec = serde_json::from_value(spec).unwrap();
    world.sim.fault(&spec).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing_faults_answer_as_github_does_and_have_no_effect() {
    let world = World::start().await;
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let path = format!("/repos/{REPO}/issues/{issue}/comments");
    let cases = [
        ("500", 500, None),
        ("502", 502, None),
        ("403", 403, None),
        ("403-primary", 403, Some(("x-ratelimit-remaining", "0"))),
        ("403-secondary", 403, Some(("retry-after", "1"))),
        ("429", 429, Some(("retry-after", "1"))),
    ];
    for (fault, status, header) in cases {
        set(&world, json!({ "match": { "method": "POST", "path_prefix": path }, "fault": fault })).await;
        let response = world.send("POST", &path, "token-bob", Some(json!({ "body": "text" }))).await;
        assert_eq!(response.status().as_u16(), status, "{fault}");
        if let Some((name, value)) = header {
            assert_eq!(response.headers()[name], value, "{fault}");
        }
        assert!(response.json::<Value>().await.unwrap()["message"].is_string(), "{fault}");
    }
    assert_eq!(world.sim.comments(REPO, issue).await.unwrap(), []);
    assert_eq!(world.sim.faults().await.unwrap(), []);
    let played: Vec<Option<String>> = world.sim.requests(0).await.unwrap().into_iter().map(|r| r.fault).collect();
    assert_eq!(played.iter().flatten().count(), cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_waits_for_its_requests() {
    let world = World::start().await;
    let spec = json!({
        "match": { "method": "GET", "path_regex": "/labels$", "user_agent": "a-test", "nth": 2 },
        "times": 2,
        "fault": "500",
    });
    set(&world, spec).await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(world.status("GET", &format!("/repos/{REPO}/labels"), "token-bob", None).await.as_u16());
    }
    assert_eq!(seen, [200, 500, 500, 200, 200]);
    set(&world, json!({ "fault": "500" })).await;
    world.sim.clear_faults().await.unwrap();
    assert_eq!(world.status("GET", &format!("/repos/{REPO}"), "token-bob", None).await.as_u16(), 200);
    let bad = serde_json::from_value(json!({ "match": { "path_regex": "(" }, "fault": "500" })).unwrap();
    assert!(world.sim.fault(&bad).await.unwrap_err().to_string().contains("path_regex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_can_be_late() {
    let world = World::start().await;
    set(&world, json!({ "fault": { "delay_ms": 150 } })).await;
    let start = Instant::now();
    assert_eq!(world.status("GET", &format!("/repos/{REPO}"), "token-bob", None).await.as_u16(), 200);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_cuts_the_connection_before_or_after_the_effect() {
    let world = World::start().await;
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let path = format!("/repos/{REPO}/issues/{issue}/comments");
    for (fault, comments) in [("reset", 0), ("reset-after", 1)] {
        set(&world, json!({ "match": { "method": "POST" }, "fault": fault })).await;
        let sent = world.request("POST", &path, "token-bob").json(&json!({ "body": "text" })).send().await;
        let error = sent.expect_err("the connection is cut");
        let text = format!("{error:?}");
        assert!(text.contains("reset") || text.contains("ConnectionReset"), "{text}");
        assert_eq!(world.sim.comments(REPO, issue).await.unwrap().len(), comments, "{fault}");
    }
    assert_eq!(world.sim.requests(0).await.unwrap().iter().filter(|r| r.status.is_none()).count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_killed_before_or_after_the_effect() {
    let world = World::start().await;
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let path = format!("/repos/{REPO}/issues/{issue}/comments");
    for (when, comments) in [("before", 0), ("after", 1)] {
        let mut victim = tokio::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = victim.id().unwrap();
        set(&world, json!({ "match": { "path_prefix": path }, "fault": { "kill": { "pid": pid, "when": when } } }))
            .await;
        let sent = world.request("POST", &path, "token-bob").json(&json!({ "body": "text" })).send().await;
        assert!(sent.is_err(), "no answer is given");
        let status = victim.wait().await.unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{when}");
        assert_eq!(world.sim.comments(REPO, issue).await.unwrap().len(), comments, "{when}");
    }
    let init = serde_json::from_value(json!({ "fault": { "kill": { "pid": 1, "when": "before" } } })).unwrap();
    assert!(world.sim.fault(&init).await.is_err());
}
