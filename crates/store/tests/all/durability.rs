//! What is on disk after the worst: a kill, a full disk, a file that is not ours.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use store::{Accepted, Inbox, ProwJobs, Scope, StoreError};

use crate::inbox::{delivery, dispatch};

const FILE: &str = "BOWSPRIT_TEST_INBOX";

/// The child: accepts one delivery for each line that it reads, and answers with the GUID once it is acknowledged, or with
/// the error. Without lines it goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run as a child by the tests below"]
async fn child() {
    let path = std::env::var_os(FILE).expect("set by the parent");
    let inbox = Inbox::open(Path::new(&path)).await.unwrap();
    println!("open");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        if line == "loop" {
            accept_for_ever(&inbox).await;
        }
        match inbox.accept(delivery(&line)).await {
            Ok(_) => println!("accepted {line}"),
            Err(error) => println!("transient {} {error}", error.is_transient()),
        }
    }
}

async fn accept_for_ever(inbox: &Inbox) {
    let callers = (0..8).map(|caller| {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            for number in 0_u64.. {
                let guid = format!("{caller}-{number}");
                inbox.accept(delivery(&guid)).await.unwrap();
                println!("accepted {guid}");
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

struct Running {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Running {
    /// The shell ignores SIGXFSZ for the child, so that writing past the limit is an error and not the end.
    fn start(path: &Path) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", r#"trap "" XFSZ; exec "$0" --ignored --exact durability::child --nocapture"#])
            .arg(std::env::current_exe().unwrap())
            .env(FILE, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        let mut running = Self { child, to, from };
        while running.line() != "open" {}
        running
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.from.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "the child has ended");
        // The test runner prints the test's name without a line end.
        line.trim_end().trim_start_matches("test durability::child ... ").to_owned()
    }

    fn ask(&mut self, guid: &str) -> String {
        writeln!(self.to, "{guid}").unwrap();
        self.line()
    }

    fn limit_file_size(&self, bytes: Option<u64>) {
        let pid = Pid::from_child(&self.child);
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    }

    /// SIGKILL, then whatever it had printed by then.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let lines = self.from.lines().map_while(Result::ok);
        lines.filter_map(|line| line.strip_prefix("accepted ").map(str::to_owned)).collect()
    }
}

/// "200 means that the delivery is on disk", as far as a process can be killed: each acknowledged GUID is in the file.
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    for round in 1_usize..=3 {
        let mut running = Running::start(&path);
        writeln!(running.to, "loop").unwrap();
        for _ in 0..round * 100 {
            running.line();
        }
        let acknowledged = running.kill();
        let inbox = Inbox::open(&path).await.unwrap();
        for guid in &acknowledged {
            let kept = inbox.load(guid).await.unwrap().expect("acknowledged, so kept");
            assert_eq!(&kept.payload()[..], format!("{{\"guid\":\"{guid}\"}}").as_bytes());
        }
        println!("round {round}: {} more were acknowledged and kept", acknowledged.len());
        drop(inbox);
        std::fs::remove_file(&path).unwrap();
        for side in ["inbox.db-wal", "inbox.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(side));
        }
    }
}

/// A full disk is an error that names itself as passing, and the same process goes on when there is room again.
#[tokio::test]
async fn a_full_disk_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    let mut running = Running::start(&path);
    assert_eq!(running.ask("before"), "accepted before");
    running.limit_file_size(Some(1));
    for _ in 0..3 {
        let refused = running.ask("during");
        assert!(refused.starts_with("transient true cannot write"), "{refused}");
    }
    running.limit_file_size(None);
    assert_eq!(running.ask("after"), "accepted after");
    running.kill();
    let inbox = Inbox::open(&path).await.unwrap();
    let waiting = inbox.undispatched(10).await.unwrap();
    let guids: Vec<_> = waiting.iter().map(store::StoredDelivery::guid).collect();
    assert_eq!(guids, ["before", "after"]);
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    let inbox = Inbox::open(&path).await.unwrap();
    inbox.accept(delivery("a")).await.unwrap();
    let tasks = inbox.dispatch("a", dispatch(&["hold"])).await.unwrap();
    inbox.accept(delivery("b")).await.unwrap();
    drop(inbox);
    let inbox = Inbox::open(&path).await.unwrap();
    assert_eq!(inbox.open_tasks().await.unwrap(), tasks);
    assert_eq!(inbox.undispatched(9).await.unwrap()[0].guid(), "b");
    assert_eq!(inbox.accept(delivery("a")).await.unwrap(), Accepted::Waiting);
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_reader_sees_what_another_process_writes_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("inbox.db");
    let missing = Inbox::open_read_only(&path).await;
    assert!(matches!(missing, Err(StoreError::Open { .. })), "no file is made by looking");
    assert!(!path.exists());
    let writer = Inbox::open(&path).await.unwrap();
    let reader = Inbox::open_read_only(&path).await.unwrap();
    writer.accept(delivery("a")).await.unwrap();
    assert_eq!(reader.load("a").await.unwrap().unwrap().scope(), &Scope::Repo("org/repo".to_owned()));
    let refused = reader.accept(delivery("b")).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
}

/// Each file that cannot be used is named, with what to do about it, and is left as it was.
#[tokio::test]
async fn a_file_that_is_not_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("text.db"), "not a database, but long enough to be taken for one".repeat(40)).unwrap();
    drop(Inbox::open(&at("newer.db")).await.unwrap());
    let newer = rusqlite::Connection::open(at("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    drop(ProwJobs::open(&at("jobs.db")).await.unwrap());
    let foreign = rusqlite::Connection::open(at("foreign.db")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(foreign);
    drop(Inbox::open(&at("torn.db")).await.unwrap());
    let mut torn = std::fs::read(at("torn.db")).unwrap();
    torn[4096..].fill(0xAA);
    std::fs::write(at("torn.db"), &torn).unwrap();
    let cases = [
        ("text.db", "is damaged or not a database"),
        ("torn.db", "is damaged or not a database"),
        ("newer.db", "has schema 99"),
        ("jobs.db", "not a delivery inbox"),
        ("foreign.db", "not a delivery inbox"),
        ("no/such/directory.db", "does its directory exist"),
    ];
    for (name, want) in cases {
        let before = std::fs::read(at(name)).ok();
        let text = match Inbox::open(&at(name)).await {
            Ok(inbox) => inbox.accept(delivery("a")).await.expect_err(name).to_string(),
            Err(error) => error.to_string(),
        };
        assert!(text.contains(want) && text.contains(name), "{name}: {text}");
        assert_eq!(std::fs::read(at(name)).ok(), before, "{name} was changed");
    }
}
