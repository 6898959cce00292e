use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use services::{Common, Slack, SlackOptions};
use tokio::process::{Child, Command};

use crate::far_side::{FarSide, Reply};
use crate::world::{dry, kind, secret_file};

/// A client of a scripted Slack, with what keeps both alive.
async fn scripted(common: &Common, status: u16, headers: Vec<(&'static str, String)>, body: &str) -> (FarSide, Slack) {
    let reply: Reply = (status, headers, body.to_owned());
    let far = FarSide::start(move |_, _| reply.clone()).await;
    let dir = tempfile::tempdir().unwrap();
    let options = SlackOptions { endpoint: far.url.clone(), token_file: secret_file(dir.path(), "xoxb-1") };
    (far, Slack::new(options, common).unwrap())
}

#[tokio::test]
async fn a_message_is_sent_as_slack_s_page_says() {
    let (far, slack) = scripted(&Common::default(), 200, vec![], r#"{"ok":true}"#).await;
    slack.for_plugin("slackevents").write_message("sig-node", "*a* & b=c\n>>>é+").await.unwrap();
    let seen = &far.seen()[0];
    assert_eq!(seen.uri, "/chat.postMessage");
    assert_eq!(seen.body, "channel=sig-node&text=%2Aa%2A%20%26%20b%3Dc%0A%3E%3E%3E%C3%A9%2B");
    assert_eq!(seen.header("authorization"), "Bearer xoxb-1");
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded; charset=utf-8");
    assert_eq!(seen.header("user-agent"), format!("bowsprit.slackevents/{}", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back_and_leaves_no_doubt() {
    let after = vec![("retry-after", "30".to_owned())];
    let (_far, slack) = scripted(&Common::default(), 429, after, r#"{"ok":false,"error":"ratelimited"}"#).await;
    let now = Timestamp::now();
    let error = slack.write_message("c", "t").await.unwrap_err();
    let wait = error.retry_at(now).unwrap().duration_since(now).as_secs();
    assert!((29..=35).contains(&wait) && !error.is_in_doubt(), "{wait} {error}");
}

#[tokio::test]
async fn a_failure_of_slack_s_own_is_in_doubt() {
    let (_far, slack) = scripted(&Common::default(), 503, vec![], "<html>").await;
    let error = slack.write_message("c", "t").await.unwrap_err();
    assert!(error.is_in_doubt() && error.retry_at(Timestamp::now()).is_some(), "{error}");
    // One that takes the connection and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hasty = Common { request_timeout: Duration::from_millis(20), ..Common::default() };
    let dir = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let options = SlackOptions { endpoint, token_file: secret_file(dir.path(), "xoxb-1") };
    let error = Slack::new(options, &hasty).unwrap().write_message("c", "t").await.unwrap_err();
    assert!(error.is_in_doubt() && error.retry_at(Timestamp::now()).is_some(), "{error}");
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let (far, slack) = scripted(&dry(), 200, vec![], r#"{"ok":true}"#).await;
    slack.write_message("c", "t").await.unwrap();
    assert_eq!(far.seen().len(), 0);
}

const SEED: &str = "
tokens:
  xoxb-writer: {login: bowsprit, scopes: ['chat:write', 'channels:history', 'channels:read']}
slack:
  strict_scopes: true
  users: [{name: bowsprit}]
  channels: [{name: sig-node}]
";

/// `emulate`, a Slack that others wrote.
struct Emulate {
    url: String,
    _dir: tempfile::TempDir,
    _child: Child,
}

impl Emulate {
    async fn start(test: &str) -> Option<Self> {
        let node = counterparts::find(test, "node")?;
        let script = counterparts::find(test, "emulate/node_modules/emulate/dist/index.js")?;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("seed.yaml"), SEED).unwrap();
        // It takes no port 0; the port is free a moment before it takes it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(node);
        command.arg(script).args(["start", "--service", "slack", "--seed", "seed.yaml", "--port", &port.to_string()]);
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let url = format!("http://127.0.0.1:{port}/api");
        let listens = async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(child.try_wait().unwrap().is_none(), "emulate ended");
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), listens).await.unwrap();
        Some(Self { url, _dir: dir, _child: child })
    }

    async fn ask(&self, method: &str, form: &str) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{}/{method}", self.url)).bearer_auth("xoxb-writer").body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    fn client(&self, token: &str) -> Slack {
        let dir = tempfile::tempdir().unwrap();
        let options = SlackOptions { endpoint: self.url.clone(), token_file: secret_file(dir.path(), token) };
        Slack::new(options, &Common::default()).unwrap()
    }
}

#[tokio::test]
async fn a_message_is_seen_in_its_channel_on_a_slack_of_other_hands() {
    let Some(emulate) = Emulate::start("a_message_is_seen_in_its_channel_on_a_slack_of_other_hands").await else {
        return;
    };
    let slack = emulate.client("xoxb-writer");
    let text = "*Warning:* bob & al <https://x> merged\n>>>é = 100%";
    slack.write_message("sig-node", text).await.unwrap();
    assert_eq!(kind(slack.write_message("no-such-channel", "t").await), "not found");
    assert_eq!(kind(slack.write_message("sig-node", "").await), "invalid");

    let channels = emulate.ask("conversations.list", "").await;
    let named = |channel: &&Value| channel["name"] == "sig-node";
    let id = channels["channels"].as_array().unwrap().iter().find(named).unwrap()["id"].as_str().unwrap();
    slack.write_message(id, "by id").await.unwrap();
    let history = emulate.ask("conversations.history", &format!("channel={id}")).await;
    let texts: Vec<&str> =
        history["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["by id", text]);
}
