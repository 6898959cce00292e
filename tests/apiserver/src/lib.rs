//! Starts the API server for tests: the program that is built from the Go sources beside this crate.
//!
//! `cargo xtask setup` builds it and tells where it is by `BOWSPRIT_APISERVER`. A test that needs it asks [`find`] first, and
//! is skipped where it is not.

mod find;
mod proxy;
mod server;

pub use find::find;
pub use proxy::Proxy;
pub use server::{ADMIN, ApiServer, NOBODY, Options, WORKER};
