//! A plugin's own requests: to hosts that were granted, with secrets that it does not see, and nowhere else.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use sim::client::NewPr;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World};

const SECRET: &str = "s3cret-of-the-operator";

/// What came to a far side: method, path, the key's header and body.
type Seen = Arc<Mutex<Vec<String>>>;

async fn answer(State(seen): State<Seen>, request: Request) -> axum::response::Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let key = head.headers.get("x-api-key").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let line = format!("{} {} key={key} {}", head.method, head.uri.path(), String::from_utf8_lossy(&body));
    seen.lock().unwrap().push(line.clone());
    match head.uri.path() {
        "/elsewhere" => (StatusCode::FOUND, [("location", "http://169.254.169.254/latest")], "").into_response(),
        _ => (StatusCode::OK, line).into_response(),
    }
}

/// A far side on loopback: its port, and what comes to it.
async fn far_side() -> (u16, Seen) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().fallback(answer).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, seen)
}

async fn stage(port: u16, dry_run: bool) -> Stage {
    let programs = Programs::find().unwrap();
    let component = std::fs::read(programs.plugins.join("examples/fetcher.wasm")).unwrap();
    let plugins = format!(
        "
plugins:
  my-org:
    plugins: [fetcher]
modules:
  fetcher:
    component: ./fetcher.wasm
    grants: {{ http: ['http://127.0.0.1:{port}', 'http://localhost:{port}'] }}
    secrets: {{ KEY: {{ file: ./key, header: x-api-key, host: 'http://127.0.0.1:{port}' }} }}
"
    );
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), plugins);
    options.dry_run = dry_run;
    options.beside.push(("fetcher.wasm".to_owned(), component));
    options.beside.push(("key".to_owned(), format!("{SECRET}\n").into_bytes()));
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

/// Has the fetcher ask for something, and looks at what it was told.
async fn check(stage: &mut Stage, number: u64, asked: &str, want: &[&str]) {
    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, number, &format!("/fetch {asked}"), "fetcher").await.unwrap();
    let report = stage.handled(&delivery.guid, "fetcher").await.unwrap();
    let told = report.reason.unwrap_or_default();
    for part in want {
        assert!(told.contains(part), "/fetch {asked}, {part}: {told}");
    }
    assert!(!format!("{told} {:?}", report.trace).contains(SECRET), "/fetch {asked}: {told}");
}

#[tokio::test]
async fn a_plugin_reaches_the_hosts_that_were_granted_and_sees_no_secret() {
    let (port, seen) = far_side().await;
    let mut stage = stage(port, false).await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let here = format!("http://127.0.0.1:{port}");

    let stars = "*".repeat(SECRET.len());
    check(&mut stage, pr, &format!("GET {here}/a"), &["answered 200", &format!("GET /a key={stars}")]).await;
    check(&mut stage, pr, &format!("POST {here}/b some text"), &["answered 200", "some text"]).await;
    // A redirect is an answer; whoever follows it asks anew, and is refused.
    check(&mut stage, pr, &format!("GET {here}/elsewhere"), &["answered 302 http://169.254.169.254/latest"]).await;
    check(&mut stage, pr, "GET http://169.254.169.254/latest", &["refused", "add `http://169.254.169.254:80`"]).await;
    // Granted by its name, which leads to this machine.
    check(&mut stage, pr, &format!("GET http://localhost:{port}/c"), &["refused", "is in this network"]).await;
    check(&mut stage, pr, &format!("GET https://127.0.0.1:{port}/d"), &["refused", "not granted: add `https://"]).await;
    check(&mut stage, pr, "GET http://127.0.0.1:1/e", &["refused", "not granted: add `http://127.0.0.1:1`"]).await;
    let want = [
        format!("GET /a key={SECRET} "),
        format!("POST /b key={SECRET} some text"),
        format!("GET /elsewhere key={SECRET} "),
    ];
    assert_eq!(*seen.lock().unwrap(), want);

    // It tries when it is asked for help, too.
    let url = format!("http://127.0.0.1:{}/plugin-help", stage.world.ports.hook);
    let help = stage.world.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(help.contains("HttpRequestDenied"), "{help}");
    assert_eq!(seen.lock().unwrap().len(), want.len());
}

#[tokio::test]
async fn in_a_dry_run_only_reads_are_sent() {
    let (port, seen) = far_side().await;
    let mut stage = stage(port, true).await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    check(&mut stage, pr, &format!("POST http://127.0.0.1:{port}/a text"), &["answered 204"]).await;
    check(&mut stage, pr, &format!("GET http://127.0.0.1:{port}/b"), &["answered 200"]).await;
    assert_eq!(*seen.lock().unwrap(), [format!("GET /b key={SECRET} ")]);
}
