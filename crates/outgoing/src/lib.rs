//! What the clients of other servers share: how they connect, by TLS or without, and how their failures read. hyper and
//! rustls (ring); where there is no TLS, no root certificates are wanted.

mod chain;
mod client;
mod connect;

pub use chain::chain;
pub use client::Client;
pub use connect::{connector, pooled, secured};
