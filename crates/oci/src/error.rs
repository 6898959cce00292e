//! What can go wrong between a reference and its component.

use std::io;
use std::path::PathBuf;

use prow::component::Digest;

use crate::signature::SignatureError;

/// Why a component was not had, or not pushed. No text holds a credential.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// No answer, or the answer of a server in trouble: may go away by itself.
    #[error("the registry {host} cannot be reached: {why}")]
    Unreachable {
        /// The registry.
        host: String,
        /// How it failed.
        why: String,
    },
    /// The registry does not let us.
    #[error(
        "the registry {host} refuses access to {what} ({status}): log in to it as docker does, so that `config.json` has credentials, or ask for the right"
    )]
    Denied {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// The status of the answer.
        status: u16,
    },
    /// The registry has no such thing.
    #[error("the registry {host} has no {what}: was it pushed, and is the name spelt right?")]
    NotFound {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The registry says something that we cannot go on with.
    #[error("the registry {host} answered about {what}: {why}")]
    Answer {
        /// The registry.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// What came has another digest.
    #[error(
        "{what} has the digest {got}, not the {want} that was asked for: it was changed on its way, or in the registry"
    )]
    WrongDigest {
        /// What came.
        what: String,
        /// The digest that it should have.
        want: Digest,
        /// The digest that it has.
        got: Digest,
    },
    /// It is larger than what is taken.
    #[error("{what} has {bytes} bytes; more than {most} are not taken")]
    TooLarge {
        /// What it is.
        what: String,
        /// Its size, as far as it is known.
        bytes: u64,
        /// The most that is taken.
        most: u64,
    },
    /// The artifact is something else.
    #[error("{what} is no WebAssembly component as `bowsprit plugin push` or `wkg oci push` writes one: {why}")]
    NotAComponent {
        /// The reference.
        what: String,
        /// What it is.
        why: String,
    },
    /// Credentials are configured, and cannot be had.
    #[error("the credentials for {host} cannot be had: {why}")]
    Credentials {
        /// The registry.
        host: String,
        /// What is in the way.
        why: String,
    },
    /// It is not signed as plugins.yaml demands.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The cache cannot be written or read.
    #[error("the cache of components: {path}")]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl OciError {
    /// Whether the registry itself was in the way, so that what is in the cache may serve meanwhile.
    pub fn is_outage(&self) -> bool {
        matches!(self, OciError::Unreachable { .. })
    }
}
