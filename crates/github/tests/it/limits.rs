//! What GitHub's limits do to a call, and to the calls after it.

use std::time::Duration;

use github::{ApiErrorKind, Client, MergedIn, Options};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::far_side::{FarSide, Reply, repo};

/// The seconds until the call may be made again, for an answer; `None` where waiting does not help.
#[track_caller]
fn check(reply: Reply, limited: Option<bool>, wait: Option<std::ops::Range<i64>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let shown = format!("{reply:?}");
    let (error, again, asked) = runtime.block_on(async {
        let github = FarSide::start(move |_, _| reply.clone()).await;
        let api = github.api();
        let begun = std::time::Instant::now();
        let error = api.get_issue(&repo(), 1).await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(1), "slept {:?} on {shown}", begun.elapsed());
        let again = api.create_comment(&repo(), 1, "hi").await.unwrap_err();
        (error, again, github.lines().len())
    });
    let now = Timestamp::now();
    let secondary = match &error.kind {
        ApiErrorKind::RateLimited { secondary, .. } => Some(*secondary),
        _ => None,
    };
    assert_eq!(secondary, limited, "{shown}: {error}");
    let left = error.retry_at(now).map(|at| at.duration_since(now).as_secs());
    match wait {
        None => assert_eq!(left, None, "{shown}"),
        Some(wait) => assert!(left.is_some_and(|left| wait.contains(&left)), "{shown}: {left:?}"),
    }
    if limited.is_some() {
        assert_eq!(asked, 1, "while a limit holds, nothing is sent: {shown}");
        assert!(!again.is_in_doubt(), "{shown}");
        assert_eq!((again.kind, again.status), (error.kind, None), "{shown}");
    }
}

fn in_seconds(seconds: i64) -> String {
    (Timestamp::now() + SignedDuration::from_secs(seconds)).as_second().to_string()
}

