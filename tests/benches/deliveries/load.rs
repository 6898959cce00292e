//! Those who post.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tests::measure::Sample;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::body::{Bodies, Signed};

type Http = Client<HttpConnector, Full<Bytes>>;

fn client() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

fn request(url: &str, signed: &Signed) -> Request<Full<Bytes>> {
    Request::post(url)
        .header("content-type", "application/json")
        .header("x-github-event", "issue_comment")
        .header("x-github-delivery", Uuid::new_v4().to_string())
        .header("x-hub-signature-256", &signed.signature)
        .body(Full::new(signed.body.clone()))
        .unwrap()
}

async fn post(http: &Http, request: Request<Full<Bytes>>) {
    let answer = http.request(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
}

/// Posts all of them as fast as so many connections can; how many a second were answered.
pub(crate) async fn all(url: &str, bodies: &[Signed], connections: usize) -> f64 {
    // Whatever does not depend on the server is done before.
    let requests: Arc<Vec<_>> =
        Arc::new(bodies.iter().map(|signed| std::sync::Mutex::new(Some(request(url, signed)))).collect());
    let (next, http) = (Arc::new(AtomicUsize::new(0)), client());
    let begun = Instant::now();
    let mut posting = JoinSet::new();
    for _ in 0..connections {
        let (requests, next, http) = (requests.clone(), next.clone(), http.clone());
        posting.spawn(async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let request = request.lock().unwrap().take().unwrap();
                post(&http, request).await;
            }
        });
    }
    posting.join_all().await;
    bodies.len() as f64 / begun.elapsed().as_secs_f64()
}

/// Posts so many a second, each at its moment; from that moment to its answer.
pub(crate) async fn paced(url: &str, bodies: Bodies, per_second: u32, time: Duration) -> Sample {
    let count = (f64::from(per_second) * time.as_secs_f64()) as u32;
    let requests: Vec<_> = bodies.take(count as usize).iter().map(|signed| request(url, signed)).collect();
    let http = client();
    let begun = tokio::time::Instant::now() + Duration::from_millis(20);
    let mut posting = JoinSet::new();
    for (number, request) in (0_u32..).zip(requests) {
        let moment = begun + Duration::from_secs(1) * number / per_second;
        tokio::time::sleep_until(moment).await;
        let http = http.clone();
        posting.spawn(async move {
            post(&http, request).await;
            moment.elapsed()
        });
    }
    posting.join_all().await.into_iter().collect()
}

/// Posts one until somebody keeps it.
pub(crate) async fn first(url: &str) {
    let (http, one) = (client(), &Bodies::new(0).take(1)[0]);
    loop {
        match http.request(request(url, one)).await {
            Ok(answer) if answer.status() == StatusCode::OK => return,
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    }
}
