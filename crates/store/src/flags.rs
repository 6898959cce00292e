//! The flags by which an inbox is found.

use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::inbox::Inbox;
use crate::postgres::{Server, ServerError};

/// Where deliveries are kept.
#[derive(Clone, Default, clap::Args)]
pub struct InboxFlags {
    /// Where deliveries and their journal are kept, for several hosts: `postgres://USER@HOST:PORT/DATABASE`, with
    /// `?sslmode=disable` or `&sslrootcert=FILE` if need be (TLS is used, but on this machine). [default: a file in the state
    /// directory, for one host]
    #[arg(long, value_name = "URL")]
    pub inbox: Option<String>,
    /// The password for --inbox; read again when it changes.
    #[arg(long, value_name = "FILE", requires = "inbox")]
    pub inbox_password_file: Option<PathBuf>,
}

/// The inbox cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is not said right where it is.
    #[error(transparent)]
    Flags(#[from] ServerError),
    /// It is not there, or not as it should be.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InboxFlags {
    /// The server, if it is on one.
    ///
    /// # Errors
    /// If the flags are wrong.
    pub fn server(&self) -> Result<Option<Server>, ServerError> {
        let parse = |url: &String| Server::parse(url, self.inbox_password_file.as_deref());
        self.inbox.as_ref().map(parse).transpose()
    }

    /// The inbox, for a host; in `file`, unless it is on a server.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn open(&self, file: &Path) -> Result<Inbox, OpenError> {
        Ok(match self.server()? {
            Some(server) => Inbox::join(&server).await?,
            None => Inbox::open(file).await?,
        })
    }
}

/// Without the URL: it may hold a password, which is refused later.
impl std::fmt::Debug for InboxFlags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxFlags").field("on_server", &self.inbox.is_some()).finish_non_exhaustive()
    }
}