#[test]
fn github_says_when_to_ask_again() {
    let refused = |status: u16, message: &str| Reply::new(status, format!(r#"{{"message":"{message}"}}"#));
    let primary = |status| {
        refused(status, "API rate limit exceeded")
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-reset", in_seconds(1800))
    };
    check(primary(403), Some(false), Some(1795..1802));
    check(primary(429), Some(false), Some(1795..1802));
    check(refused(403, "You have exceeded a secondary rate limit").with("retry-after", "17"), Some(true), Some(14..18));
    check(refused(429, "slow down").with("retry-after", "17"), Some(true), Some(14..18));
    check(refused(403, "You have exceeded a secondary rate limit"), Some(true), Some(57..61));
    check(refused(429, "slow down"), Some(true), Some(57..61));
    check(refused(403, "Resource not accessible by integration"), None, None);
    check(refused(404, "Not Found"), None, None);
    check(refused(422, "Validation Failed"), None, None);
    check(refused(401, "Bad credentials"), None, None);
    check(refused(500, "Server Error"), None, Some(1..5));
    check(refused(503, "later").with("retry-after", "40"), None, Some(37..41));
}

#[tokio::test]
async fn a_forbidden_call_says_what_the_token_lacks() {
    let github = FarSide::start(|_, _| {
        Reply::new(403, r#"{"message":"Resource not accessible by integration"}"#)
            .with("x-accepted-github-permissions", "issues=write; pull_requests=write")
    })
    .await;
    let error = github.api().add_label(&repo(), 1, "bug").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GitHub answered 403 to POST /repos/o/r/issues/1/labels: Resource not accessible by integration \
         (needs issues=write; pull_requests=write)"
    );
}

#[tokio::test]
async fn search_has_a_budget_of_its_own_and_asking_for_limits_is_always_free() {
    let github = FarSide::start(|seen, _| match seen.path.as_str() {
        "/search/issues" => Reply::new(403, r#"{"message":"API rate limit exceeded"}"#)
            .with("x-ratelimit-remaining", "0")
            .with("x-ratelimit-resource", "search")
            .with("x-ratelimit-reset", in_seconds(50)),
        "/rate_limit" => Reply::new(200, r#"{"resources":{"search":{"limit":30,"remaining":0,"reset":5}}}"#),
        "/repos/o/r" => Reply::new(429, "{}"),
        _ => Reply::new(200, "{}"),
    })
    .await;
    let api = github.api();
    api.merged_pull_requests_count(MergedIn::Org("o"), "u").await.unwrap_err();
    api.merged_pull_requests_count(MergedIn::Org("o"), "u").await.unwrap_err();
    api.get_issue(&repo(), 1).await.unwrap();
    api.get_repository(&repo()).await.unwrap_err();
    api.get_issue(&repo(), 1).await.unwrap_err();
    assert_eq!(api.rate_limit().await.unwrap().resources["search"].remaining, 0);
    let asked = ["GET /search/issues", "GET /repos/o/r/issues/1", "GET /repos/o/r", "GET /rate_limit"];
    assert_eq!(github.lines(), asked);
}

#[tokio::test]
async fn the_budget_shows_in_prows_metrics() {
    let github = FarSide::start(|seen, _| {
        let reply = Reply::new(if seen.method == "GET" { 200 } else { 404 }, "{}")
            .with("etag", "\"1\"")
            .with("x-ratelimit-remaining", "4321")
            .with("x-ratelimit-resource", "core")
            .with("x-ratelimit-reset", in_seconds(60));
        if seen.headers.contains_key("if-none-match") {
            Reply { status: 304, body: String::new(), ..reply }
        } else {
            reply
        }
    })
    .await;
    let registry = prometheus::Registry::new();
    let options = Options { registry: Some(registry.clone()), ..github.options() };
    let api = Client::new(options).unwrap().for_org("o");
    api.get_issue(&repo(), 1).await.unwrap();
    api.get_issue(&repo(), 1).await.unwrap();
    api.delete_comment(&repo(), 1).await.unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    // The token's SHA-256 names it without showing it.
    let hash = hex::encode(Sha256::digest("ghp_secret"));
    let version = env!("CARGO_PKG_VERSION");
    let issue = "/repos/{owner}/{repo}/issues/{issue_number}";
    let comment = "/repos/{owner}/{repo}/issues/comments/{comment_id}";
    for line in [
        format!(r#"github_token_usage{{api_version="v3",ratelimit_resource="core",token_hash="{hash}"}} 4321"#),
        format!(
            r#"ghcache_responses{{mode="MISS",path="{issue}",token_hash="{hash}",user_agent="bowsprit/{version}"}} 1"#
        ),
        format!(
            r#"ghcache_responses{{mode="REVALIDATED",path="{issue}",token_hash="{hash}",user_agent="bowsprit/{version}"}} 1"#
        ),
        format!(
            r#"ghcache_responses{{mode="SKIP",path="{comment}",token_hash="{hash}",user_agent="bowsprit/{version}"}} 1"#
        ),
        format!(
            r#"github_request_duration_count{{path="{issue}",status="304",token_hash="{hash}",user_agent="bowsprit/{version}"}} 1"#
        ),
        format!(
            r#"github_request_duration_count{{path="{comment}",status="404",token_hash="{hash}",user_agent="bowsprit/{version}"}} 1"#
        ),
    ] {
        assert!(text.contains(&line), "{line}\nnot in\n{text}");
    }
    let reset = text.lines().find(|line| line.starts_with("github_token_reset{")).unwrap();
    let nanoseconds: f64 = reset.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((50e9..61e9).contains(&nanoseconds), "{reset}");
}

#[tokio::test]
async fn whose_the_token_is_shows_in_prows_metrics() {
    let github = FarSide::start(|_, _| Reply::new(200, r#"{"login":"bot","email":"bot@example.com"}"#)).await;
    let registry = prometheus::Registry::new();
    let options = Options { registry: Some(registry.clone()), ..github.options() };
    assert_eq!(Client::new(options).unwrap().bot().await.unwrap().login, "bot");
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let hash = hex::encode(Sha256::digest("ghp_secret"));
    let line = format!(r#"github_user_info{{email="bot@example.com",login="bot",token_hash="{hash}"}} 1"#);
    assert!(text.contains(&line), "{line}\nnot in\n{text}");
}
