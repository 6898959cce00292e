//! What several hosts on one PostgreSQL may rely on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use database::Server;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use store::{Accepted, Folder, Inbox, NewDelivery, Outcome, Place, StoreError, StoredDelivery, Task};

use crate::inbox::{delivery, dispatch, end};
use crate::journal::{intent, pins};

/// One server for all tests of this process, which ends with it.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

pub(crate) fn at(url: &str) -> store::Server {
    store::Server::parse(url, None).unwrap()
}

/// A comment on this issue.
pub(crate) fn comment(guid: &str, issue: u32) -> NewDelivery {
    let repo = json!({ "name": "repo", "full_name": "org/repo", "owner": { "login": "org" } });
    let body =
        json!({ "action": "created", "issue": { "number": issue }, "comment": { "body": "" }, "repository": repo });
    NewDelivery { payload: Bytes::from(body.to_string()), ..delivery(guid) }
}

pub(crate) async fn waiting(inbox: &Inbox) -> Vec<String> {
    let waiting = inbox.undispatched(100).await.unwrap();
    waiting.iter().map(|delivery: &StoredDelivery| delivery.guid().to_owned()).collect()
}

/// What becomes of a host's claims, turn by turn, until there is something.
async fn taken_over(inbox: &Inbox) -> Vec<Task> {
    loop {
        let tasks = inbox.claim().await.unwrap();
        if !tasks.is_empty() {
            return tasks;
        }
        inbox.arrived().await;
    }
}

/// Whoever takes a delivery: what is about one key waits for the host that has it, and others' keys for others.
#[tokio::test]
async fn a_key_is_one_hosts_at_a_time() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let (one, two) = (Inbox::join(&place).await.unwrap(), Inbox::join(&place).await.unwrap());
    one.accept(comment("a", 7)).await.unwrap();
    two.accept(comment("b", 7)).await.unwrap();
    two.accept(comment("c", 8)).await.unwrap();
    for host in [&one, &two] {
        assert_eq!(host.claim().await.unwrap(), []);
    }
    assert_eq!((waiting(&one).await, waiting(&two).await), (vec!["a".into(), "b".into()], vec!["c".to_owned()]));
    let refused = two.dispatch("a", dispatch(&["hold"])).await;
    assert!(matches!(refused, Err(StoreError::Lost { .. })), "{refused:?}");

    // A key without work is nobody's again.
    for guid in ["a", "b"] {
        one.dispatch(guid, dispatch(&[])).await.unwrap();
    }
    one.claim().await.unwrap();
    two.accept(comment("d", 7)).await.unwrap();
    assert_eq!(waiting(&two).await, ["c", "d"]);

    let Place::Postgres { hosts, .. } = two.place().await.unwrap() else { panic!("it is on PostgreSQL") };
    assert_eq!(hosts.iter().map(|host| (host.keys, host.alive)).collect::<Vec<_>>(), [(0, true), (2, true)]);
}

/// A host that ends says so: no lease has to run out, and the next goes on from the journal.
#[tokio::test]
async fn what_a_host_lets_go_of_is_anothers_at_once() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let (one, two) = (Inbox::join(&place).await.unwrap(), Inbox::join(&place).await.unwrap());
    one.accept(comment("a", 7)).await.unwrap();
    one.accept(comment("b", 7)).await.unwrap();
    let task = one.dispatch("a", dispatch(&["hold"])).await.unwrap().remove(0);
    one.intend(task.id, 0, &pins(), vec![], intent(0)).await.unwrap();
    assert_eq!(two.claim().await.unwrap(), []);
    one.release().await;
    let begun = Instant::now();
    let taken = taken_over(&two).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(taken.iter().map(|task| task.id).collect::<Vec<_>>(), [task.id]);
    assert_eq!(two.journal(task.id, 0).await.unwrap(), [intent(0)]);
    assert_eq!(waiting(&two).await, ["b"]);
    two.resolve(task.id, 0, 0, "1".to_owned()).await.unwrap();
    let late = one.finish(task.id, end(Outcome::Done)).await;
    assert!(matches!(late, Err(StoreError::Lost { .. })), "{late:?}");
}

const URL: &str = "STORE_TEST_URL";

/// The child: a host that has a task, and does with it what it is told, line by line.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run as a child by the test below"]
async fn child() {
    let inbox = Inbox::join(&at(&std::env::var(URL).expect("set by the parent"))).await.unwrap();
    inbox.accept(comment("a", 7)).await.unwrap();
    let task = inbox.dispatch("a", dispatch(&["hold"])).await.unwrap().remove(0).id;
    let run = inbox.fenced();
    run.intend(task, 0, &pins(), vec![], intent(0)).await.unwrap();
    println!("ready");
    for line in std::io::stdin().lines() {
        let done = match line.unwrap().as_str() {
            "send" => run.while_held(async {}).await,
            "intend" => run.intend(task, 0, &pins(), vec![], intent(1)).await,
            "resolve" => run.resolve(task, 0, 0, "1".to_owned()).await,
            "withdraw" => run.withdraw(task, 0, 0).await,
            "look" => run.task(task).await.map(drop),
            "finish" => run.finish(task, end(Outcome::Done)).await,
            // By whatever session the host has by now.
            "finish anew" => inbox.finish(task, end(Outcome::Done)).await,
            other => panic!("{other}"),
        };
        println!(
            "{}",
            match done {
                Ok(()) => "done".to_owned(),
                Err(StoreError::Lost { .. }) => "lost".to_owned(),
                Err(error) => format!("{error:?}"),
            }
        );
    }
}

