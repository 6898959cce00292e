//! Requests by `wasi:http` that change something: one that the plugin does not wait for, and one that is refused.

use std::sync::{Arc, Mutex};

use host::agent::Grants;
use host::http::Reach;
use serde_json::{Value, json};
use store::{EffectKind, TaskState};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::bench::{Bench, Elsewhere};
use crate::script::{self, Services};

/// A server that never answers a POST, and other requests when there was one. Gives its address and what it was asked.
async fn slow_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = asked.clone();
    let (said, hears) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut wire, _)) = listener.accept().await {
            let (said, mut hears, heard) = (said.clone(), hears.clone(), heard.clone());
            tokio::spawn(async move {
                let mut bytes = vec![0; 4096];
                let length = wire.read(&mut bytes).await.unwrap();
                let line = String::from_utf8_lossy(&bytes[..length]).lines().next().unwrap_or_default().to_owned();
                let is_post = line.starts_with("POST");
                heard.lock().unwrap().push(line);
                if is_post {
                    said.send(true).unwrap();
                    std::future::pending::<()>().await;
                }
                hears.wait_for(|posted| *posted).await.unwrap();
                wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.unwrap();
            });
        }
    });
    (url, asked)
}

/// A comment of these lines.
fn comment(lines: &str) -> Value {
    json!({
        "action": "created",
        "issue": { "id": 1, "number": 1, "state": "open", "user": { "login": "alice", "id": 2, "type": "User" } },
        "comment": { "id": 3, "body": lines, "user": { "login": "bob", "id": 4, "type": "User" } },
        "repository": { "name": "hello", "full_name": "my-org/hello", "owner": { "login": "my-org" } },
    })
}

fn reaching(host: &str) -> Grants {
    let reach = Reach { granted: vec![host.parse().unwrap()], ..Reach::default() };
    Grants { reach: Arc::new(reach), ..Grants::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_not_waited_for_leaves_its_task_unknown_and_a_refused_one_is_no_effect() {
    let script = script::Script::of(script::start("{}", &[], Services::default()).await);
    let mut bench = Bench::start(&script, Elsewhere::default()).await;
    let fetcher = bench.fetcher.clone();
    let (url, asked) = slow_server().await;

    // The answer to the second shows that the first is on its way.
    let body = comment(&format!("/leave POST {url}/left text\n/fetch GET {url}/after"));
    let (_, delivery) = bench.begin(&fetcher, "issue_comment", &body).await;
    let task = bench.run_within(&fetcher, delivery.guid(), reaching(&url)).await;
    assert_eq!(asked.lock().unwrap().len(), 2, "{:?}", asked.lock().unwrap());
    let reason = task.reason.unwrap_or_default();
    assert!(task.state == TaskState::Unknown && reason.contains("`wasi-http.send`"), "{}: {reason}", task.state);

    // Of a name and a scheme that are not granted; and of a granted name that leads to this network.
    let port = url.rsplit(':').next().unwrap();
    let local = format!("http://localhost:{port}");
    for (host, granted) in [("http://nobody.invalid", &*url), (&*local, &*url), (&*local, &*local)] {
        let (_, delivery) =
            bench.begin(&fetcher, "issue_comment", &comment(&format!("/fetch POST {host}/x text"))).await;
        let task = bench.run_within(&fetcher, delivery.guid(), reaching(granted)).await;
        let (reason, trace) = (task.reason.unwrap_or_default(), task.trace.unwrap());
        assert!(task.state == TaskState::Done && reason.starts_with("refused"), "{}: {reason}", task.state);
        assert_eq!(trace["denied"].as_array().map(Vec::len), Some(1), "{trace}");
        let effects: Vec<_> = task.journal.iter().filter(|entry| entry.kind != EffectKind::Read).collect();
        assert!(effects.is_empty(), "{effects:?}");
    }
    assert_eq!(asked.lock().unwrap().len(), 2, "{:?}", asked.lock().unwrap());
}
