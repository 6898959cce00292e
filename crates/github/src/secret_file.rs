//! A secret that lives in a file and may be replaced while the client runs.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use secrecy::SecretString;

use crate::options::SetupError;

/// What a file's text means, parsed anew when the file changes. A change that cannot be read or parsed leaves the old
/// value standing and is logged.
pub(crate) struct SecretFile<T> {
    path: PathBuf,
    parse: fn(SecretString) -> Result<T, String>,
    state: Mutex<State<T>>,
}

struct State<T> {
    looked: Instant,
    stamp: Stamp,
    value: Arc<T>,
}

/// A mounted secret is replaced by swapping a symlink, which changes the inode and may leave the other two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl From<Metadata> for Stamp {
    fn from(file: Metadata) -> Self {
        Self { device: file.dev(), inode: file.ino(), bytes: file.len(), modified: file.modified().ok() }
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(1);

impl<T> SecretFile<T> {
    pub(crate) fn open(path: &Path, parse: fn(SecretString) -> Result<T, String>) -> Result<Self, SetupError> {
        let (stamp, value) =
            read(path, parse).map_err(|problem| SetupError::Secret { path: path.to_owned(), problem })?;
        let state = State { looked: Instant::now(), stamp, value: Arc::new(value) };
        Ok(Self { path: path.to_owned(), parse, state: Mutex::new(state) })
    }

    /// The value; the file is looked at once a second at most.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.lock();
        if state.looked.elapsed() >= LOOK_EVERY {
            self.look(&mut state);
        }
        Arc::clone(&state.value)
    }

    /// The value after a look at the file now: for when the one in hand was just refused.
    pub(crate) fn look_again(&self) -> Arc<T> {
        let mut state = self.lock();
        self.look(&mut state);
        Arc::clone(&state.value)
    }

    fn look(&self, state: &mut State<T>) {
        state.looked = Instant::now();
        if std::fs::metadata(&self.path).is_ok_and(|file| Stamp::from(file) == state.stamp) {
            return;
        }
        match read(&self.path, self.parse) {
            Ok((stamp, value)) => {
                state.stamp = stamp;
                state.value = Arc::new(value);
                tracing::info!(path = %self.path.display(), "the secret file changed and was read again");
            }
            Err(problem) => {
                tracing::warn!(path = %self.path.display(), problem, "the secret file changed and cannot be used; the old one stands");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read<T>(path: &Path, parse: fn(SecretString) -> Result<T, String>) -> Result<(Stamp, T), String> {
    // The stamp is taken first: a file that is replaced between the two is then read once more, not once too few.
    let stamp = std::fs::metadata(path).map_err(|error| error.to_string())?.into();
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok((stamp, parse(SecretString::from(text.trim().to_owned()))?))
}
