//! The GraphQL API: where it is, what its errors mean, and that its limits and a dry run hold.

use std::sync::atomic::{AtomicUsize, Ordering};

use github::{ApiErrorKind, Auth, Client, MergeState, Options, RepoName};
use serde_json::{Value, json};

use crate::far_side::{FarSide, Reply, Seen, repo};

const ISSUE: &str = r#"{"number":7,"node_id":"I_7"}"#;

/// The name of the operation that was asked for; empty for REST.
fn operation(seen: &Seen) -> String {
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    body["operationName"].as_str().unwrap_or_default().to_owned()
}

fn variables(seen: &Seen) -> Value {
    serde_json::from_str::<Value>(&seen.body).unwrap()["variables"].clone()
}

/// A far side with issue 7, that answers GraphQL as `answer` says.
async fn with_issue(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> FarSide {
    FarSide::start(move |seen, _| match seen.path.as_str() {
        "/graphql" | "/api/graphql" => answer(seen),
        _ => Reply::new(200, ISSUE),
    })
    .await
}

fn refused(kind: &str, message: &str) -> Reply {
    let error = json!({ "type": kind, "path": ["pinIssue"], "message": message });
    Reply::new(200, json!({ "data": { "pinIssue": null }, "errors": [error] }).to_string())
}

#[tokio::test]
async fn an_error_beside_the_data_is_an_error() {
    let check = async |answer: Reply, want: ApiErrorKind, in_doubt: bool| {
        let github = with_issue(move |_| answer.clone()).await;
        let error = github.api().pin(&repo(), 7).await.unwrap_err();
        assert_eq!((&error.kind, error.status, error.is_in_doubt()), (&want, Some(200), in_doubt), "{error}");
        assert_eq!(error.path, "/graphql#PinIssue");
    };
    check(refused("NOT_FOUND", "no"), ApiErrorKind::NotFound, false).await;
    check(refused("FORBIDDEN", "no"), ApiErrorKind::Forbidden { needed: None }, false).await;
    check(refused("OTHER", "no"), ApiErrorKind::Other, false).await;
    let passing = Reply::new(200, r#"{"errors":[{"message":"Something went wrong while executing your query."}]}"#);
    let unavailable = ApiErrorKind::Unavailable { retry_after: std::time::Duration::from_secs(2) };
    check(passing, unavailable, true).await;
    let unreadable = Reply::new(200, "{}");
    check(unreadable, ApiErrorKind::Other, true).await;
}

#[tokio::test]
async fn the_endpoint_follows_from_the_rest_base_unless_one_is_given() {
    let check = async |prefix: &str, given: Option<&str>, want: &str| {
        let github =
            FarSide::start(|seen, _| Reply::new(200, if seen.method == "POST" { r#"{"data":{}}"# } else { ISSUE }))
                .await;
        let options = Options {
            endpoints: vec![format!("{}{prefix}", github.url)],
            graphql_endpoint: given.map(|path| format!("{}{path}", github.url)),
            ..Options::new(Auth::None)
        };
        Client::new(options).unwrap().for_org("o").pin(&repo(), 7).await.unwrap();
        assert_eq!(github.seen()[1].path, want, "{prefix} {given:?}");
    };
    check("", None, "/graphql").await;
    check("/api/v3", None, "/api/graphql").await;
    check("", Some("/api/graphql"), "/api/graphql").await;
}

#[tokio::test]
async fn a_limit_closes_graphql_and_leaves_the_rest_open() {
    let reset = (jiff::Timestamp::now().as_second() + 100).to_string();
    let github = with_issue(move |_| {
        refused("RATE_LIMITED", "API rate limit already exceeded")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-resource", "graphql")
            .with("x-ratelimit-reset", reset.clone())
    })
    .await;
    let api = github.api();
    for _ in 0..2 {
        let error = api.pin(&repo(), 7).await.unwrap_err();
        assert!(matches!(error.kind, ApiErrorKind::RateLimited { secondary: false, .. }), "{error}");
    }
    let issue = "GET /repos/o/r/issues/7";
    assert_eq!(github.lines(), [issue, "POST /graphql", issue]);
}

#[tokio::test]
async fn a_query_is_made_again_and_a_mutation_is_not() {
    let flaky = || {
        let times = AtomicUsize::new(0);
        with_issue(move |seen| match times.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::new(502, "bad gateway"),
            _ if operation(seen) == "MergeStates" => Reply::new(200, page(&[], None)),
            _ => Reply::new(200, r#"{"data":{"pinIssue":{"issue":{"isPinned":true}}}}"#),
        })
    };
    assert_eq!(flaky().await.api().list_merge_states(&repo()).await.unwrap(), []);
    let error = flaky().await.api().pin(&repo(), 7).await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
}

#[tokio::test]
async fn a_dry_run_asks_and_changes_nothing() {
    let github = with_issue(|seen| {
        assert_eq!(operation(seen), "MergeStates");
        Reply::new(200, page(&[], None))
    })
    .await;
    let client = Client::new(Options { dry_run: true, ..github.options() }).unwrap();
    let api = client.for_org("o");
    api.pin(&repo(), 7).await.unwrap();
    api.unpin(&repo(), 7).await.unwrap();
    assert_eq!(api.transfer(&repo(), 7, &RepoName::new("o", "other")).await.unwrap(), 0);
    assert_eq!(api.list_merge_states(&repo()).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_so_already_counts_as_done() {
    let check = async |pinned: bool, pin: bool, want_ok: bool| {
        let github = with_issue(move |seen| match operation(seen).as_str() {
            "IssueIsPinned" => {
                let node = json!({ "__typename": "Issue", "isPinned": pinned });
                Reply::new(200, json!({ "data": { "node": node } }).to_string())
            }
            _ => refused("UNPROCESSABLE", "no"),
        })
        .await;
        let api = github.api();
        let result = if pin { api.pin(&repo(), 7).await } else { api.unpin(&repo(), 7).await };
        assert_eq!(result.is_ok(), want_ok, "pinned: {pinned}, asked to pin: {pin}");
        assert!(result.err().is_none_or(|error| error.kind == ApiErrorKind::Unprocessable));
        assert_eq!(variables(&github.seen()[1]), json!({ "issue": "I_7" }));
    };
    check(true, true, true).await;
    check(false, true, false).await;
    check(false, false, true).await;
    check(true, false, false).await;
}

fn page(nodes: &[Value], next: Option<&str>) -> String {
    let info = json!({ "hasNextPage": next.is_some(), "endCursor": next });
    json!({ "data": { "repository": { "pullRequests": { "pageInfo": info, "nodes": nodes } } } }).to_string()
}

#[tokio::test]
async fn merge_states_are_read_to_the_last_page() {
    let node = |number: u64, mergeable: &str, author: Value, labels: Value| json!({ "number": number, "mergeable": mergeable, "headRefOid": "abc", "author": author, "labels": labels });
    let nodes = [
        node(
            1,
            "MERGEABLE",
            json!({ "__typename": "User", "login": "alice" }),
            json!({ "nodes": [{ "name": "lgtm" }] }),
        ),
        node(2, "CONFLICTING", json!({ "__typename": "Bot", "login": "dependabot" }), Value::Null),
        node(3, "UNKNOWN", Value::Null, json!({ "nodes": [] })),
    ];
    let github = with_issue(move |seen| match variables(seen)["after"].as_str() {
        None => Reply::new(200, page(&nodes[..2], Some("c2"))),
        Some("c2") => Reply::new(200, page(&nodes[2..], None)),
        Some(other) => panic!("{other}"),
    })
    .await;
    let want = |number: u64, mergeable: Option<bool>, author: &str, labels: &[&str]| MergeState {
        number,
        mergeable,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        author: author.into(),
        head: "abc".into(),
    };
    assert_eq!(
        github.api().list_merge_states(&repo()).await.unwrap(),
        [want(1, Some(true), "alice", &["lgtm"]), want(2, Some(false), "dependabot[bot]", &[]), want(3, None, "", &[]),]
    );
    assert_eq!(github.lines().len(), 2);
}

#[tokio::test]
async fn a_cursor_that_stands_still_ends() {
    let github = with_issue(|_| Reply::new(200, page(&[], Some("same")))).await;
    let error = github.api().list_merge_states(&repo()).await.unwrap_err();
    assert_eq!(error.message, "the next page is this one");
    assert_eq!(github.lines().len(), 2);
}

#[tokio::test]
async fn metrics_name_the_operation_and_the_api() {
    let github = with_issue(|_| {
        Reply::new(200, page(&[], None)).with("x-ratelimit-remaining", "4999").with("x-ratelimit-resource", "graphql")
    })
    .await;
    let registry = prometheus::Registry::new();
    let client = Client::new(Options { registry: Some(registry.clone()), ..github.options() }).unwrap();
    client.for_org("o").list_merge_states(&repo()).await.unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let has = |parts: &[&str]| text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(has(&["github_request_duration_count", "path=\"/graphql#MergeStates\""]), "{text}");
    assert!(has(&["github_token_usage", "api_version=\"v4\"", "ratelimit_resource=\"graphql\"", "4999"]), "{text}");
}
