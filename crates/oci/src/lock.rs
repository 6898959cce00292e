//! The lock file beside plugins.yaml: what each tag there stood for when it was first used. A tag that moves moves nothing
//! here until someone says so.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use prow::component::{Digest, Reference};
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// The pins, by reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    pins: BTreeMap<String, Pin>,
}

/// What a tag stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Of the manifest.
    pub digest: Digest,
    /// When the registry said so.
    pub since: Timestamp,
}

/// Why a lock file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It is not what we wrote.
    #[error("{}:{line}:{column}: {what}: mend it, or delete it, and the tags are resolved anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The file. Ours alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    pins: BTreeMap<String, FilePin>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePin {
    digest: String,
    since: Timestamp,
}

impl Lock {
    /// The lock file that belongs to this plugins.yaml: `plugins.lock` beside it.
    pub fn beside(plugins_yaml: &Path) -> PathBuf {
        plugins_yaml.with_extension("lock")
    }

    /// The lock file of a state directory: where the pins of a host are that may not write beside its plugins.yaml.
    pub fn in_state(dir: &Path) -> PathBuf {
        dir.join("plugins.lock")
    }

    /// Reads a lock file; where there is none, nothing is pinned.
    ///
    /// # Errors
    /// If it is there and cannot be used.
    pub fn read(path: &Path) -> Result<Self, LockError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(LockError::Unreadable { path: path.to_owned(), source }),
        };
        let damaged = |line, column, what| LockError::Damaged { path: path.to_owned(), line, column, what };
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|error| damaged(error.line().max(1), error.column().max(1), error.to_string()))?;
        if file.version != VERSION {
            return Err(damaged(1, 1, format!("its version is {}, and this release reads {VERSION}", file.version)));
        }
        let pins = file.pins.into_iter().map(|(reference, pin)| {
            let digest = pin.digest.parse().map_err(|why| damaged(1, 1, format!("`{reference}`: {why}")))?;
            Ok((reference, Pin { digest, since: pin.since }))
        });
        Ok(Lock { pins: pins.collect::<Result<_, LockError>>()? })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let wrong = |source: io::Error| LockError::Unwritable { path: path.to_owned(), source };
        let of_pin = |pin: &Pin| FilePin { digest: pin.digest.to_string(), since: pin.since };
        let pins = self.pins.iter().map(|(reference, pin)| (reference.clone(), of_pin(pin))).collect();
        let mut text = serde_json::to_vec_pretty(&File { version: VERSION, pins }).expect("texts are JSON");
        text.push(b'\n');
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(wrong)?;
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(wrong)?;
        // A temporary file is its maker's alone; this one is for whoever may read plugins.yaml.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(wrong)?;
        file.persist(path).map(drop).map_err(|error| wrong(error.error))
    }

    /// What a reference by tag is pinned to.
    pub fn pin(&self, reference: &Reference) -> Option<&Pin> {
        self.pins.get(&reference.to_string())
    }

    /// Pins it. True if that changes anything.
    pub fn set(&mut self, reference: &Reference, digest: Digest, since: Timestamp) -> bool {
        if self.pin(reference).is_some_and(|pin| pin.digest == digest) {
            return false;
        }
        self.pins.insert(reference.to_string(), Pin { digest, since });
        true
    }

    /// Takes the pins of `other` for what is not pinned here.
    pub fn fill(&mut self, other: &Lock) {
        for (reference, pin) in &other.pins {
            self.pins.entry(reference.clone()).or_insert_with(|| pin.clone());
        }
    }

    /// Forgets the pins of these references, and what is no reference. True if that changes anything.
    pub fn forget(&mut self, is_gone: impl Fn(&Reference) -> bool) -> bool {
        let before = self.pins.len();
        self.pins.retain(|reference, _| reference.parse().is_ok_and(|reference| !is_gone(&reference)));
        before != self.pins.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> Digest {
        Digest::of_hex(&digit.to_string().repeat(64)).unwrap()
    }

    #[test]
    fn pins_outlive_the_process_and_go_with_their_reference() {
        let dir = tempfile::tempdir().unwrap();
        let path = Lock::beside(&dir.path().join("plugins.yaml"));
        assert!(path.ends_with("plugins.lock"));
        let mut lock = Lock::read(&path).unwrap();
        let (one, two) = ("oci://h/one:1".parse().unwrap(), "oci://h/two:1".parse().unwrap());
        assert!(
            lock.set(&one, digest('a'), Timestamp::UNIX_EPOCH) && lock.set(&two, digest('b'), Timestamp::UNIX_EPOCH)
        );
        assert!(!lock.set(&one, digest('a'), Timestamp::now()));
        lock.write(&path).unwrap();
        let mut again = Lock::read(&path).unwrap();
        assert_eq!(again, lock);
        assert!(again.set(&one, digest('c'), Timestamp::UNIX_EPOCH));
        assert_eq!(again.pin(&one).unwrap().digest, digest('c'));
        assert!(again.forget(|reference| *reference == two) && !again.forget(|reference| *reference == two));
        assert_eq!(again.pin(&two), None);
        again.fill(&lock);
        assert_eq!((&again.pin(&one).unwrap().digest, again.pin(&two)), (&digest('c'), lock.pin(&two)));
    }

    #[track_caller]
    fn check_damaged(text: &str, want: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plugins.lock");
        std::fs::write(&path, text).unwrap();
        let said = Lock::read(&path).unwrap_err().to_string();
        assert!(said.contains("plugins.lock:") && said.contains(want), "{said}");
    }

    #[test]
    fn a_damaged_lock_pins_nothing_silently() {
        check_damaged("", "plugins.lock:1:");
        check_damaged("{\n  \"version\": 1,\n  \"pin\": {}\n}", "plugins.lock:3:");
        check_damaged(r#"{"version": 2, "pins": {}}"#, "its version is 2");
        let bad = r#"{"version": 1, "pins": {"oci://h/a:b": {"digest": "x", "since": "2026-01-01T00:00:00Z"}}}"#;
        check_damaged(bad, "`oci://h/a:b`");
    }
}
