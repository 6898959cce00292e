//! The payloads beside real ones: what every real payload of an event has, ours has too.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};
use sim::client::NewWorkflowRun;
use sim::world::{Conclusion, OrgRole, RunStatus};

use crate::support::{REPO, Receiver, World, file};

/// What the real ones have and ours rightly have not: the installation, which only an app's hook is told of (the samples
/// were taken by one), and what the API gives to pull requests alone, where the samples happen to be of one.
const NOT_OURS: &[&str] = &["installation", "issue.draft", "issue.pull_request", "changes.new_issue.draft"];

/// Real payloads by event; none, after saying so, where the data is absent.
fn examples() -> Option<BTreeMap<String, Vec<Value>>> {
    let test = counterparts::this_test();
    let path = counterparts::data(&test, "github-webhook-examples/api.github.com.json.gz")?;
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let of =
        |event: &Value| (event["name"].as_str().unwrap().to_owned(), event["examples"].as_array().unwrap().clone());
    Some(events.iter().map(of).collect())
}

/// The keys that all examples have, and below them likewise. An empty map for what is no object in all of them.
fn common(examples: &[&Value]) -> Map<String, Value> {
    let Some((first, rest)) = examples.split_first() else { return Map::new() };
    let Some(first) = first.as_object() else { return Map::new() };
    let mut keys = Map::new();
    for key in first.keys().filter(|key| rest.iter().all(|example| example.get(key).is_some())) {
        let below: Vec<&Value> = examples.iter().map(|example| &example[key]).collect();
        let objects = below.iter().all(|value| value.is_object());
        keys.insert(key.clone(), Value::Object(if objects { common(&below) } else { Map::new() }));
    }
    keys
}

