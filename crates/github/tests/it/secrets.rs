//! A token is in the request's header and nowhere else.

use std::io::Write;
use std::sync::{Arc, Mutex};

use github::{Client, Options};

use crate::far_side::{FarSide, Reply, repo};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_error_or_body_shows_the_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // The runtime of this test has one thread, so that the connection's own log lines are caught too.
    let _log = tracing::subscriber::set_default(subscriber);

    let github = FarSide::start(|_, _| Reply::new(422, r#"{"message":"Validation Failed"}"#)).await;
    let client = Client::new(github.options()).unwrap();
    let api = client.for_org("o");
    let error = api.create_comment(&repo(), 1, "my token is ghp_secret, keep it").await.unwrap_err();
    let dry = Client::new(Options { dry_run: true, ..github.options() }).unwrap();
    dry.for_org("o").create_comment(&repo(), 1, "ghp_secret").await.unwrap();

    let seen = github.seen();
    assert_eq!(seen[0].header("authorization"), "Bearer ghp_secret");
    assert_eq!(seen[0].body, r#"{"body":"my token is CENSORED, keep it"}"#);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("GitHub answered") && log.contains("dry run: would comment"), "{log}");
    for shown in [log, format!("{error} {error:?}"), format!("{client:?} {api:?} {:?}", github.options())] {
        assert!(!shown.contains("ghp_secret"), "{shown}");
    }
}
