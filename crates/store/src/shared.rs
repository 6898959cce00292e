//! What an inbox that several hosts share has beyond one that is a file: leases, files for whoever takes a task over, and who
//! else takes part. On SQLite there is one host, everything is its own, and the state directory keeps its files.

use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;

use crate::error::StoreError;
use crate::inbox::{Backend, Inbox};
pub use crate::postgres::Peer;

/// Where a file belongs that an unfinished task needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Components and their terms, by the component's digest.
    Components,
    /// Configurations, by their revision.
    Configs,
}

/// Where the inbox is, and who works with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Place {
    /// In a file that is this host's alone.
    Sqlite,
    /// On a server.
    Postgres {
        /// Which, without who asks.
        server: String,
        /// This host: its machine's name and its process's number.
        host: String,
        /// All that take part, this host among them.
        hosts: Vec<Peer>,
    },
}

impl Folder {
    fn name(self) -> &'static str {
        match self {
            Self::Components => "components",
            Self::Configs => "configs",
        }
    }
}

impl Inbox {
    /// A handle for one run of a task: what it writes is refused with `Lost` once this host's session is another than now,
    /// whoever has the task by then. On SQLite the host's lock on its state directory is what holds others off.
    #[must_use]
    pub fn fenced(&self) -> Self {
        match &self.backend {
            Backend::Sqlite(_) => self.clone(),
            Backend::Postgres(postgres) => Self { backend: Backend::Postgres(postgres.fenced()) },
        }
    }

    /// Does `work` for as long as this host may: its lease is looked at, by this machine's clock, before each step. For what
    /// changes something elsewhere: a host that was stopped for longer than its lease drops what it was about to send. What it
    /// had handed to the machine by then cannot be called back.
    ///
    /// # Errors
    /// `Lost`, if the lease is over; `work` may have come to its end on the far side.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(work.await),
            Backend::Postgres(postgres) => postgres.while_held(work).await,
        }
    }

    /// Takes a duty that is one host's at a time, by its name: true if it is this host's, for as long as its session stands.
    /// To be asked again before each piece of it. In a file it always is.
    ///
    /// # Errors
    /// If the inbox cannot be read or written.
    pub async fn take_duty(&self, name: &str) -> Result<bool, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(true),
            Backend::Postgres(postgres) => postgres.take_duty(name.to_owned()).await,
        }
    }

    /// Lets go of everything, so that others have it at once. Nothing is to be written through any handle after that.
    pub async fn release(&self) {
        match &self.backend {
            Backend::Sqlite(_) => {}
            Backend::Postgres(postgres) => postgres.release().await,
        }
    }

    /// Whether other hosts may run what this one dispatches, so that they need its files.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match &self.backend {
            Backend::Sqlite(_) => false,
            Backend::Postgres(_) => true,
        }
    }

    /// Keeps a file for every host, in place of one of this name. Nothing to do, where there is one host.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn keep_file(&self, folder: Folder, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(postgres) => postgres.keep_file(folder.name(), name.to_owned(), bytes).await,
        }
    }

    /// A file that some host has kept; none, if none has.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn kept_file(&self, folder: Folder, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(postgres) => postgres.kept_file(folder.name(), name.to_owned()).await,
        }
    }

    /// Notes that the files of these digests and revisions are needed, and forgets those that no host has needed since then.
    ///
    /// # Errors
    /// If the inbox cannot be written.
    pub async fn touch_files(&self, stems: Vec<String>, unused_since: Timestamp) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(()),
            Backend::Postgres(postgres) => postgres.touch_files(stems, unused_since).await,
        }
    }

    /// Where it is, and who takes part.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn place(&self) -> Result<Place, StoreError> {
        match &self.backend {
            Backend::Sqlite(_) => Ok(Place::Sqlite),
            Backend::Postgres(postgres) => {
                let (host, hosts) = postgres.peers().await?;
                Ok(Place::Postgres { server: postgres.name().to_owned(), host, hosts })
            }
        }
    }
}
