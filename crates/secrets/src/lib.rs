//! A secret that lives in a file and may be replaced while the program runs: a token that is rotated, a mounted
//! Kubernetes secret that is swapped.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;

/// What a file's text means, parsed anew when its content changes and has been quiet for a moment. Its times and size are not
/// asked: whoever writes it may set those as they like. A change that cannot be read or parsed leaves the old value standing
/// and is logged.
pub struct SecretFile<T> {
    path: PathBuf,
    parse: fn(SecretString) -> Result<T, String>,
    /// Keyed at random: a hash tells that a content is another, and nothing about it.
    hasher: RandomState,
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
    /// When the file is looked at next, unless somebody cannot wait.
    due: Instant,
    /// Of the content that was read last, well or badly.
    read: Content,
    /// Another content, and since when it has been there.
    newer: Option<(Content, Instant)>,
    value: Arc<T>,
}

/// The hash of a file's content, or that it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Text(u64),
    Unreadable,
}

/// What a look at a file comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It is as it was.
    Same,
    /// It is another, and may be half written.
    Unsettled,
    /// It is another, and has been for long enough.
    Changed,
}

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a new content has to be there before it counts.
const QUIET: Duration = Duration::from_millis(200);

impl<T> SecretFile<T> {
    /// Reads the file; `parse` is given its text without white space at either end.
    ///
    /// # Errors
    /// A file that cannot be read, or whose text `parse` refuses.
    pub fn open(path: &Path, parse: fn(SecretString) -> Result<T, String>) -> Result<Self, Unusable> {
        let unusable = |problem| Unusable { path: path.to_owned(), problem };
        let bytes = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let hasher = RandomState::new();
        let read = Content::Text(hasher.hash_one(&bytes));
        let value = Arc::new(text_of(bytes).and_then(parse).map_err(unusable)?);
        let state = State { due: Instant::now() + LOOK_EVERY, read, newer: None, value };
        Ok(Self { path: path.to_owned(), parse, hasher, state: Mutex::new(state) })
    }

    /// The value; the file is looked at once a second at most, and twice before a new content counts.
    pub fn current(&self) -> Arc<T> {
        let mut state = self.lock();
        let now = Instant::now();
        if now >= state.due {
            self.look(&mut state, QUIET, now);
        }
        Arc::clone(&state.value)
    }

    /// The value after a look at the file now: for when the one in hand was just refused.
    pub fn look_again(&self) -> Arc<T> {
        let mut state = self.lock();
        self.look(&mut state, Duration::ZERO, Instant::now());
        Arc::clone(&state.value)
    }

    fn look(&self, state: &mut State<T>, quiet: Duration, now: Instant) {
        let bytes = std::fs::read(&self.path).map_err(|error| error.to_string());
        let seen = bytes.as_ref().map_or(Content::Unreadable, |bytes| Content::Text(self.hasher.hash_one(bytes)));
        let look = compared(state.read, &mut state.newer, seen, quiet, now);
        state.due = now + if look == Look::Unsettled { quiet } else { LOOK_EVERY };
        if look != Look::Changed {
            return;
        }
        state.read = seen;
        match bytes.and_then(text_of).and_then(self.parse) {
            Ok(value) => {
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

/// Whether `seen` is another content than the one that was `read`, and has been there for `quiet`; `newer` is what an earlier
/// look saw.
fn compared(
    read: Content,
    newer: &mut Option<(Content, Instant)>,
    seen: Content,
    quiet: Duration,
    now: Instant,
) -> Look {
    if seen == read {
        *newer = None;
        return Look::Same;
    }
    let since = newer.filter(|(content, _)| *content == seen).map_or(now, |(_, since)| since);
    if now.duration_since(since) >= quiet {
        *newer = None;
        return Look::Changed;
    }
    *newer = Some((seen, since));
    Look::Unsettled
}

impl<T> fmt::Debug for SecretFile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The text without white space at either end.
fn text_of(bytes: Vec<u8>) -> Result<SecretString, String> {
    let text = String::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    Ok(SecretString::from(text.trim().to_owned()))
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

    /// Of the same length, in the same place and with the same times: only the content tells.
    #[test]
    fn a_rewrite_that_keeps_size_and_times_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "one").unwrap();
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let file = SecretFile::open(&path, text).unwrap();
        fs::write(&path, "two").unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        let since = Instant::now();
        while *file.current() != "two" {
            assert!(since.elapsed() < Duration::from_secs(30), "it stays as it was");
            std::thread::yield_now();
        }
        assert!(since.elapsed() >= QUIET, "it may have been half written");
    }

    #[test]
    fn a_content_counts_when_it_has_been_quiet() {
        let (begun, one, two) = (Instant::now(), Content::Text(1), Content::Text(2));
        let at = |ms| begun + Duration::from_millis(ms);
        let mut newer = None;
        for (ms, seen, want) in [
            (0, one, Look::Same),
            (1000, two, Look::Unsettled),
            (1100, Content::Unreadable, Look::Unsettled),
            (1199, two, Look::Unsettled),
            (1300, two, Look::Unsettled),
            (1398, one, Look::Same),
            (1400, two, Look::Unsettled),
            (1599, two, Look::Unsettled),
            (1600, two, Look::Changed),
        ] {
            assert_eq!(compared(one, &mut newer, seen, QUIET, at(ms)), want, "after {ms} ms");
        }
        assert_eq!(compared(one, &mut newer, two, Duration::ZERO, at(1700)), Look::Changed, "who cannot wait");
    }
}
