//! A stand-in GitHub with real state behind the real wire format: the REST API, git over HTTP and signed webhooks on one
//! loopback port, to develop and to test against. [`client::Sim`] drives it.

pub mod client;
pub mod fault;
pub mod seed;
pub mod world;

use std::net::SocketAddr;
use std::path::PathBuf;

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
