//! A stand-in GitHub with real state behind the real wire format: the REST API, git over HTTP and signed webhooks on one
//! loopback port, to develop and to test against. [`serve`] runs it, [`client::Sim`] drives it.

// Pull requests are shown by one large `json!`.
#![recursion_limit = "256"]

mod admin;
mod answer;
mod api;
mod auth;
mod budget;
mod bugzilla;
mod call;
pub mod cli;
pub mod client;
mod deliveries;
mod event;
mod facts;
pub mod fault;
pub mod fence;
mod git;
mod git_http;
mod graphql;
mod happened;
mod history;
mod hook_owner;
mod hub;
mod jira;
mod moved;
mod page;
mod page_for_people;
mod permissions;
mod persist;
mod postman;
mod request_log;
mod rest;
mod roles;
mod routes;
pub mod seed;
mod seed_services;
mod seeding;
mod server;
mod shapes;
mod stranger;
pub mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::hub::Hub;
use crate::seed::{Seed, Seeded};

/// GitHub's limit for a personal token, in requests an hour.
const RATE_LIMIT: u64 = 5000;

/// The endpoints of the REST API that are served: method and path, spelled as GitHub's description spells them.
pub fn endpoints() -> impl Iterator<Item = (&'static str, &'static str)> {
    routes::ROUTES.iter().map(|route| (route.method, route.path))
}

/// How a stand-in is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one. It trusts whoever reaches it: loopback only.
    pub addr: SocketAddr,
    /// Where its state is kept from one run to the next; none keeps it for this run alone.
    pub state_dir: Option<PathBuf>,
    /// How the world calls it, in links and clone URLs; what it listens on if left out.
    pub external_url: Option<String>,
    /// Requests an hour for a token; GitHub's 5000 if left out.
    pub rate_limit: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { addr: ([127, 0, 0, 1], 0).into(), state_dir: None, external_url: None, rate_limit: None }
    }
}

/// A stand-in that is being served. Dropping it stops it without waiting; [`Running::shutdown`] waits.
#[derive(Debug)]
pub struct Running {
    /// What it listens on.
    pub addr: SocketAddr,
    /// What links begin with, without a slash at the end.
    pub url: String,
    hub: Arc<Hub>,
    stop: CancellationToken,
    saved: CancellationToken,
    serving: Option<JoinHandle<()>>,
    saving: Option<JoinHandle<()>>,
    /// State without a directory of its own lives here, and goes with it.
    _temporary: Option<tempfile::TempDir>,
}

/// Opens the state and serves it until [`Running::shutdown`].
///
/// # Errors
/// The state directory cannot be used, or the address cannot be listened on.
pub async fn serve(options: Options) -> anyhow::Result<Running> {
    let (dir, temporary) = match options.state_dir {
        Some(dir) => (std::path::absolute(dir)?, None),
        None => {
            let dir = tempfile::tempdir().context("cannot make a temporary directory")?;
            (dir.path().to_owned(), Some(dir))
        }
    };
    let (stop, saved) = (CancellationToken::new(), CancellationToken::new());
    let hub = Hub::open(&dir, options.rate_limit.unwrap_or(RATE_LIMIT), stop.clone())?;
    let listener = tokio::net::TcpListener::bind(options.addr).await;
    let listener = listener.with_context(|| format!("cannot listen on {} (is another one running?)", options.addr))?;
    let addr = listener.local_addr()?;
    hub.set_base(&options.external_url.unwrap_or_else(|| format!("http://{addr}")));
    postman::resume(&hub, &hub.deliveries);
    Ok(Running {
        addr,
        url: hub.base().to_owned(),
        serving: Some(tokio::spawn(server::accept(hub.clone(), listener, stop.clone()))),
        saving: Some(tokio::spawn(persist::keep_saved(hub.clone(), saved.clone()))),
        hub,
        stop,
        saved,
        _temporary: temporary,
    })
}

impl Running {
    /// A client for it.
    #[must_use]
    pub fn client(&self) -> client::Sim {
        client::Sim::new(&format!("http://{}", self.addr))
    }

    /// Adds what the document names.
    ///
    /// # Errors
    /// A document that contradicts itself.
    pub async fn seed(&self, seed: Seed) -> anyhow::Result<Seeded> {
        let hub = self.hub.clone();
        let seeded = tokio::task::spawn_blocking(move || seeding::apply(&hub, &seed)).await?;
        seeded.map_err(anyhow::Error::msg)
    }

    /// Finishes what was begun, writes the last snapshot, and comes back. Webhooks that wait are sent at the next start.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(serving) = self.serving.take() {
            let _ = serving.await;
        }
        self.saved.cancel();
        if let Some(saving) = self.saving.take() {
            let _ = saving.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.saved.cancel();
    }
}
