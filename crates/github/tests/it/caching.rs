//! Conditional requests.

use github::{Client, Options};

use crate::far_side::{FarSide, Reply, Seen, repo};

/// Answers with a version that changes with each third request; 304 to whoever has it.
fn versioned(seen: &Seen, before: usize) -> Reply {
    let version = before / 3;
    let etag = format!("W/\"{version}\"");
    if seen.header("if-none-match") == etag {
        return Reply::new(304, "").with("etag", etag);
    }
    Reply::new(200, format!(r#"[{{"name":"v{version}"}}]"#)).with("etag", etag)
}

async fn names(api: &github::Api) -> Vec<String> {
    api.list_labels(&repo(), 7).await.unwrap().into_iter().map(|label| label.name).collect()
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let github = FarSide::start(versioned).await;
    let api = github.api();
    for want in ["v0", "v0", "v0", "v1", "v1"] {
        assert_eq!(names(&api).await, [want]);
    }
    let conditions: Vec<_> = github.seen().iter().map(|seen| seen.header("if-none-match").to_owned()).collect();
    assert_eq!(conditions, ["", "W/\"0\"", "W/\"0\"", "W/\"0\"", "W/\"1\""]);
}

#[tokio::test]
async fn a_kept_page_still_leads_to_the_next() {
    let github = FarSide::start(|seen, _| {
        let second = seen.query.as_deref().unwrap_or_default().contains("page=2");
        if seen.headers.contains_key("if-none-match") {
            return Reply::new(304, "");
        }
        if second {
            return Reply::new(200, r#"[{"name":"b"}]"#).with("etag", "\"2\"");
        }
        let next = r#"</repos/o/r/issues/7/labels?per_page=100&page=2>; rel="next""#;
        Reply::new(200, r#"[{"name":"a"}]"#).with("etag", "\"1\"").with("link", next)
    })
    .await;
    let api = github.api();
    assert_eq!(names(&api).await, ["a", "b"]);
    assert_eq!(names(&api).await, ["a", "b"]);
    assert_eq!(github.lines().len(), 4);
}

#[tokio::test]
async fn nothing_is_kept_where_there_is_no_room_or_no_etag() {
    let github = FarSide::start(versioned).await;
    let none = Client::new(Options { cache_bytes: 0, ..github.options() }).unwrap().for_org("o");
    names(&none).await;
    names(&none).await;
    assert!(github.seen().iter().all(|seen| seen.header("if-none-match").is_empty()));
    let github = FarSide::start(|_, _| Reply::new(200, "[]")).await;
    let api = github.api();
    names(&api).await;
    names(&api).await;
    assert!(github.seen().iter().all(|seen| seen.header("if-none-match").is_empty()));
}
