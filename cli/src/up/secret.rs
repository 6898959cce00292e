//! The secrets of a system on one machine: files that only their owner may read.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};

/// The key that GitHub signs with and the host verifies with, in Prow's plain form.
pub(crate) const HMAC_FILE: &str = "hmac";
/// The token that the host and the controller use.
pub(super) const TOKEN_FILE: &str = "bot-token";

/// The HMAC key: the one in the state directory, or a new one if there is none.
pub(super) fn hmac(state_dir: &Path) -> anyhow::Result<String> {
    let path = state_dir.join(HMAC_FILE);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => bail!("{} is empty: delete it for a new one", path.display()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = hex::encode(rand::random::<[u8; 32]>());
            write(&path, &key)?;
            Ok(key)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Writes a file of mode 0600, by renaming, so that no half of a secret is ever read.
pub(super) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let new = path.with_extension("new");
    let written = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = hmac(dir.path()).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(hmac(dir.path()).unwrap(), first);
        let mode = fs::metadata(dir.path().join(HMAC_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_ne!(hmac(tempfile::tempdir().unwrap().path()).unwrap(), first);

        fs::write(dir.path().join(HMAC_FILE), "\n").unwrap();
        assert!(hmac(dir.path()).unwrap_err().to_string().contains("is empty"));
    }
}
