//! Components in registries: pulled, pushed, cached by their digest, tags pinned, signatures verified.
//!
//! The layout is CNCF's for WebAssembly: an OCI image manifest whose config is `application/vnd.wasm.config.v0+json` and
//! whose one layer is `application/wasm`. A component is known by its manifest's digest, and nothing is believed that does
//! not have the digest that it should have.

mod auth;
mod body;
mod cache;
mod call;
mod credentials;
mod digest;
mod error;
mod fetch;
mod http_client;
mod lock;
mod manifest;
mod push;
mod registries;
mod signature;
mod url;

pub use cache::Cache;
pub use credentials::Credentials;
pub use digest::digest_of;
pub use error::OciError;
pub use fetch::{Fetched, From, Wanted, fetch};
pub use lock::{Lock, LockError, Pin};
pub use manifest::{CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE};
pub use prow::component::{ComponentRef, Digest, Reference, Version};
pub use push::{About, Progress, push};
pub use registries::{Raw, Registries};
pub use signature::{PublicKey, SignatureError, Signed, verify};

/// The largest component that is taken.
pub const MOST_COMPONENT_BYTES: u64 = 64 << 20;
