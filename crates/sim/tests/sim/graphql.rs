//! The GraphQL operations that are served: what they do, who may, and how they are refused.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{REPO, Receiver, World};

const WORLD: &str = "
repos:
  my-org/hello: { hooks: [{ url: 'HOOK' }] }
  my-org/other: {}
  my-org/secret: { private: true }
  mallory/hello: {}
apps:
  helper:
    permissions: { issues: write, pull_requests: read }
    installed: { my-org: [] }
  reader:
    permissions: { issues: read }
    installed: { my-org: [] }
";

const PIN: &str = "mutation PinIssue($issue: ID!) { pinIssue(input: {issueId: $issue}) { issue { isPinned } } }";
const UNPIN: &str = "mutation UnpinIssue($issue: ID!) { unpinIssue(input: {issueId: $issue}) { issue { isPinned } } }";
const IS_PINNED: &str = "query IssueIsPinned($issue: ID!) { node(id: $issue) { ... on Issue { isPinned } } }";
const TRANSFER: &str = "mutation TransferIssue($issue: ID!, $repository: ID!) {
  transferIssue(input: {issueId: $issue, repositoryId: $repository}) { issue { number } }
}";
const STATES: &str = "query MergeStates($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { pullRequests(states: OPEN, first: 100) { nodes { number mergeable } } }
}";

async fn start() -> (World, Receiver) {
    let receiver = Receiver::start().await;
    let world = World::with(sim::Options::default(), &WORLD.replace("HOOK", &receiver.url)).await;
    (world, receiver)
}

async fn ask(world: &World, token: &str, document: &str, variables: Value) -> Value {
    world.json("POST", "/graphql", token, Some(json!({ "query": document, "variables": variables }))).await
}

/// The type of the answer's error; `-` for one without, empty for none.
fn refusal(answer: &Value) -> &str {
    let Some(error) = answer["errors"].get(0) else { return "" };
    error["type"].as_str().unwrap_or("-")
}

async fn node(world: &World, path: &str) -> String {
    world.json("GET", path, "token-alice", None).await["node_id"].as_str().unwrap().to_owned()
}