struct Host {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Host {
    fn start(url: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "hosts::child", "--nocapture"])
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let from = BufReader::new(child.stdout.take().unwrap());
        let mut host = Self { child, to, from };
        // The test runner prints the test's name without a line end.
        while !host.line().ends_with("ready") {}
        host
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.from.read_line(&mut line).unwrap(), 0, "the child has ended");
        line.trim_end().to_owned()
    }

    fn ask(&mut self, what: &str) -> String {
        writeln!(self.to, "{what}").unwrap();
        self.line()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A host that was stopped for longer than its lease writes nothing and sends nothing any more, whoever has its key by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_was_stopped_past_its_lease_is_fenced_off() {
    let Some(server) = server() else { return };
    let url = server.database();
    let other = Inbox::join(&at(&url)).await.unwrap();
    let mut host = Host::start(&url);
    assert_eq!(host.ask("send"), "done");
    assert_eq!(other.claim().await.unwrap(), []);
    host.signal(Signal::STOP);
    let stopped = Instant::now();
    let taken = tokio::time::timeout(Duration::from_secs(20), taken_over(&other)).await.expect("taken over");
    println!("taken over after {:?}", stopped.elapsed());
    assert!(stopped.elapsed() < Duration::from_secs(10), "{:?}", stopped.elapsed());
    host.signal(Signal::CONT);
    for what in ["send", "intend", "resolve", "withdraw", "look", "finish", "finish anew"] {
        assert_eq!(host.ask(what), "lost", "{what}");
    }
    other.finish(taken[0].id, end(Outcome::Done)).await.unwrap();
    assert_eq!(other.journal(taken[0].id, 0).await.unwrap(), [intent(0)], "nothing of it is there");
}

/// Nobody has taken its key meanwhile, and still what it began under its old lease is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_is_over_though_nobody_took_it() {
    let Some(server) = server() else { return };
    let url = server.database();
    let mut host = Host::start(&url);
    host.signal(Signal::STOP);
    let over = "SELECT count(*) FROM sessions WHERE expires_at > clock_timestamp()";
    while server.sql(&url, over) != "0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.signal(Signal::CONT);
    assert_eq!((host.ask("send"), host.ask("resolve")), ("lost".to_owned(), "lost".to_owned()));
}

/// The dead say nothing. Their keys have another owner within ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_hosts_keys_are_taken_over() {
    let Some(server) = server() else { return };
    let url = server.database();
    let other = Inbox::join(&at(&url)).await.unwrap();
    let mut host = Host::start(&url);
    host.child.kill().unwrap();
    let killed = Instant::now();
    let taken = tokio::time::timeout(Duration::from_secs(20), taken_over(&other)).await.expect("taken over");
    println!("taken over after {:?}", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
    assert_eq!(taken.len(), 1);
    other.finish(taken[0].id, end(Outcome::Done)).await.unwrap();
}

/// Hosts that begin together on an empty database make one schema; one that reads needs it to be there.
#[tokio::test]
async fn one_host_makes_the_schema() {
    let Some(server) = server() else { return };
    let url = server.database();
    let place = at(&url);
    let none = Inbox::connect_read_only(&place).await.map(drop);
    assert!(matches!(none, Err(StoreError::NotThere { .. })), "{none:?}");
    let hosts = futures_util::future::join_all((0..4).map(|_| Inbox::join(&place))).await;
    let hosts: Vec<_> = hosts.into_iter().collect::<Result<_, _>>().unwrap();
    hosts[0].accept(comment("a", 1)).await.unwrap();
    let reader = Inbox::connect_read_only(&place).await.unwrap();
    assert_eq!(reader.show("a").await.unwrap().expect("kept").summary.guid, "a");
    let refused = reader.accept(comment("b", 1)).await;
    assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");

    server.sql(&url, "UPDATE bowsprit_inbox SET schema = 99");
    for refused in [Inbox::join(&place).await.map(drop), Inbox::connect_read_only(&place).await.map(drop)] {
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 99, .. })), "{refused:?}");
    }
    let theirs = server.database();
    server.sql(&theirs, "CREATE TABLE tasks (a int)");
    let refused = Inbox::join(&at(&theirs)).await.map(drop);
    assert!(matches!(refused, Err(StoreError::NotOurs { .. })), "{refused:?}");
}

