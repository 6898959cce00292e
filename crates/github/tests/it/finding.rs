//! Searches, and looking for what was made a moment ago.

use github::{ApiErrorKind, RepoName, SearchFor};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::far_side::{FarSide, Reply, Seen, repo};

fn parameter(seen: &Seen, name: &str) -> String {
    let query = seen.query.clone().unwrap_or_default();
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default().to_owned();
    percent_decode_str(&value).decode_utf8().unwrap().into_owned()
}

fn found(numbers: &[u64], in_repo: &str) -> String {
    let item = |number: &u64| json!({ "number": number, "repository_url": format!("http://x/repos/{in_repo}") });
    let items: Vec<Value> = numbers.iter().map(item).collect();
    json!({ "total_count": items.len(), "incomplete_results": false, "items": items }).to_string()
}

#[tokio::test]
async fn a_search_is_made_in_the_repository_and_read_to_its_end() {
    let github = FarSide::start(|seen, _| match parameter(seen, "page").as_str() {
        "" => {
            let next = format!("<http://{}/search/issues?q=x&per_page=100&page=2>; rel=\"next\"", seen.header("host"));
            Reply::new(200, found(&[1, 2], "O/R")).with("link", next)
        }
        _ => Reply::new(200, found(&[3], "o/r")),
    })
    .await;
    let issues = github.api().search(&repo(), SearchFor::Issues, "label:bug").await.unwrap();
    assert_eq!(issues.iter().map(|issue| issue.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(parameter(&github.seen()[0], "q"), "label:bug is:issue repo:o/r");
}

#[tokio::test]
async fn what_lies_elsewhere_is_not_shown() {
    let github = FarSide::start(|_, _| Reply::new(200, found(&[1], "o/other"))).await;
    assert!(github.api().search(&repo(), SearchFor::PullRequests, "x OR y").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_query_that_says_where_to_search_is_not_sent() {
    let github = FarSide::start(|_, _| Reply::new(200, found(&[], "o/r"))).await;
    let check = async |query: &str| {
        let error = github.api().search(&repo(), SearchFor::Issues, query).await.unwrap_err();
        assert_eq!((error.kind, error.status), (ApiErrorKind::Unprocessable, None), "{query}");
        assert!(error.message.contains("cannot say where to search"), "{}", error.message);
    };
    for query in ["repo:o/secret", "is:open org:o", "USER:alice", "x -repo:o/r", "(org:o)", "\"a\" repo:\"o/x\""] {
        check(query).await;
    }
    assert!(github.lines().is_empty());
}

#[tokio::test]
async fn an_issue_is_found_by_its_marker() {
    let github = FarSide::start(|seen, _| match seen.path.as_str() {
        "/user" => Reply::new(200, r#"{"login":"ci-bot"}"#),
        _ => Reply::new(
            200,
            json!([
                { "number": 9, "body": "<!-- m1 -->", "pull_request": {} },
                { "number": 8, "body": "<!-- m2 -->" },
                { "number": 7, "body": "text\n<!-- m1 -->" },
            ])
            .to_string(),
        ),
    })
    .await;
    let api = github.api();
    assert_eq!(api.find_issue(&repo(), "<!-- m1 -->").await.unwrap().unwrap().number, 7);
    assert_eq!(api.find_issue(&repo(), "<!-- m3 -->").await.unwrap(), None);
    let asked = github.seen().remove(1);
    let want = [("creator", "ci-bot"), ("state", "all"), ("direction", "desc")];
    assert_eq!(want.map(|(name, _)| parameter(&asked, name)), want.map(|(_, value)| value.to_owned()));
}

#[tokio::test]
async fn a_review_is_found_by_its_marker_if_it_is_ours() {
    let github = FarSide::start(|seen, _| match seen.path.as_str() {
        "/user" => Reply::new(200, r#"{"login":"ci-bot"}"#),
        _ => Reply::new(
            200,
            json!([
                { "id": 1, "user": { "login": "mallory" }, "body": "<!-- m -->" },
                { "id": 2, "user": { "login": "ci-bot" }, "body": "<!-- m -->" },
            ])
            .to_string(),
        ),
    })
    .await;
    let api = github.api();
    assert_eq!(api.find_review(&repo(), 7, "<!-- m -->").await.unwrap().unwrap().id, 2);
    assert_eq!(api.find_review(&repo(), 7, "<!-- n -->").await.unwrap(), None);
}

#[tokio::test]
async fn a_pull_request_is_found_by_its_branches() {
    let pulls = json!([
        { "number": 1, "head": { "ref": "other" }, "base": { "ref": "main" } },
        { "number": 2, "head": { "ref": "topic" }, "base": { "ref": "main" } },
    ])
    .to_string();
    let github = FarSide::start(move |_, _| Reply::new(200, pulls.clone())).await;
    let check = async |head: &str, base: &str, want: Option<u64>| {
        let found = github.api().find_pull_request(&repo(), head, base).await.unwrap();
        assert_eq!(found.map(|pull| pull.number), want, "{head} {base}");
    };
    check("topic", "main", Some(2)).await;
    check("alice:topic", "main", Some(2)).await;
    check("topic", "release", None).await;
    let heads: Vec<String> = github.seen().iter().map(|seen| parameter(seen, "head")).collect();
    assert_eq!(heads, ["o:topic", "alice:topic", "o:topic"]);
}

#[tokio::test]
async fn a_transferred_issue_is_where_the_redirect_leads() {
    let check = async |place: &'static str, number: u64, want: Option<(RepoName, u64)>| {
        let github = FarSide::start(move |seen, _| match seen.path.as_str() {
            "/repos/o/r/issues/7" => Reply::new(301, "{}").with("location", "/repositories/9/issues/3"),
            "/repos/o/r" => Reply::new(200, r#"{"full_name":"o/renamed"}"#),
            _ => {
                let url = format!("http://x/repos/{place}");
                Reply::new(200, json!({ "number": number, "repository_url": url }).to_string())
            }
        })
        .await;
        assert_eq!(github.api().find_transferred(&repo(), 7).await.unwrap(), want, "{place}#{number}");
    };
    check("o/other", 3, Some((RepoName::new("o", "other"), 3))).await;
    check("o/other", 7, Some((RepoName::new("o", "other"), 7))).await;
    check("o/renamed", 7, None).await;
    check("O/R", 7, None).await;
}
