//! Lists of many pages.

use github::{Auth, Client, Options};

use crate::far_side::{FarSide, Reply, repo};

fn page(of: &crate::far_side::Seen) -> u32 {
    let query = of.query.as_deref().unwrap_or_default();
    query.split('&').find_map(|pair| pair.strip_prefix("page=")).map_or(1, |page| page.parse().unwrap())
}

#[tokio::test]
async fn pages_are_followed_to_the_last() {
    let github = FarSide::start(|seen, _| {
        let number = page(seen);
        let host = seen.header("host");
        let reply = Reply::new(200, format!(r#"[{{"id":{number}}}]"#));
        if number == 3 {
            return reply;
        }
        let next = format!("http://{host}{}?per_page=100&page={}", seen.path, number + 1);
        reply.with("link", format!(r#"<{next}>; rel="next", <http://{host}/x?page=3>; rel="last""#))
    })
    .await;
    let comments = github.api().list_comments(&repo(), 7).await.unwrap();
    assert_eq!(comments.iter().map(|comment| comment.id).collect::<Vec<_>>(), [1, 2, 3]);
    let queries: Vec<_> = github.seen().into_iter().filter_map(|seen| seen.query).collect();
    assert_eq!(queries, ["per_page=100", "per_page=100&page=2", "per_page=100&page=3"]);
}

#[tokio::test]
async fn a_failing_page_fails_the_whole() {
    let github = FarSide::start(|seen, _| match page(seen) {
        1 => Reply::new(200, "[]").with("link", r#"</repos/o/r/issues/7/comments?page=2>; rel="next""#),
        _ => Reply::new(404, "{}"),
    })
    .await;
    assert!(github.api().list_comments(&repo(), 7).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_enterprise_prefix_is_not_doubled() {
    let github = FarSide::start(|seen, _| match page(seen) {
        1 => {
            let next = format!("http://{}/api/v3/repositories/5/comments?page=2", seen.header("host"));
            Reply::new(200, r#"[{"id":1}]"#).with("link", format!(r#"<{next}>; rel="next""#))
        }
        _ => Reply::new(200, r#"[{"id":2}]"#),
    })
    .await;
    let endpoints = vec![format!("{}/api/v3", github.url)];
    let client = Client::new(Options { endpoints, ..Options::new(Auth::None) }).unwrap();
    assert_eq!(client.for_org("o").list_comments(&repo(), 7).await.unwrap().len(), 2);
    assert_eq!(github.lines(), ["GET /api/v3/repos/o/r/issues/7/comments", "GET /api/v3/repositories/5/comments"]);
}

#[tokio::test]
async fn a_link_to_another_host_is_refused() {
    let elsewhere = FarSide::start(|_, _| Reply::new(200, "[]")).await;
    let next = format!("<{}/user/repos?page=2>; rel=\"next\"", elsewhere.url);
    let github = FarSide::start(move |_, _| Reply::new(200, "[]").with("link", next.clone())).await;
    let error = github.api().list_comments(&repo(), 7).await.unwrap_err();
    assert!(error.message.contains("not a configured endpoint"), "{error}");
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_page_that_names_itself_ends() {
    let github = FarSide::start(|seen, _| {
        let itself = format!("{}?{}", seen.path, seen.query.clone().unwrap_or_default());
        Reply::new(200, "[]").with("link", format!(r#"<{itself}>; rel="next""#))
    })
    .await;
    let error = github.api().list_comments(&repo(), 7).await.unwrap_err();
    assert_eq!(error.message, "the next page is this one");
    assert_eq!(github.lines().len(), 1);
}

#[tokio::test]
async fn a_combined_status_is_put_together_from_its_pages() {
    let github = FarSide::start(|seen, _| match page(seen) {
        1 => Reply::new(200, r#"{"sha":"abc","state":"pending","statuses":[{"context":"a","state":"success"}]}"#)
            .with("link", r#"</repos/o/r/commits/abc/status?per_page=100&page=2>; rel="next""#),
        _ => Reply::new(200, r#"{"sha":"abc","state":"failure","statuses":[{"context":"b","state":"error"}]}"#),
    })
    .await;
    let combined = github.api().combined_status(&repo(), "abc").await.unwrap();
    let contexts: Vec<_> = combined.statuses.iter().map(|status| status.context.as_str()).collect();
    assert_eq!((combined.state, contexts), (github::StatusState::Failure, vec!["a", "b"]));
}