#[tokio::test]
async fn files_are_there_for_every_host_while_one_needs_them() {
    let Some(server) = server() else { return };
    let place = at(&server.database());
    let (one, two) = (Inbox::join(&place).await.unwrap(), Inbox::join(&place).await.unwrap());
    for (name, bytes) in [("d1.wasm", "1"), ("d1.r1.json", "2"), ("d1.r1.json", "3"), ("d2.wasm", "4")] {
        one.keep_file(Folder::Components, name, bytes.into()).await.unwrap();
    }
    let read = async |name: &str| two.kept_file(Folder::Components, name).await.unwrap();
    assert_eq!((read("d1.wasm").await, read("d1.r1.json").await), (Some(b"1".to_vec()), Some(b"3".to_vec())));
    assert_eq!(two.kept_file(Folder::Configs, "d1.wasm").await.unwrap(), None);
    let now = jiff::Timestamp::now();
    two.touch_files(vec!["d1".to_owned()], now).await.unwrap();
    assert_eq!((read("d1.r1.json").await.is_some(), read("d2.wasm").await), (true, None));
}

/// The password's file counts as it is at each connection, and a wrong one is told as what it is.
#[tokio::test]
async fn a_password_is_read_from_its_file() {
    let Some(server) = server() else { return };
    let url = server.database();
    server.sql(&url, "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'right'");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("password");
    let url = url.replace("postgres@", "guarded@");
    for (password, want) in [("wrong", false), ("right\n", true)] {
        std::fs::write(&file, password).unwrap();
        let place = store::Server::parse(&url, Some(&file)).unwrap();
        let joined = Inbox::join(&place).await.map(drop);
        assert_eq!(joined.is_ok(), want, "{joined:?}");
        let text = format!("{joined:?} {place:?} {place}");
        assert!(want || matches!(joined, Err(StoreError::Refused { .. })), "{text}");
        assert!(!text.contains("right") && !text.contains("wrong"), "{text}");
    }
}

/// By TLS, if the server is the one that it says it is, by a certificate that is vouched for.
#[tokio::test]
async fn a_server_is_known_by_its_certificate() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("certificate"), dir.path().join("key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=database"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    server.secure(&url, &std::fs::read(&certificate).unwrap(), &std::fs::read(&key).unwrap());
    let roots = certificate.display();
    let by_name = url.replace("127.0.0.1", "localhost");
    for (url, want) in [
        (format!("{by_name}?sslmode=verify-full&sslrootcert={roots}"), true),
        (format!("{url}?sslmode=verify-full&sslrootcert={roots}"), false),
        (format!("{url}?sslmode=disable"), true),
    ] {
        let joined = Inbox::join(&at(&url)).await.map(drop);
        assert_eq!(joined.is_ok(), want, "{url}: {joined:?}");
    }
    let joined = Inbox::join(&at(&format!("{by_name}?sslmode=verify-full&sslrootcert={roots}"))).await.unwrap();
    joined.accept(comment("a", 1)).await.unwrap();
    let secured = "SELECT bool_or(ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
        WHERE a.application_name = 'bowsprit'";
    assert_eq!(server.sql(&url, secured), "t");
}

/// The server goes away under load and comes back: what cannot be kept is refused in time, what was acknowledged is there, and
/// the same handle goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_is_survived() {
    let Some(mut server) = Server::start() else { return };
    let url = server.database();
    let inbox = Inbox::join(&at(&url)).await.unwrap();
    let acknowledged = std::sync::Arc::new(Mutex::new(Vec::new()));
    let (kept, refused) =
        (std::sync::Arc::new(tokio::sync::Notify::new()), std::sync::Arc::new(tokio::sync::Notify::new()));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (inbox, acknowledged) = (inbox.clone(), acknowledged.clone());
            let (kept, refused) = (kept.clone(), refused.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    let guid = format!("{sender}-{number}");
                    let asked = Instant::now();
                    match inbox.accept(comment(&guid, sender)).await {
                        Ok(Accepted::Stored) => {
                            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(guid);
                            kept.notify_one();
                        }
                        Ok(other) => panic!("{other:?}"),
                        Err(error) => {
                            assert!(error.is_transient(), "{error:?}");
                            assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
                            refused.notify_one();
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            })
        })
        .collect();
    kept.notified().await;
    tokio::task::block_in_place(|| server.stop());
    refused.notified().await;
    tokio::task::block_in_place(|| server.start_again());
    let after = acknowledged.lock().unwrap().len();
    while acknowledged.lock().unwrap().len() < after + 20 {
        kept.notified().await;
    }
    senders.iter().for_each(tokio::task::JoinHandle::abort);
    let guids = acknowledged.lock().unwrap().clone();
    for guid in &guids {
        assert!(inbox.load(guid).await.unwrap().is_some(), "{guid} was acknowledged");
    }
    // The session that was lost with the server is begun anew, and what waits is this host's.
    let first = loop {
        if inbox.claim().await.is_ok()
            && let Ok(waiting) = inbox.undispatched(1).await
            && let Some(first) = waiting.first()
        {
            break first.guid().to_owned();
        }
        inbox.arrived().await;
    };
    inbox.dispatch(&first, dispatch(&["hold"])).await.unwrap();
    println!("{} were acknowledged and kept", guids.len());
}
