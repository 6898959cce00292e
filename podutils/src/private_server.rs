//! A web server for tests that shows repositories to those who show it a password, and remembers who did.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Each path that was asked for, and whether a password was shown.
type Asked = Arc<Mutex<Vec<(String, bool)>>>;

/// Serves the files of repositories, which is git's oldest protocol (they need `git update-server-info`), while it lives.
pub(crate) struct PrivateServer {
    /// What addresses begin with, without a slash at the end.
    pub(crate) address: String,
    asked: Asked,
    at: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl PrivateServer {
    /// Serves these work trees under these names.
    pub(crate) fn start(repositories: &[(&str, &Path)]) -> Self {
        Self::start_at("127.0.0.1:0", repositories)
    }

    /// The same at a known address.
    pub(crate) fn start_at(at: &str, repositories: &[(&str, &Path)]) -> Self {
        let repositories: Vec<(String, PathBuf)> =
            repositories.iter().map(|(name, folder)| (format!("/{name}/"), folder.join(".git"))).collect();
        let listener = TcpListener::bind(at).unwrap();
        let at = listener.local_addr().unwrap();
        let (asked, stop) = (Asked::default(), Arc::new(AtomicBool::new(false)));
        let thread = std::thread::spawn({
            let (asked, stop) = (Arc::clone(&asked), Arc::clone(&stop));
            move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    // A client that has gone away is no matter here.
                    let _ = answer(stream, &repositories, &asked);
                }
            }
        });
        Self { address: format!("http://{at}"), asked, at, stop, thread: Some(thread) }
    }

    /// The requests for paths that begin like this.
    pub(crate) fn asked(&self, path: &str) -> Vec<(String, bool)> {
        self.asked.lock().unwrap().iter().filter(|(asked, _)| asked.starts_with(path)).cloned().collect()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // It looks up with the next connection.
        drop(TcpStream::connect(self.at));
        self.thread.take().map(JoinHandle::join);
    }
}

fn answer(stream: TcpStream, repositories: &[(String, PathBuf)], asked: &Asked) -> std::io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let path = request.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let mut shown = false;
    for line in lines {
        let line = line?;
        shown |= line.to_ascii_lowercase().starts_with("authorization:");
        if line.is_empty() {
            break;
        }
    }
    asked.lock().unwrap().push((path.clone(), shown));
    let file = repositories.iter().find_map(|(name, folder)| Some(folder.join(path.strip_prefix(name)?)));
    let (status, body) = match file.map(fs::read) {
        _ if !shown => ("401 Unauthorized", Vec::new()),
        Some(Ok(body)) => ("200 OK", body),
        Some(Err(_)) | None => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    write!(
        &stream,
        "HTTP/1.1 {status}\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    (&stream).write_all(&body)
}
