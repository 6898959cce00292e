//! A sender that can misbehave.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::sign;

/// One request, good unless told otherwise.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Post {
    /// A delivery of `body`, signed with `key`.
    pub(super) fn new(body: impl Into<Vec<u8>>, key: &str) -> Self {
        let body = body.into();
        let headers = vec![
            ("X-GitHub-Event", "issue_comment".to_owned()),
            ("X-GitHub-Delivery", uuid::Uuid::new_v4().to_string()),
            ("X-GitHub-Hook-ID", "1".to_owned()),
            ("X-Hub-Signature-256", sign(key, &body)),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", body.len().to_string()),
        ];
        Self { method: "POST", path: "/hook", headers, body }
    }

    /// The same with this header instead of the one it had, if any.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self
    }

    pub(super) fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub(super) fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    pub(super) fn guid(&self) -> &str {
        let guid = self.headers.iter().find(|(name, _)| *name == "X-GitHub-Delivery");
        guid.map_or("", |(_, guid)| guid)
    }

    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n", self.method, self.path);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        (head + "\r\n").into_bytes()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

/// Sends these bytes and reads the answer to its end.
pub(super) async fn send(to: SocketAddr, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    read(&mut stream).await
}

/// Reads one answer.
pub(super) async fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let whole = async {
        while !is_whole(&bytes) {
            let read = stream.read_buf(&mut bytes).await.expect("an answer, not a reset");
            assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&bytes));
        }
    };
    timeout(Duration::from_secs(60), whole).await.expect("an answer within 60 s");
    let text = String::from_utf8(bytes).unwrap();
    let (head, text) = text.split_once("\r\n\r\n").unwrap();
    let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_ascii_lowercase(), text: text.to_owned() }
}

/// Whether the head is there, and as much after it as it promises.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().unwrap());
    body.len() >= length
}
