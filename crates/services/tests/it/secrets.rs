//! A secret is in the request and nowhere else, and the newest one is taken.

use std::io::Write;
use std::sync::{Arc, Mutex};

use services::{AuthMethod, Bugzilla, BugzillaOptions, Common, Jira, JiraAuth, JiraOptions, Slack, SlackOptions};

use crate::far_side::FarSide;
use crate::world::{kind, secret_file};

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
async fn no_log_or_error_shows_the_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // The runtime of this test has one thread, so that the connection's own log lines are caught too.
    let _log = tracing::subscriber::set_default(subscriber);

    // A server that quotes all that it was sent.
    let quoting = FarSide::start(|_, seen| {
        let auth = seen.header("authorization");
        let said = format!("{} {auth}", seen.uri).replace('"', "'");
        let body = format!(r#"{{"ok":false,"error":true,"code":32000,"errorMessages":["{said}"],"message":"{said}"}}"#);
        (400, vec![], body)
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let file = secret_file(dir.path(), "hunter2");
    let common = Common::default();
    let options = SlackOptions { endpoint: quoting.url.clone(), token_file: file.clone() };
    let slack = Slack::new(options, &common).unwrap();
    let auth = JiraAuth::Bearer(file.clone());
    let jira = Jira::new(JiraOptions { endpoint: quoting.url.clone(), auth }, &common).unwrap();
    let mut shown = vec![format!("{slack:?} {jira:?}")];
    shown.push(slack.write_message("c", "t").await.unwrap_err().to_string());
    shown.push(jira.get_issue("A-1").await.unwrap_err().to_string());
    for auth_method in [AuthMethod::Bearer, AuthMethod::Query, AuthMethod::Header, AuthMethod::QueryAndHeader] {
        let bugzilla = Bugzilla::new(
            BugzillaOptions {
                endpoint: quoting.url.clone(),
                api_key_file: Some(file.clone()),
                auth_method,
                github_external_tracker_id: None,
            },
            &common,
        );
        let error = bugzilla.unwrap().get_bug(1).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    assert!(shown.iter().any(|text| text.contains("Bearer CENSORED")), "{shown:?}");
    assert!(shown.iter().any(|text| text.contains("api_key=CENSORED")), "{shown:?}");
    // And one that is not there at all.
    drop(quoting);
    shown.push(jira.get_issue("A-1").await.unwrap_err().to_string());
    shown.push(String::from_utf8(log.0.lock().unwrap().clone()).unwrap());
    for text in shown {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_refused_call_is_made_again_with_a_token_that_was_rotated() {
    let slack = FarSide::start(|_, seen| match seen.header("authorization") {
        "Bearer new" => (200, vec![], r#"{"ok":true}"#.to_owned()),
        _ => (200, vec![], r#"{"ok":false,"error":"token_revoked"}"#.to_owned()),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    std::fs::write(&path, "old").unwrap();
    let options = SlackOptions { endpoint: slack.url.clone(), token_file: path.clone() };
    let client = Slack::new(options, &Common::default()).unwrap();
    assert_eq!(kind(client.write_message("c", "t").await), "denied");
    assert_eq!(slack.seen().len(), 1, "with the same token it would be refused again");
    std::fs::write(dir.path().join("next"), "new").unwrap();
    std::fs::rename(dir.path().join("next"), &path).unwrap();
    client.write_message("c", "t").await.unwrap();
    client.write_message("c", "t").await.unwrap();
    let tokens: Vec<String> = slack.seen().iter().map(|seen| seen.header("authorization").to_owned()).collect();
    assert_eq!(tokens.last().unwrap(), "Bearer new");
    assert!(tokens.len() <= 4, "{tokens:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_secret_goes_nowhere_else() {
    let other = FarSide::start(|_, _| (200, vec![], "{}".to_owned())).await;
    let elsewhere = format!("{}/stolen", other.url);
    let moved = FarSide::start(move |_, _| (302, vec![("location", elsewhere.clone())], String::new())).await;
    let dir = tempfile::tempdir().unwrap();
    let auth = JiraAuth::Bearer(secret_file(dir.path(), "hunter2"));
    let jira = Jira::new(JiraOptions { endpoint: moved.url.clone(), auth }, &Common::default()).unwrap();
    assert_eq!(kind(jira.get_issue("A-1").await), "other");
    assert_eq!(other.seen().len(), 0);
}