async fn issue(world: &World, title: &str) -> (u64, String) {
    let number = world.sim.user("alice").await.unwrap().open_issue(REPO, title, "").await.unwrap();
    (number, node(world, &format!("/repos/{REPO}/issues/{number}")).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn three_issues_can_be_pinned() {
    let (world, receiver) = start().await;
    let mut issues = Vec::new();
    for title in ["a", "b", "c", "d"] {
        issues.push(issue(&world, title).await);
    }
    let check = async |document: &str, which: usize, want: &str| {
        let answer = ask(&world, "token-alice", document, json!({ "issue": issues[which].1 })).await;
        assert_eq!(refusal(&answer), want, "{which}: {answer}");
        answer
    };
    for which in 0..3 {
        check(PIN, which, "").await;
    }
    let full = check(PIN, 3, "UNPROCESSABLE").await;
    assert_eq!(full["data"], json!({ "pinIssue": null }));
    assert_eq!(full["errors"][0]["message"], "Maximum 3 pinned issues per repository");
    check(PIN, 0, "UNPROCESSABLE").await;
    assert_eq!(check(IS_PINNED, 0, "").await["data"]["node"]["isPinned"], true);
    check(UNPIN, 0, "").await;
    check(UNPIN, 0, "UNPROCESSABLE").await;
    assert_eq!(check(IS_PINNED, 0, "").await["data"]["node"]["isPinned"], false);
    check(PIN, 3, "").await;
    world.sim.quiesce(Duration::from_secs(20)).await.unwrap();
    let told: Vec<String> = receiver.names().into_iter().filter(|name| name.contains("pinned")).collect();
    assert_eq!(told, ["issues.pinned", "issues.pinned", "issues.pinned", "issues.unpinned", "issues.pinned"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transferred_issue_leads_to_its_new_place() {
    let (world, receiver) = start().await;
    let (number, id) = issue(&world, "To be moved").await;
    let alice = world.sim.user("alice").await.unwrap();
    alice.label(REPO, number, "bug").await.unwrap();
    alice.label(REPO, number, "only-here").await.unwrap();
    alice.comment(REPO, number, "goes along").await.unwrap();
    let other = node(&world, "/repos/my-org/other").await;
    let variables = json!({ "issue": id, "repository": other });
    let moved = ask(&world, "token-alice", TRANSFER, variables.clone()).await;
    assert_eq!(moved["data"]["transferIssue"]["issue"]["number"], 1, "{moved}");
    assert_eq!(refusal(&ask(&world, "token-alice", TRANSFER, variables).await), "NOT_FOUND");

    let old = format!("/repos/{REPO}/issues/{number}");
    let answer = world.send("GET", &format!("{old}/comments"), "token-alice", None).await;
    assert_eq!(answer.status(), 301);
    let place = answer.headers()["location"].to_str().unwrap().to_owned();
    let comments = world.json("GET", place.strip_prefix(world.sim.base()).unwrap(), "token-alice", None).await;
    assert_eq!(comments[0]["body"], "goes along");
    assert_eq!(world.status("GET", &old, "token-alice", None).await, 301);
    assert_eq!(world.sim.labels("my-org/other", 1).await.unwrap(), ["bug"]);
    let next = world.json("POST", &format!("/repos/{REPO}/issues"), "token-alice", Some(json!({ "title": "x" }))).await;
    assert_eq!(next["number"], number + 1, "a number is not given out again");

    world.sim.quiesce(Duration::from_secs(20)).await.unwrap();
    let told = receiver.all().into_iter().find(|told| told.name() == "issues.transferred").unwrap().payload();
    assert_eq!(told["changes"]["new_repository"]["full_name"], "my-org/other");
    assert_eq!((&told["issue"]["number"], &told["changes"]["new_issue"]["number"]), (&json!(number), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_stays_with_its_owner() {
    let (world, _) = start().await;
    let (_, id) = issue(&world, "a").await;
    let pr = world.open("alice", "change").await;
    let pull = node(&world, &format!("/repos/{REPO}/issues/{}", pr.number)).await;
    let repo = async |name: &str, token: &str| {
        world.json("GET", &format!("/repos/{name}"), token, None).await["node_id"].clone()
    };
    let elsewhere = repo("mallory/hello", "token-mallory").await;
    let other = repo("my-org/other", "token-alice").await;
    let check = async |issue: &str, repository: &Value, want: &str| {
        let answer = ask(&world, "token-alice", TRANSFER, json!({ "issue": issue, "repository": repository })).await;
        assert_eq!(refusal(&answer), want, "{issue} to {repository}: {answer}");
    };
    // Alice may read mallory's repository and no more.
    check(&id, &elsewhere, "FORBIDDEN").await;
    check(&id, &json!("R_0"), "NOT_FOUND").await;
    check("I_0", &other, "NOT_FOUND").await;
    check(&pull, &other, "NOT_FOUND").await;
    check(&id, &json!(7), "-").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_is_asked_per_operation() {
    let (world, _) = start().await;
    let (_, id) = issue(&world, "a").await;
    let helper = world.installation_token("helper", "my-org", json!({})).await;
    let reader = world.installation_token("reader", "my-org", json!({})).await;
    let elsewhere = world.installation_token("helper", "my-org", json!({ "repositories": ["other"] })).await;
    let secret = json!({ "owner": "my-org", "name": "secret" });
    let hello = json!({ "owner": "my-org", "name": "hello" });
    let of_issue = json!({ "issue": id });
    let cases = [
        (PIN, &of_issue, "token-mallory", "FORBIDDEN"),
        (PIN, &of_issue, reader.as_str(), "FORBIDDEN"),
        (PIN, &of_issue, elsewhere.as_str(), "FORBIDDEN"),
        (PIN, &of_issue, helper.as_str(), ""),
        (IS_PINNED, &of_issue, reader.as_str(), ""),
        (IS_PINNED, &of_issue, "token-mallory", ""),
        (STATES, &hello, "token-mallory", ""),
        (STATES, &hello, helper.as_str(), ""),
        (STATES, &hello, reader.as_str(), "FORBIDDEN"),
        (STATES, &secret, "token-mallory", "NOT_FOUND"),
        (STATES, &secret, "token-alice", ""),
        (STATES, &json!({ "owner": "my-org", "name": "absent" }), "token-alice", "NOT_FOUND"),
        (STATES, &secret, elsewhere.as_str(), "NOT_FOUND"),
    ];
    for (document, variables, token, want) in cases {
        let answer = ask(&world, token, document, variables.clone()).await;
        assert_eq!(refusal(&answer), want, "{document} as {token}: {answer}");
    }
    let body = Some(json!({ "query": STATES, "variables": hello }));
    assert_eq!(world.status("POST", "/graphql", "", body.clone()).await, 401);
    assert_eq!(world.status("POST", "/graphql", "wrong", body.clone()).await, 401);
    assert_eq!(world.status("POST", "/api/graphql", "token-alice", body).await, 200);
    assert_eq!(world.status("GET", "/graphql", "token-alice", None).await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_not_known_is_refused() {
    let (world, _) = start().await;
    let check = async |body: Value, want: &str| {
        let answer = world.json("POST", "/graphql", "token-alice", Some(body.clone())).await;
        assert_eq!(answer["errors"][0]["message"], want, "{body}");
        assert!(answer.get("data").is_none(), "{answer}");
    };
    check(json!({ "query": "query Viewer { viewer { login } }" }), "No operation named \"Viewer\"").await;
    check(json!({ "query": PIN, "operationName": "UnpinIssue" }), "No operation named \"UnpinIssue\"").await;
    check(json!({ "query": "query PinIssue { viewer { login } }" }), "No operation named \"PinIssue\"").await;
    assert_eq!(world.status("POST", "/graphql", "token-alice", Some(json!({}))).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_counted_apart() {
    let (world, _) = start().await;
    world.sim.set_rate_limit(2).await.unwrap();
    let variables = json!({ "owner": "my-org", "name": "hello" });
    for want in ["", "", "RATE_LIMITED"] {
        assert_eq!(refusal(&ask(&world, "token-bob", STATES, variables.clone()).await), want);
    }
    let answer = world.send("GET", &format!("/repos/{REPO}"), "token-bob", None).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-ratelimit-resource"]), (200, &"core".parse().unwrap()));
}
