//! A secret that lives in a file and may be replaced while the program runs: a token that is rotated, a mounted
//! Kubernetes secret that is swapped.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use secrecy::SecretString;

/// What a file's text means, parsed anew when the file changes. A change that cannot be read or parsed leaves the old
/// value standing and is logged.
pub struct SecretFile<T> {
    path: PathBuf,
    parse: fn(SecretString) -> Result<T, String>,
    state: Mutex<State<T>>,
}

/// Why a file cannot be used at the start; never with its content.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {}: {problem}", path.display())]
pub struct Unusable {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
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
    /// Reads the file; `parse` is given its text without white space at either end.
    ///
    /// # Errors
    /// A file that cannot be read, or whose text `parse` refuses.
    pub fn open(path: &Path, parse: fn(SecretString) -> Result<T, String>) -> Result<Self, Unusable> {
        let (stamp, value) = read(path, parse).map_err(|problem| Unusable { path: path.to_owned(), problem })?;
        let state = State { looked: Instant::now(), stamp, value: Arc::new(value) };
        Ok(Self { path: path.to_owned(), parse, state: Mutex::new(state) })
    }

    /// The value; the file is looked at once a second at most.
    pub fn current(&self) -> Arc<T> {
        let mut state = self.lock();
        if state.looked.elapsed() >= LOOK_EVERY {
            self.look(&mut state);
        }
        Arc::clone(&state.value)
    }

    /// The value after a look at the file now: for when the one in hand was just refused.
    pub fn look_again(&self) -> Arc<T> {
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

impl<T> fmt::Debug for SecretFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn read<T>(path: &Path, parse: fn(SecretString) -> Result<T, String>) -> Result<(Stamp, T), String> {
    // The stamp is taken first: a file that is replaced between the two is then read once more, not once too few.
    let stamp = std::fs::metadata(path).map_err(|error| error.to_string())?.into();
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Ok((stamp, parse(SecretString::from(text.trim().to_owned()))?))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn text(secret: SecretString) -> Result<String, String> {
        let text = secret.expose_secret();
        if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
    }

    /// As kubelet does it: a new directory, and `..data` renamed over to point there.
    fn mount(volume: &Path, generation: &str, value: &str) {
        fs::create_dir(volume.join(generation)).unwrap();
        fs::write(volume.join(generation).join("token"), value).unwrap();
        symlink(generation, volume.join("..data_tmp")).unwrap();
        fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    }

    #[test]
    fn a_swapped_secret_volume_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        mount(dir.path(), "..1", "one\n");
        symlink("..data/token", dir.path().join("token")).unwrap();
        let file = SecretFile::open(&dir.path().join("token"), text).unwrap();
        assert_eq!(*file.current(), "one");
        mount(dir.path(), "..2", "two\n");
        assert_eq!(*file.look_again(), "two");
        assert_eq!(*file.current(), "two");
    }

    #[test]
    fn what_cannot_be_used_leaves_the_old_value_standing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        assert!(SecretFile::open(&path, text).unwrap_err().to_string().contains("token"));
        fs::write(&path, "one").unwrap();
        let file = SecretFile::open(&path, text).unwrap();
        fs::write(&path, " \n").unwrap();
        assert_eq!(*file.look_again(), "one");
        fs::remove_file(&path).unwrap();
        assert_eq!(*file.look_again(), "one");
    }
}
