//! What tags stand for here: the lock file beside plugins.yaml, and one of our own where that cannot be written. An operator
//! writes there too (`bowsprit plugin pins --update`), at any time: each change is made to the file as it is at that moment.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use oci::{Digest, Lock, LockError, Reference};

/// The lock files of one configuration.
pub(super) struct Pins<'a> {
    beside: Option<PathBuf>,
    own: &'a Path,
}

impl<'a> Pins<'a> {
    /// `beside` belongs to plugins.yaml, if there is one; `own` to the state directory.
    pub(super) fn new(beside: Option<PathBuf>, own: &'a Path) -> Self {
        Pins { beside, own }
    }

    /// What a tag is pinned to; the file beside plugins.yaml counts first.
    pub(super) fn find(&self, reference: &Reference) -> Result<Option<Digest>, LockError> {
        for file in self.files() {
            if let Some(pin) = Lock::read(file)?.pin(reference) {
                return Ok(Some(pin.digest.clone()));
            }
        }
        Ok(None)
    }

    /// Pins a tag to what its registry has just said, unless somebody has pinned it in the meantime: what it is pinned to.
    pub(super) fn pin(&self, reference: &Reference, digest: Digest, now: Timestamp) -> anyhow::Result<Digest> {
        if let Some(theirs) = self.find(reference)? {
            return Ok(theirs);
        }
        let set = |file: &Path| -> Result<(), LockError> {
            let mut lock = Lock::read(file)?;
            lock.set(reference, digest.clone(), now);
            lock.write(file)
        };
        tracing::info!(%reference, %digest, "pinned");
        match self.beside.as_deref().map(set) {
            Some(Ok(())) => {}
            // It may lie on something that cannot be written, such as a ConfigMap.
            Some(Err(error)) => {
                tracing::warn!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    instead = %self.own.display(),
                    "tags are not pinned beside plugins.yaml"
                );
                set(self.own).context("pinning a tag in the state directory")?;
            }
            None => set(self.own).context("pinning a tag in the state directory")?,
        }
        Ok(digest)
    }

    /// Drops the pins for which `is_gone` holds, and leaves all others as they are by now.
    pub(super) fn forget(&self, is_gone: impl Fn(&Reference) -> bool) {
        for file in self.files() {
            let dropped = Lock::read(file).and_then(|mut lock| match lock.forget(&is_gone) {
                true => lock.write(file),
                false => Ok(()),
            });
            // Pins that nobody names do no harm.
            if let Err(error) = dropped {
                tracing::debug!(error = format!("{:#}", anyhow::Error::from(error)), "old pins stay");
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        self.beside.as_deref().into_iter().chain([self.own])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> Digest {
        Digest::of_hex(&digit.to_string().repeat(64)).unwrap()
    }

    fn reference(tag: &str) -> Reference {
        format!("oci://h/a:{tag}").parse().unwrap()
    }

    /// What an operator does meanwhile.
    fn updated(file: &Path, tag: &str, to: char) {
        let mut lock = Lock::read(file).unwrap();
        lock.set(&reference(tag), digest(to), Timestamp::UNIX_EPOCH);
        lock.write(file).unwrap();
    }

    #[test]
    fn what_an_operator_pins_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (beside, own) = (dir.path().join("plugins.lock"), dir.path().join("own.lock"));
        let pins = Pins::new(Some(beside.clone()), &own);
        updated(&beside, "old", '0');
        assert_eq!(pins.find(&reference("1")).unwrap(), None);
        // The registry is being asked what `1` is; meanwhile another tag is pinned anew.
        updated(&beside, "old", '9');
        updated(&beside, "2", '2');
        assert_eq!(pins.pin(&reference("1"), digest('1'), Timestamp::now()).unwrap(), digest('1'));
        for (tag, want) in [("1", '1'), ("2", '2'), ("old", '9')] {
            assert_eq!(pins.find(&reference(tag)).unwrap(), Some(digest(want)), "{tag}");
        }
        // Or this very one: the operator's counts.
        updated(&beside, "3", 'a');
        assert_eq!(pins.pin(&reference("3"), digest('b'), Timestamp::now()).unwrap(), digest('a'));
        assert!(!own.exists());

        pins.forget(|reference| *reference == self::reference("old"));
        assert_eq!(pins.find(&reference("old")).unwrap(), None);
        assert_eq!(pins.find(&reference("2")).unwrap(), Some(digest('2')));
    }

    #[test]
    fn where_nothing_can_be_written_beside_plugins_yaml_pins_are_our_own() {
        let dir = tempfile::tempdir().unwrap();
        // There is no such directory, which stops root as well.
        let (beside, own) = (dir.path().join("config/plugins.lock"), dir.path().join("own.lock"));
        let pins = Pins::new(Some(beside.clone()), &own);
        pins.pin(&reference("1"), digest('1'), Timestamp::now()).unwrap();
        assert_eq!(pins.find(&reference("1")).unwrap(), Some(digest('1')));
        assert!(own.exists() && !beside.exists());
    }
}
