//! The cache of mirrors: one for each repository, below one folder.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::address::Base;
use crate::credentials::{Anonymous, CredentialSource};
use crate::mirror::Mirror;
use crate::names::Repo;
use crate::repository::Repository;

/// The oldest git that merges without a work tree and reads names that end with NUL.
const OLDEST_GIT: (u32, u32) = (2, 38);

/// Where mirrors are, where they come from, and what one operation may use up.
#[derive(Clone)]
pub struct Options {
    /// The folder that holds them. It is made if it is absent, and this program's alone (0700): no two may share it.
    pub folder: PathBuf,
    /// What clone addresses begin with, for example `https://github.com`: `github.link_url` of config.yaml.
    pub base_url: String,
    /// How git shows who it is.
    pub credentials: Arc<dyn CredentialSource>,
    /// Whether `base_url` may be `file:///…`: for tests.
    pub local_files: bool,
    /// What one operation may use up.
    pub limits: Limits,
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("folder", &self.folder)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// Mirrors of public repositories, with the usual limits.
    pub fn new(folder: impl Into<PathBuf>, base_url: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            base_url: base_url.into(),
            credentials: Arc::new(Anonymous),
            local_files: false,
            limits: Limits::default(),
        }
    }
}

/// What one operation may use up.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For a command that talks to the far side. The first fetch of a large repository takes minutes.
    pub network: Duration,
    /// For any other command.
    pub command: Duration,
    /// The size of a file that is read, and of a diff.
    pub content_bytes: usize,
    /// The size of a list of paths, or of lines with their authors, before it is taken apart.
    pub list_bytes: usize,
    /// Commands at a time that talk to the far side.
    pub network_commands: usize,
    /// Other commands at a time.
    pub commands: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            network: Duration::from_secs(15 * 60),
            command: Duration::from_secs(60),
            content_bytes: 4 << 20,
            list_bytes: 32 << 20,
            network_commands: 8,
            commands: 16,
        }
    }
}

/// Why mirrors cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The folder cannot be used.
    #[error("the folder of mirrors {folder} cannot be used")]
    Folder {
        /// Which one.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no git that can be used.
    #[error("git {}.{} or newer is needed: {found}", OLDEST_GIT.0, OLDEST_GIT.1)]
    Git {
        /// What there is instead.
        found: String,
    },
    /// The base is no address that may be cloned from.
    #[error("{0}")]
    Address(String),
}

/// The mirrors. Cheap to clone.
#[derive(Clone)]
pub struct Mirrors {
    shared: Arc<Shared>,
    open: Arc<Mutex<HashMap<String, Arc<Mirror>>>>,
}

impl fmt::Debug for Mirrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Mirrors").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

/// What all mirrors have in common.
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) base: Base,
    pub(crate) credentials: Arc<dyn CredentialSource>,
    pub(crate) limits: Limits,
    pub(crate) network: Semaphore,
    pub(crate) local: Semaphore,
}

impl Shared {
    /// Where things are that are not yet, or no more, a mirror. Emptied at each start.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.join("tmp")
    }
}

impl Mirrors {
    /// Opens the folder, and takes away what a killed predecessor left in it.
    ///
    /// # Errors
    /// The folder cannot be used, git is absent or too old, or the base is no good address.
    pub fn open(options: Options) -> Result<Self, SetupError> {
        let base = Base::new(&options.base_url, options.local_files).map_err(SetupError::Address)?;
        check_git()?;
        let folder =
            prepare(&options.folder).map_err(|source| SetupError::Folder { folder: options.folder.clone(), source })?;
        let Options { credentials, limits, .. } = options;
        let shared = Shared {
            folder,
            base,
            credentials,
            limits,
            network: Semaphore::new(limits.network_commands.max(1)),
            local: Semaphore::new(limits.commands.max(1)),
        };
        Ok(Self { shared: Arc::new(shared), open: Arc::default() })
    }

    /// One repository. Nothing is fetched yet.
    pub fn repository(&self, repo: &Repo) -> Repository {
        let mut open = self.open.lock().expect("nothing panics while it looks for a mirror");
        let mirror = open.entry(repo.key()).or_insert_with(|| Arc::new(Mirror::new(repo, Arc::clone(&self.shared))));
        Repository::new(Arc::clone(mirror))
    }
}

fn prepare(folder: &Path) -> std::io::Result<PathBuf> {
    let folder = std::path::absolute(folder)?;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    let temporary = folder.join("tmp");
    match fs::remove_dir_all(&temporary) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir(&temporary)?,
    }
    Ok(folder)
}

fn check_git() -> Result<(), SetupError> {
    let ran = Command::new("git").arg("version").stdin(Stdio::null()).output();
    let found = match ran {
        Ok(ran) => String::from_utf8_lossy(&ran.stdout).trim().to_owned(),
        Err(error) => format!("it cannot be run ({error}): install it"),
    };
    if version(&found).is_some_and(|version| version >= OLDEST_GIT) { Ok(()) } else { Err(SetupError::Git { found }) }
}

/// The first two numbers of `git version 2.39.5 (something)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<(u32, u32)>) {
        assert_eq!(version(text), want, "{text:?}");
    }

    #[test]
    fn versions_of_git_are_compared_by_their_numbers() {
        check("git version 2.39.5", Some((2, 39)));
        check("git version 2.50.1 (Apple Git-155)", Some((2, 50)));
        check("git version 10.0.rc1", Some((10, 0)));
        check("hub 1", None);
        check("", None);
        assert!((10, 0) > OLDEST_GIT && (2, 9) < OLDEST_GIT);
    }
}
