//! How an operation on a repository fails.

use std::time::Duration;

/// Why it failed: one case for each thing that a caller does about it. No text holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An argument is not what it must be, or the answer would be too large. The far side may have found so, too.
    #[error("{0}")]
    Invalid(String),
    /// There is no such repository, ref, commit or path; or the credentials may not see it.
    #[error("{0}")]
    NotFound(String),
    /// The branch points elsewhere.
    #[error("{0}")]
    Conflict(String),
    /// The credentials are refused, or may not do this.
    #[error("{0}")]
    Denied(String),
    /// The far side does not answer, or not in time. The same call may succeed later.
    #[error("{message}")]
    Unavailable {
        /// What happened.
        message: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// The mirror on this machine cannot be read. It was removed and cloned anew once; this is the failure after that.
    #[error("the mirror is damaged: {0}")]
    Damaged(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::NotFound(message.into())
    }

    pub(crate) fn other(message: impl Into<String>) -> Self {
        Self::Other(message.into())
    }

    /// Something on this machine: no file, no process.
    pub(crate) fn local(what: &str, error: &std::io::Error) -> Self {
        Self::Other(format!("{what}: {error}"))
    }
}

/// What the operations give.
pub type Result<T> = std::result::Result<T, Error>;
