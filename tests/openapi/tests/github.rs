//! GitHub's own description: good exchanges pass, planted errors are found.
#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

use std::collections::HashSet;
use std::time::{Duration, Instant};

use http::HeaderMap;
use openapi::{Description, Operation};
use serde_json::{Value, json};

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", "test".parse().unwrap());
    headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    headers
}

fn ask(github: &Description, request: &str, body: &str) -> Result<Operation, String> {
    let (method, target) = request.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    github
        .check_request(method, path, query, &headers(), body.as_bytes())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn good_requests_are_recognised() {
    let Some(github) = Description::for_tests() else { return };
    #[track_caller]
    fn check(github: &Description, request: &str, body: &str, id: &str) {
        assert_eq!(ask(github, request, body).map(|operation| operation.id).as_deref(), Ok(id), "{request}");
    }
    let check = |request: &str, body: &str, id: &str| check(&github, request, body, id);
    check("GET /user", "", "users/get-authenticated");
    check("GET /repos/o/r/issues/7/comments?per_page=100&page=2", "", "issues/list-comments");
    check("GET /repos/o/r/issues/comments/7", "", "issues/get-comment");
    check("POST /repos/o/r/issues/7/comments", r#"{"body":"hi"}"#, "issues/create-comment");
    check("POST /repos/o/r/issues/7/labels", r#"{"labels":["kind/bug"]}"#, "issues/add-labels");
    check("DELETE /repos/o/r/issues/7/labels/kind%2Fbug", "", "issues/remove-label");
    check("GET /repos/o/r/git/ref/heads/feature/x", "", "git/get-ref");
    check("GET /repos/o/r/commits/feature%2Fx/status", "", "repos/get-combined-status-for-ref");
    check("GET /repos/o/r/contents/a/b/OWNERS?ref=main", "", "repos/get-content");
    check("GET /search/issues?q=is%3Apr+org%3Ao&per_page=1", "", "search/issues-and-pull-requests");
    check("POST /repos/o/r/statuses/abc", r#"{"state":"success","context":"unit"}"#, "repos/create-commit-status");
    let narrowed = r#"{"permissions":{"issues":"write","metadata":"read"},"repositories":["r"]}"#;
    check("POST /app/installations/5/access_tokens", narrowed, "apps/create-installation-access-token");
}

#[test]
fn planted_errors_in_requests_are_found() {
    let Some(github) = Description::for_tests() else { return };
    let check = |request: &str, body: &str, want: &str| {
        let got = ask(&github, request, body).map(|operation| operation.id);
        assert!(got.as_ref().is_err_and(|problems| problems.contains(want)), "{request} {body}: {got:?}");
    };
    check("GET /repos/o/r/isues/7", "", "path: the description has no");
    check("PUT /repos/o/r/issues/7", "", "method: `/repos/{owner}/{repo}/issues/{issue_number}` has no PUT");
    check("GET /repos/o/r/issues/seven", "", "path {issue_number}");
    check("GET /repos/o/r/issues/7/comments?perpage=100", "", "query perpage: no such key");
    check("GET /repos/o/r/issues/7/comments?per_page=many", "", "query per_page:");
    check("GET /repos/o/r/issues/7/comments?page=1&page=2", "", "query page: given twice");
    check("GET /search/issues?per_page=1", "", "query q: required, and missing");
    check("GET /repos/o/r/pulls?state=shut", "", "query state:");
    check("POST /repos/o/r/issues/7/comments", r#"{"body":"hi","bdy":1}"#, "body /bdy: no such key");
    check("POST /repos/o/r/issues/7/comments", r#"{"body":1}"#, "body /body:");
    check("POST /repos/o/r/issues/7/comments", "{}", "body:");
    check("POST /repos/o/r/issues/7/comments", "", "body: required, and missing");
    check("POST /repos/o/r/issues/7/comments", "{", "body: not JSON");
    check("POST /repos/o/r/issues/7/labels", r#"{"labels":[{"name":"x","colour":"y"}]}"#, "body /labels/0/colour");
    check("POST /repos/o/r/statuses/abc", r#"{"state":"fine"}"#, "body /state:");
    check("GET /user", "{}", "body: GET /user takes none");
    let too_much = r#"{"permissions":{"issuse":"write"}}"#;
    check("POST /app/installations/5/access_tokens", too_much, "body /permissions/issuse: no such key");

    let bare = github.check_request("GET", "/user", None, &HeaderMap::new(), b"");
    assert!(bare.is_err_and(|problems| problems[0].place == "header user-agent"));
    let mut form = headers();
    form.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    let form = github.check_request("POST", "/repos/o/r/issues/7/comments", None, &form, b"body=hi");
    assert!(form.is_err_and(|problems| problems[0].place == "header content-type"));
}

#[test]
fn answers_are_held_to_their_schema() {
    let Some(github) = Description::for_tests() else { return };
    let check = |request: &str, status: u16, body: &str, want: Option<&str>| {
        let operation = ask(&github, request, "").unwrap();
        let got = github.check_response(&operation, status, &headers(), body.as_bytes());
        let got: Vec<String> = got.iter().map(ToString::to_string).collect();
        match want {
            None => assert!(got.is_empty(), "{request} {status} {body}: {got:?}"),
            Some(want) => assert!(got.iter().any(|p| p.contains(want)), "{request} {status} {body}: {got:?}"),
        }
    };
    let label = json!({
        "id": 1, "node_id": "n", "url": "https://x", "name": "bug", "description": null, "color": "f29513",
        "default": true, "beyond": 1,
    });
    let labels = "GET /repos/o/r/issues/7/labels";
    check(labels, 200, &json!([label]).to_string(), None);
    check(labels, 200, "[]", None);
    check(labels, 200, "{}", Some("body:"));
    check(labels, 200, r#"[{"name":"bug"}]"#, Some("body /0:"));
    let mut mistyped = label.clone();
    mistyped["color"] = json!(5);
    check(labels, 200, &json!([label, mistyped]).to_string(), Some("body /1/color:"));
    check(labels, 200, "", Some("body: not JSON"));
    check(
        labels,
        202,
        "[]",
        Some("status: GET /repos/{owner}/{repo}/issues/{issue_number}/labels does not answer 202"),
    );
    check(labels, 404, r#"{"message":"Not Found","documentation_url":"https://x","status":"404"}"#, None);
    check(labels, 404, r#"{"message":5}"#, Some("body /message:"));
    check(labels, 429, r#"{"message":"slow down"}"#, None);
    check(labels, 429, r"{}", Some("body:"));
    check(labels, 304, "", None);
    check(labels, 304, "[]", Some("body: a 304 has none here"));
    check("GET /orgs/o/members/u", 204, "", None);
    check("GET /orgs/o/members/u", 204, "{}", Some("body: a 204 has none here"));
    check("GET /orgs/o/members/u", 302, "", None);
}

/// The value of an example, which may be a reference to another example.
fn value_of<'a>(document: &'a Value, example: &'a Value) -> &'a Value {
    match example["$ref"].as_str() {
        Some(reference) => value_of(document, document.pointer(reference.trim_start_matches('#')).unwrap()),
        None if example["value"]["$ref"].is_string() => value_of(document, &example["value"]),
        None => &example["value"],
    }
}

/// The description carries an answer for most operations. That they pass is no proof (nor do all), but a converter that
/// misreads the dialect would fail them in masses.
#[test]
fn the_descriptions_own_examples_pass() {
    let Some(github) = Description::for_tests() else { return };
    let path = counterparts::data(&counterparts::this_test(), "github-openapi/api.github.com.json.gz").unwrap();
    let file = std::fs::File::open(path).unwrap();
    let document: Value = serde_json::from_reader(flate2::read::GzDecoder::new(file)).unwrap();
    let wanted: HashSet<&str> = [
        "users/get-authenticated",
        "apps/get-authenticated",
        "apps/list-installations",
        "apps/create-installation-access-token",
        "repos/get",
        "repos/list-for-org",
        "pulls/get",
        "pulls/list-files",
        "issues/get",
        "issues/list-labels-on-issue",
        "issues/list-comments",
        "issues/create-comment",
        "git/get-ref",
        "repos/get-combined-status-for-ref",
        "repos/create-commit-status",
        "search/issues-and-pull-requests",
        "rate-limit/get",
    ]
    .into();
    // Written by people: each lacks a key that its own schema requires, or has an example of an example.
    let known_bad = [
        "GET /app/installations 200 default",
        "GET /repos/{owner}/{repo} 200 default-response",
        "GET /repos/{owner}/{repo}/pulls/{pull_number} 200 default",
        "GET /search/issues 200 lexical-fallback",
    ];
    let mut checked = 0;
    let mut bad = Vec::new();
    for operation in github.operations().filter(|operation| wanted.contains(operation.id.as_str())) {
        let responses = &document["paths"][&operation.template][operation.method.to_lowercase()]["responses"];
        for (status, response) in responses.as_object().unwrap() {
            let Some(examples) = response["content"]["application/json"]["examples"].as_object() else { continue };
            for (name, example) in examples {
                let body = value_of(&document, example).to_string();
                let problems = github.check_response(&operation, status.parse().unwrap(), &headers(), body.as_bytes());
                checked += 1;
                if !problems.is_empty() {
                    println!("{operation} {status} {name}: {problems:#?}");
                    bad.push(format!("{operation} {status} {name}"));
                }
            }
        }
    }
    println!("{checked} examples of {} operations", wanted.len());
    assert!(checked >= wanted.len());
    assert_eq!(bad, known_bad);
}

#[test]
fn loading_is_quick_and_done_once() {
    let begun = Instant::now();
    let Some(first) = Description::for_tests() else { return };
    println!("loaded in {:?}", begun.elapsed());
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(std::sync::Arc::ptr_eq(&first, &Description::for_tests().unwrap()));
    }
    assert!(begun.elapsed() < Duration::from_secs(1));
}
