//! How much, how long, and what happens when we cannot.

use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

/// A body of exactly this length.
fn of_length(bytes: usize) -> String {
    let frame = r#"{"pad":""}"#.len();
    format!(r#"{{"pad":"{}"}}"#, "x".repeat(bytes - frame))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cap_is_met_to_the_byte() {
    let world = World::start(PLAIN).await;
    let cap = Limits::default().body_bytes;
    assert_eq!(cap, 26_214_400);
    world.check("exactly the cap", &Post::new(of_length(cap), "key"), 200).await;
    let over = Post::new(of_length(cap + 1), "key");
    world.check("one byte more, declared", &over, 413).await;
    let announced = client::send(world.address, &over.head()).await;
    assert_eq!(announced.status, 413, "answered before a byte of it was sent");
    let chunked =
        Post { body: Vec::new(), ..over.clone() }.without("Content-Length").with("Transfer-Encoding", "chunked");
    let chunk = format!("{:x}\r\n", over.body.len()).into_bytes();
    let bytes = [chunked.head(), chunk, over.body.clone(), b"\r\n0\r\n\r\n".to_vec()].concat();
    let answer = client::send(world.address, &bytes).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    world.end().await;
}

#[tokio::test]
async fn a_chunked_body_is_taken() {
    let world = World::start(PLAIN).await;
    let post = Post::new("{}", "key").without("Content-Length").with("Transfer-Encoding", "chunked");
    let bytes = [post.head(), b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n".to_vec()].concat();
    assert_eq!(client::send(world.address, &bytes).await.status, 200);
    world.end().await;
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let limits = Limits { body: Duration::from_millis(300), ..Limits::default() };
    let world = World::with_limits(PLAIN, limits).await;
    let post = Post::new("{}", "key");
    let mut slow = TcpStream::connect(world.address).await.unwrap();
    slow.write_all(&post.head()).await.unwrap();
    slow.write_all(b"{").await.unwrap();
    let answer = client::read(&mut slow).await;
    assert_eq!(answer.status, 408, "{}", answer.text);
    assert!(answer.text.starts_with("408 Request Timeout"), "{}", answer.text);
    world.end().await;
}

/// A byte now and then keeps no connection open beyond its time, neither in the head nor in the body.
#[tokio::test]
async fn a_sender_that_drips_is_closed_at_its_deadline() {
    let deadline = Duration::from_millis(400);
    let world = World::with_limits(PLAIN, Limits { head: deadline, body: deadline, ..Limits::default() }).await;
    let post = Post::new("{}", "key").with("Content-Length", "100000");
    for sent in [b"POST /hook HTTP/1.1\r\nX-Slow: ".to_vec(), post.head()] {
        let mut drips = TcpStream::connect(world.address).await.unwrap();
        drips.write_all(&sent).await.unwrap();
        let begun = Instant::now();
        let (mut read, mut write) = drips.split();
        let mut answer = Vec::new();
        let mut pace = tokio::time::interval(deadline / 20);
        let closed = read.read_to_end(&mut answer);
        tokio::pin!(closed);
        loop {
            tokio::select! {
                _ = &mut closed => break,
                _ = pace.tick() => drop(write.write_all(b"x").await),
            }
            assert!(begun.elapsed() < deadline + Duration::from_secs(20), "it drips on");
        }
        assert!(begun.elapsed() >= deadline / 2, "{:?}", begun.elapsed());
    }
    world.end().await;
}

/// A sender that goes away in the middle leaves nothing behind.
#[tokio::test]
async fn a_cut_off_body_is_not_kept() {
    let world = World::start(PLAIN).await;
    let post = Post::new("{}", "key");
    let mut cut = TcpStream::connect(world.address).await.unwrap();
    cut.write_all(&post.head()).await.unwrap();
    cut.write_all(b"{").await.unwrap();
    cut.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = cut.read_to_end(&mut rest).await;
    world.check("another", &Post::new("{}", "key"), 200).await;
    assert!(world.inbox.load(post.guid()).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let limits = Limits { head: Duration::from_millis(300), ..Limits::default() };
    let world = World::with_limits(PLAIN, limits).await;
    for sent in ["", "POST /hook HTTP/1.1\r\nHost:"] {
        let mut idle = TcpStream::connect(world.address).await.unwrap();
        idle.write_all(sent.as_bytes()).await.unwrap();
        let closed = tokio::time::timeout(Duration::from_secs(30), idle.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "still open after {sent:?}");
    }
    world.end().await;
}

/// When the memory for large bodies is taken, another large one gets 503, and a small one its 200.
#[tokio::test]
async fn large_bodies_share_a_budget() {
    let limits = Limits { buffered_bytes: 1 << 20, body: Duration::from_secs(1), ..Limits::default() };
    let world = World::with_limits(PLAIN, limits).await;
    let memory = world.hook.0.budget.large.clone();
    let all = memory.available_permits();
    let taken = memory.clone().acquire_many_owned(u32::try_from(all).unwrap()).await.unwrap();
    let large = Post::new(of_length(1 << 20), "key");
    let small = async {
        for _ in 0..20 {
            world.check("a small one", &Post::new("{}", "key"), 200).await;
        }
    };
    tokio::join!(small, world.check("a large one", &large, 503));
    drop(taken);
    world.check("a large one, later", &large, 200).await;
    assert_eq!(memory.available_permits(), all, "given back");
    world.end().await;
}

#[tokio::test]
async fn what_cannot_be_kept_is_503_until_it_can() {
    let world = World::start(PLAIN).await;
    world.check("before", &Post::new("{}", "key"), 200).await;
    let other = rusqlite::Connection::open(world.file("inbox.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let post = Post::new("{}", "key");
    let refused = world.check("while another process holds the file", &post, 503).await;
    assert!(!refused.text.contains("inbox.db"), "{}", refused.text);
    other.execute_batch("ROLLBACK").unwrap();
    world.check("after", &post, 200).await;
    assert_eq!(world.counted("prow_webhook_response_codes", "503"), 1.0);
    world.end().await;
}

/// The end: what is under way gets 503, what is idle is closed, and nobody new gets in.
#[tokio::test]
async fn shutting_down_is_503() {
    let world = World::start(PLAIN).await;
    let post = Post::new("{}", "key");
    let mut under_way = TcpStream::connect(world.address).await.unwrap();
    under_way.write_all(&post.head()).await.unwrap();
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    // Both connections are served once a later one is answered.
    world.check("served", &Post::new("{}", "key"), 200).await;
    let started = Instant::now();
    world.stop.cancel();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    let answer = client::read(&mut under_way).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(world.inbox.load(post.guid()).await.unwrap().is_none());
    let address = world.address;
    world.end().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(TcpStream::connect(address).await.is_err());
}
