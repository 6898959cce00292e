//! What unfinished tasks began with: the state directory keeps each configuration and component, by its digest, for as long
//! as a task may have to be run again with it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why something that was kept cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// It was deleted, or never kept.
    #[error("{path} is not kept any more")]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// It is not what was written.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        source: serde_json::Error,
    },
    /// It is there, and may be readable later.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Files named by the digest of what they hold.
#[derive(Clone, Debug)]
pub struct Kept {
    dir: PathBuf,
}

impl Kept {
    /// Keeps files in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(dir: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        Ok(Kept { dir })
    }

    /// What is kept in `dir`, to look at.
    #[must_use]
    pub fn at(dir: PathBuf) -> Self {
        Kept { dir }
    }

    /// The configuration of this revision.
    ///
    /// # Errors
    /// If it is not kept any more, or cannot be read.
    pub fn configuration(&self, revision: &str) -> anyhow::Result<config::Loaded> {
        let kept: Vec<KeptFile> = self.get_json(&format!("{revision}.json"))?;
        let files = kept.into_iter().map(KeptFile::source).collect::<anyhow::Result<_>>()?;
        Ok(config::Loaded::from_files(files)?)
    }

    /// Writes `bytes` as `name`, unless there is such a file already.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        if self.dir.join(name).exists() { Ok(()) } else { self.write(name, bytes) }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.dir.join(name);
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).context("making a file in the state directory")?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).context("writing to the state directory")?;
        file.persist(&path).with_context(|| format!("keeping {}", path.display()))?;
        // The name, too, has to outlive a power cut: a task that is kept without its component cannot go on.
        fs::File::open(&self.dir).and_then(|dir| dir.sync_all()).context("writing to the state directory")
    }

    /// As [`Kept::put`], for a value.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put_json<T: Serialize>(&self, name: &str, value: &T) -> anyhow::Result<()> {
        self.put(name, &serde_json::to_vec(value).context("writing JSON")?)
    }

    /// As [`Kept::put_json`], in place of what is there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace_json<T: Serialize>(&self, name: &str, value: &T) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(value).context("writing JSON")?;
        match self.get(name) {
            Ok(there) if there == bytes => Ok(()),
            Ok(_) | Err(_) => self.write(name, &bytes),
        }
    }

    /// The bytes kept as `name`.
    ///
    /// # Errors
    /// If there is no such file, or it cannot be read.
    pub fn get(&self, name: &str) -> Result<Vec<u8>, KeptError> {
        let path = self.dir.join(name);
        fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => KeptError::Gone { path },
            _ => KeptError::Unreadable { path, source },
        })
    }

    /// As [`Kept::get`], for a value.
    ///
    /// # Errors
    /// Also if it is damaged.
    pub fn get_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, KeptError> {
        serde_json::from_slice(&self.get(name)?)
            .map_err(|source| KeptError::Damaged { path: self.dir.join(name), source })
    }

    /// Deletes every file whose name up to the first dot is not in `needed`. What cannot be deleted is tried again at the
    /// next turn.
    pub fn retain(&self, needed: &BTreeSet<String>) {
        let Ok(files) = fs::read_dir(&self.dir) else { return };
        for path in files.filter_map(|f| f.ok().map(|f| f.path())) {
            if stem(&path).is_some_and(|stem| !needed.contains(stem))
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(%error, file = %path.display(), "cannot be deleted");
            }
        }
    }
}

/// One file of a configuration, as it is kept.
#[derive(Serialize, serde::Deserialize)]
pub struct KeptFile {
    role: String,
    path: PathBuf,
    /// The bytes, in hexadecimal: job files may be compressed.
    hex: String,
}

impl KeptFile {
    /// For keeping.
    pub fn of(file: &config::SourceFile) -> Self {
        KeptFile { role: file.role.as_str().to_owned(), path: file.path.clone(), hex: hex::encode(&file.bytes) }
    }

    /// For loading again.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn source(self) -> anyhow::Result<config::SourceFile> {
        let role = config::Role::of_str(&self.role).context("a kept configuration has a file of no known role")?;
        let bytes = hex::decode(&self.hex).context("a kept configuration is damaged")?;
        Ok(config::SourceFile { role, path: self.path, bytes })
    }
}

/// The digest that a file is named by; none for a file that is still being written.
fn stem(path: &Path) -> Option<&str> {
    let stem = path.file_name()?.to_str()?.split('.').next()?;
    (stem.len() == 64 && stem.bytes().all(|b| b.is_ascii_hexdigit())).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_needed_any_more_goes() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::open(dir.path().to_owned()).unwrap();
        let (old, new) = ("a".repeat(64), "b".repeat(64));
        kept.put(&format!("{old}.wasm"), b"old").unwrap();
        kept.put_json(&format!("{new}.json"), &7).unwrap();
        fs::write(dir.path().join(".tmp123"), "half").unwrap();
        kept.put_json(&format!("{new}.json"), &8).unwrap();
        assert_eq!(kept.get_json::<u32>(&format!("{new}.json")).unwrap(), 7, "what is there stays");
        kept.replace_json(&format!("{new}.json"), &9).unwrap();
        assert_eq!(kept.get_json::<u32>(&format!("{new}.json")).unwrap(), 9);
        kept.retain(&BTreeSet::from([new.clone()]));
        assert!(kept.get(&format!("{old}.wasm")).is_err());
        assert_eq!(kept.get_json::<u32>(&format!("{new}.json")).unwrap(), 9);
        assert!(dir.path().join(".tmp123").exists());
    }
}