fn missing(want: &Map<String, Value>, got: &Value, at: &str, found: &mut Vec<String>) {
    for (key, below) in want {
        let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match got.get(key) {
            None => found.push(at),
            Some(value) if value.is_object() => missing(below.as_object().unwrap(), value, &at, found),
            Some(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_have_what_all_real_ones_have() {
    let Some(examples) = examples() else { return };
    let receiver = Receiver::start().await;
    let extra = format!(
        "{{ orgs: {{ my-org: {{ hooks: [{{ url: '{0}' }}], teams: {{ sig-a: {{ repos: {{ my-org/hello: read }} }} }} }} }}, \
         repos: {{ my-org/hello: {{}}, my-org/other: {{}} }}, \
         apps: {{ helper: {{ permissions: {{ checks: write }}, installed: {{ my-org: [] }} }} }} }}",
        receiver.url
    );
    let world = World::with(sim::Options::default(), &extra).await;
    make_things_happen(&world).await;
    world.sim.quiesce(Duration::from_secs(20)).await.unwrap();
    let mut seen = BTreeMap::new();
    let mut gaps = Vec::new();
    for received in receiver.all() {
        let (name, payload) = (received.name(), received.payload());
        let all = &examples[received.event()];
        let same: Vec<&Value> = all.iter().filter(|example| example["action"] == payload["action"]).collect();
        // An action without an example is held to what all actions of the event share.
        let held_to = if same.is_empty() { all.iter().collect() } else { same };
        let mut found = Vec::new();
        missing(&common(&held_to), &payload, "", &mut found);
        // An app has the permissions that it has; a review is asked of a person or of a team.
        let of_team = payload.get("requested_team").is_some();
        found.retain(|gap| {
            !(NOT_OURS.contains(&gap.as_str())
                || gap.contains(".app.permissions.")
                || of_team && gap == "requested_reviewer")
        });
        gaps.extend(found.into_iter().map(|gap| format!("{name}: {gap}")));
        *seen.entry(name).or_insert(0) += 1;
    }
    gaps.sort();
    gaps.dedup();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
    println!("payloads compared with real ones: {seen:?}");
    assert_eq!(seen.len(), 46, "{seen:?}");
}

async fn make_things_happen(world: &World) {
    let (alice, mallory) = (world.sim.user("alice").await.unwrap(), world.sim.user("mallory").await.unwrap());
    let post = |path: String, body: Value| async move { world.json("POST", &path, "token-alice", Some(body)).await };
    let pr = world.open("mallory", "change").await;
    let pull = format!("/repos/{REPO}/pulls/{}", pr.number);
    let comment = mallory.comment(REPO, pr.number, "hello").await.unwrap();
    let comment = format!("/repos/{REPO}/issues/comments/{comment}");
    mallory.call(Method::PATCH, &comment, Some(json!({ "body": "again" }))).await.unwrap();
    mallory.call(Method::DELETE, &comment, None).await.unwrap();
    alice.label(REPO, pr.number, "a-new-label").await.unwrap();
    alice.unlabel(REPO, pr.number, "a-new-label").await.unwrap();
    mallory.push_to_pr(REPO, pr.number, "More", &file("more.txt", "more\n")).await.unwrap();
    mallory.convert_to_draft(REPO, pr.number).await.unwrap();
    mallory.ready_for_review(REPO, pr.number).await.unwrap();
    post(format!("{pull}/reviews"), json!({ "event": "APPROVE" })).await.to_string();
    mallory.call(Method::PATCH, &pull, Some(json!({ "title": "Another" }))).await.unwrap();
    alice.set_pr_state(REPO, pr.number, "closed").await.unwrap();
    alice.set_pr_state(REPO, pr.number, "open").await.unwrap();
    post(format!("/repos/{REPO}/statuses/{}", pr.head_sha), json!({ "state": "success" })).await;
    alice.merge(REPO, pr.number).await.unwrap();
    let issue = post(format!("/repos/{REPO}/issues"), json!({ "title": "An issue", "labels": ["bug"] })).await;
    let path = format!("/repos/{REPO}/issues/{}", issue["number"]);
    alice.call(Method::PATCH, &path, Some(json!({ "assignees": ["bob"], "body": "text" }))).await.unwrap();
    alice.call(Method::PATCH, &path, Some(json!({ "assignees": [], "state": "closed" }))).await.unwrap();
    post(format!("/repos/{REPO}/milestones"), json!({ "title": "v1" })).await;
    for (number, to) in [(json!(pr.number), json!(1)), (json!(pr.number), Value::Null)] {
        let plan = Some(json!({ "milestone": to }));
        alice.call(Method::PATCH, &format!("/repos/{REPO}/issues/{number}"), plan).await.unwrap();
    }
    alice.call(Method::PATCH, &path, Some(json!({ "milestone": 1, "state": "open" }))).await.unwrap();
    alice.call(Method::PATCH, &path, Some(json!({ "milestone": null }))).await.unwrap();
    placed(world, issue["node_id"].clone()).await;
    reviewed(world).await;
    post(format!("/repos/{REPO}/git/refs"), json!({ "ref": "refs/heads/topic", "sha": pr.base_sha })).await;
    alice.call(Method::DELETE, &format!("/repos/{REPO}/git/refs/heads/topic"), None).await.unwrap();
    world.sim.add_member("my-org", "carol", OrgRole::Member).await.unwrap();
    world.sim.remove_member("my-org", "carol").await.unwrap();
    let token = world.installation_token("helper", "my-org", json!({})).await;
    let path = format!("/repos/{REPO}/check-runs");
    let mut check = json!({ "name": "lint", "head_sha": pr.head_sha });
    world.json("POST", &path, &token, Some(check.clone())).await;
    check["conclusion"] = json!("success");
    world.json("POST", &path, &token, Some(check)).await;
    let run = NewWorkflowRun {
        name: "CI".to_owned(),
        event: "pull_request".to_owned(),
        head_branch: "change".to_owned(),
        head_repo: None,
        head_sha: pr.head_sha.clone(),
        conclusion: Some(Conclusion::Failure),
        actor: "mallory".to_owned(),
    };
    let run = world.sim.start_workflow_run(REPO, &run).await.unwrap();
    post(format!("/repos/{REPO}/actions/runs/{run}/rerun-failed-jobs"), json!({})).await;
    world.sim.move_workflow_run(REPO, run, RunStatus::InProgress, None).await.unwrap();
    let hooks = world.json("GET", "/orgs/my-org/hooks", "token-alice", None).await;
    alice.call(Method::POST, &format!("/orgs/my-org/hooks/{}/pings", hooks[0]["id"]), None).await.unwrap();
}

/// Pins, unpins and transfers an issue.
async fn placed(world: &World, issue: Value) {
    let other = world.json("GET", "/repos/my-org/other", "token-alice", None).await["node_id"].clone();
    let documents = [
        "mutation PinIssue($issue: ID!) { pinIssue(input: {issueId: $issue}) { issue { id } } }",
        "mutation UnpinIssue($issue: ID!) { unpinIssue(input: {issueId: $issue}) { issue { id } } }",
        "mutation TransferIssue($issue: ID!, $repository: ID!) {
          transferIssue(input: {issueId: $issue, repositoryId: $repository}) { issue { id } }
        }",
    ];
    for document in documents {
        let body = json!({ "query": document, "variables": { "issue": issue, "repository": other } });
        let answer = world.json("POST", "/graphql", "token-alice", Some(body)).await;
        assert!(answer.get("errors").is_none(), "{answer}");
    }
}

/// Asks for a review, and gives one with a comment on a line.
async fn reviewed(world: &World) {
    let pr = world.open("alice", "reviewed").await;
    let pull = format!("/repos/{REPO}/pulls/{}", pr.number);
    let requests = format!("{pull}/requested_reviewers");
    for (method, whom) in [
        ("POST", json!({ "reviewers": ["bob"], "team_reviewers": ["sig-a"] })),
        ("DELETE", json!({ "reviewers": [], "team_reviewers": ["sig-a"] })),
        ("POST", json!({ "reviewers": ["bob"] })),
    ] {
        world.json(method, &requests, "token-alice", Some(whom)).await;
    }
    let comments = json!([{ "path": "reviewed.txt", "position": 1, "body": "here" }]);
    let review = json!({ "event": "COMMENT", "body": "text", "comments": comments });
    world.json("POST", &format!("{pull}/reviews"), "token-bob", Some(review)).await;
    let assignees = format!("/repos/{REPO}/issues/{}/assignees", pr.number);
    for method in ["POST", "DELETE"] {
        world.json(method, &assignees, "token-alice", Some(json!({ "assignees": ["bob"] }))).await;
    }
}
