//! A service that webhooks are forwarded to: it keeps what it gets, and can hang up first.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    /// What was asked for.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// As it came.
    pub body: Vec<u8>,
}

impl Got {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What it says when it is asked for help.
pub const HELP: &str = r#"{"Description":"It is a service of its own."}"#;

/// A server on loopback; ends when it is dropped.
#[derive(Debug)]
pub struct Service {
    /// `127.0.0.1:PORT`.
    pub host: String,
    got: Arc<Mutex<Vec<Got>>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Serves at this address; port 0 is any. The first `hang_ups` requests are read, and get no answer.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub fn start(address: &str, hang_ups: usize, status: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let host = listener.local_addr()?.to_string();
        let (got, ends) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let left = AtomicUsize::new(hang_ups);
        let (kept, over) = (got.clone(), ends.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(request) = read(&stream) else { continue };
                let said = if request.path.ends_with("/help") { HELP } else { "" };
                kept.lock().expect("no one panics with it").push(request);
                if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
                    let length = said.len();
                    let answer = format!(
                        "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
                    );
                    let _ = (&stream).write_all(answer.as_bytes());
                }
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        Ok(Service { host, got, ends, thread: Some(thread) })
    }

    /// All that it got so far.
    #[must_use]
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().expect("no one panics with it").clone()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees that.
        let _ = TcpStream::connect(&self.host);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read(stream: &TcpStream) -> io::Result<Got> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Got { path, headers, body })
}
