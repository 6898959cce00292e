//! A thousand senders that send nothing, or almost.

use std::process::Command;
use std::time::Instant;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::*;

const IDLE: usize = 1000;
const SLOW: usize = 500;

/// What this process has in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// In a process of its own, since memory and file descriptors are counted.
#[test]
fn a_crowd_of_idle_and_slow_senders_keeps_nobody_waiting() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hook::tests::crowd::child", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&child.stderr));
    println!("{said}");
}

/// Bounded: both ends of each connection are in this process, and together take less than 64 KiB.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run as a child by the test above"]
async fn child() {
    let limits = Limits { head: Duration::from_secs(120), body: Duration::from_secs(120), ..Limits::default() };
    let world = World::with_limits(PLAIN, limits).await;
    world.check("warm", &Post::new("{}", "key"), 200).await;
    let before = resident_bytes();
    let mut crowd = Vec::new();
    for _ in 0..IDLE {
        crowd.push(TcpStream::connect(world.address).await.unwrap());
    }
    let announced = Post::new("{}", "key").with("Content-Length", "26214400");
    for _ in 0..SLOW {
        let mut slow = TcpStream::connect(world.address).await.unwrap();
        slow.write_all(&announced.head()).await.unwrap();
        slow.write_all(b"{").await.unwrap();
        crowd.push(slow);
    }
    let mut slowest = Duration::ZERO;
    for round in 0..100 {
        crowd[IDLE + round % SLOW].write_all(b" ").await.unwrap();
        let sent = Instant::now();
        world.check("a good one", &Post::new(about("org/a"), "key"), 200).await;
        slowest = slowest.max(sent.elapsed());
    }
    let grown = resident_bytes().saturating_sub(before);
    println!("{} connections: {} KiB more in memory, slowest answer {slowest:?}", crowd.len(), grown / 1024);
    assert!(grown < 96 << 20, "{grown} bytes");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    drop(crowd);
    world.end().await;
}

/// Bodies of which most has come and the rest does not, more of them than there is memory for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_stall_give_their_memory_to_those_that_move() {
    let limits = Limits { buffered_bytes: 8 << 20, body: Duration::from_secs(120), ..Limits::default() };
    let world = World::with_limits(PLAIN, limits).await;
    let announced = Post::new("{}", "key").with("Content-Length", "26214400");
    let most = vec![b' '; 200 << 10];
    let mut stalled = Vec::new();
    for _ in 0..60 {
        let mut slow = TcpStream::connect(world.address).await.unwrap();
        slow.write_all(&announced.head()).await.unwrap();
        slow.write_all(&most).await.unwrap();
        stalled.push(slow);
    }
    let begun = Instant::now();
    for _ in 0..20 {
        world.check("a good one", &Post::new(about("org/a"), "key"), 200).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let cut = client::read(&mut stalled[0]).await;
    assert_eq!(cut.status, 408, "{}", cut.text);
    assert!(cut.text.contains("slower"), "{}", cut.text);
    drop(stalled);
    world.end().await;
}
