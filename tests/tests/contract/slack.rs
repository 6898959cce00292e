//! A Slack that others wrote: `emulate`.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The bot's token there.
pub(crate) const TOKEN: &str = "xoxb-writer";
const SEED: &str = "
tokens:
  xoxb-writer: {login: bowsprit, scopes: ['chat:write', 'channels:history', 'channels:read']}
slack:
  strict_scopes: true
  users: [{name: bowsprit}]
  channels: [{name: sig-node}]
";

/// Running; ends when it is dropped.
pub(crate) struct Emulate {
    /// Where its methods are.
    pub(crate) url: String,
    _dir: tempfile::TempDir,
    child: Child,
}

impl Emulate {
    /// None where it is not installed: then that is noted as a skip of `test`.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let (node, script) = (
            counterparts::find(test, "node")?,
            counterparts::find(test, "emulate/node_modules/emulate/dist/index.js")?,
        );
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("seed.yaml"), SEED).unwrap();
        // It takes no port 0.
        let port = counterparts::free_port().unwrap();
        let mut command = Command::new(node);
        command.arg(script).args(["start", "--service", "slack", "--seed", "seed.yaml", "--port", &port.to_string()]);
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let mut emulate = Self { url: format!("http://127.0.0.1:{port}/api"), _dir: dir, child };
        let asked = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(emulate.child.try_wait().unwrap().is_none(), "emulate ended");
            assert!(asked.elapsed() < Duration::from_secs(60), "emulate does not listen");
            std::thread::yield_now();
        }
        Some(emulate)
    }

    /// What was said in the channel, the newest first.
    pub(crate) async fn said_in(&self, channel: &str) -> Vec<String> {
        let channels = self.ask("conversations.list", "").await;
        let named = |known: &&Value| known["name"] == channel;
        let id = channels["channels"].as_array().unwrap().iter().find(named).unwrap()["id"].as_str().unwrap();
        let history = self.ask("conversations.history", &format!("channel={id}")).await;
        let texts = history["messages"].as_array().unwrap().iter();
        texts.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    async fn ask(&self, method: &str, form: &str) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{}/{method}", self.url)).bearer_auth(TOKEN).body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }
}

impl Drop for Emulate {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
