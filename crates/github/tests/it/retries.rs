//! What is made again at once, and what never is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use github::{ApiErrorKind, Client, Options};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::far_side::{FarSide, Reply, repo};

/// A server that reads a request and hangs up, or reads on and never answers.
async fn mute(hangs_up: bool) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut some = [0; 4096];
                if connection.read(&mut some).await.is_ok_and(|bytes| bytes > 0) {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                while !hangs_up && connection.read(&mut some).await.is_ok_and(|bytes| bytes > 0) {}
            });
        }
    });
    (url, requests)
}

/// A port where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn client(endpoints: &[&str], timeout_ms: u64) -> Client {
    let options = Options::new(github::Auth::None);
    Client::new(Options {
        endpoints: endpoints.iter().map(|url| (*url).to_owned()).collect(),
        request_timeout: Duration::from_millis(timeout_ms),
        ..options
    })
    .unwrap()
}

#[tokio::test]
async fn a_read_survives_two_bad_gateways() {
    let github = FarSide::start(|_, before| match before {
        0 => Reply::new(502, ""),
        1 => Reply::new(503, "<html>"),
        _ => Reply::new(200, r#"{"number":7}"#),
    })
    .await;
    assert_eq!(github.api().get_issue(&repo(), 7).await.unwrap().number, 7);
    assert_eq!(github.lines().len(), 3);
}

#[tokio::test]
async fn a_read_gives_up_after_three_and_a_write_after_one() {
    let github = FarSide::start(|_, _| Reply::new(504, "")).await;
    let api = github.api();
    let begun = Instant::now();
    let error = api.get_issue(&repo(), 7).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert!(!error.is_in_doubt());
    assert_eq!(github.lines().len(), 3);

    let error = api.create_comment(&repo(), 7, "hi").await.unwrap_err();
    assert!(error.is_in_doubt(), "the gateway does not know what the server did");
    assert_eq!(error.status, Some(504));
    assert_eq!(github.lines().len(), 4);
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_a_write_in_doubt() {
    let (url, requests) = mute(true).await;
    let api = client(&[&url], 5000).for_org("o");
    let error = api.get_issue(&repo(), 7).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Unavailable { .. }), "{error}");
    assert_eq!((error.status, error.is_in_doubt()), (None, false));
    assert_eq!(requests.load(Ordering::SeqCst), 3);
    let error = api.create_comment(&repo(), 7, "hi").await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
    assert_eq!(requests.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn no_answer_in_time_leaves_a_write_in_doubt() {
    let (url, requests) = mute(false).await;
    let error = client(&[&url], 100).for_org("o").create_comment(&repo(), 7, "hi").await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
    assert_eq!(error.message, "no answer within 0.1 s");
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_write_that_was_not_sent_is_not_in_doubt() {
    let error = client(&[&nobody().await], 5000).for_org("o").create_comment(&repo(), 7, "hi").await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Unavailable { .. }), "{error}");
    assert!(!error.is_in_doubt(), "{error}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn the_next_endpoint_is_asked_where_one_does_not_listen() {
    let github = FarSide::start(|_, _| Reply::new(201, r#"{"id":5}"#)).await;
    let client = client(&[&nobody().await, &github.url], 5000);
    let api = client.for_org("o");
    assert_eq!(api.create_comment(&repo(), 7, "hi").await.unwrap().id, 5);
    assert_eq!(api.create_comment(&repo(), 7, "ho").await.unwrap().id, 5);
    assert_eq!(github.lines().len(), 2);
}

#[tokio::test]
async fn failures_in_a_row_wait_longer() {
    let github =
        FarSide::start(|_, before| if before == 1 { Reply::new(200, "{}") } else { Reply::new(500, "") }).await;
    let api = github.api();
    let wait = async || match api.get_repository(&repo()).await.map_err(|error| error.kind) {
        Err(ApiErrorKind::Unavailable { retry_after }) => Some(retry_after),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait().await, Some(Duration::from_secs(2)));
    // Those that fail together are one failure, and a success forgets it.
    api.get_repository(&repo()).await.unwrap();
    assert_eq!(wait().await, Some(Duration::from_secs(2)));
}

#[tokio::test]
async fn what_was_just_written_is_looked_for_twice_where_asked() {
    let answer = |_: &crate::far_side::Seen, before: usize| match before {
        0 => Reply::new(404, r#"{"message":"Not Found"}"#),
        _ => Reply::new(200, r#"{"number":7}"#),
    };
    let github = FarSide::start(answer).await;
    assert!(github.api().get_issue(&repo(), 7).await.unwrap_err().is_not_found());
    assert_eq!(github.lines().len(), 1);
    let github = FarSide::start(answer).await;
    assert_eq!(github.api().expecting_to_find().get_issue(&repo(), 7).await.unwrap().number, 7);
}
