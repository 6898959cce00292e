//! A wire between client and server that can be cut.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Passes bytes on to a port of 127.0.0.1, until it is told to cut every connection. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    cuts: watch::Sender<usize>,
    held: Arc<AtomicBool>,
    accepted: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn start(to: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listening")?;
        let port = listener.local_addr().context("listening")?.port();
        let (cuts, cut) = watch::channel(0);
        let (count, accepted) = watch::channel(0);
        let held = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&held);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.send_modify(|connections| *connections += 1);
                wires.spawn(wire(client, to, cut.clone(), Arc::clone(&closed)));
                while wires.try_join_next().is_some() {}
            }
        });
        Ok(Self { port, cuts, held, accepted, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits until there have been so many connections.
    ///
    /// # Errors
    /// If the machine has no more to give.
    pub async fn accepted(&self, connections: usize) -> anyhow::Result<()> {
        let mut accepted = self.accepted.clone();
        let enough = accepted.wait_for(|so_far| *so_far >= connections).await.map(drop);
        enough.context("nobody listens any more")
    }

    /// Cuts every connection, wherever in a message it is. New ones are let through.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Cuts every connection, and each new one at once, until [`Proxy::release`].
    pub fn hold(&self) {
        self.held.store(true, Ordering::SeqCst);
        self.cut();
    }

    /// Lets connections through again.
    pub fn release(&self) {
        self.held.store(false, Ordering::SeqCst);
    }
}

async fn wire(mut client: TcpStream, to: u16, mut cut: watch::Receiver<usize>, held: Arc<AtomicBool>) {
    cut.mark_unchanged();
    // In this order: whoever holds sets it first, and then cuts.
    if held.load(Ordering::SeqCst) {
        return;
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}
