//! Components that were fetched, by digest. What is not as its digest says counts as not there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prow::component::Digest;
use serde::{Deserialize, Serialize};

use crate::MOST_COMPONENT_BYTES;
use crate::digest::digest_of;
use crate::error::OciError;
use crate::manifest::Manifest;
use crate::signature::Signed;

/// A directory of manifests, components and signatures.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
}

/// A component in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cached {
    pub(crate) path: PathBuf,
    pub(crate) component: Digest,
}

/// A signature as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptSignature {
    payload: String,
    signature: String,
}

impl Cache {
    /// A cache in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(dir: PathBuf) -> Result<Self, OciError> {
        fs::create_dir_all(&dir).map_err(|source| OciError::Cache { path: dir.clone(), source })?;
        Ok(Cache { dir })
    }

    /// The component of this manifest, if manifest and component are here and whole.
    pub(crate) fn get(&self, manifest: &Digest) -> Option<Cached> {
        let bytes = fs::read(self.manifest(manifest)).ok().filter(|bytes| digest_of(bytes) == *manifest)?;
        let component: Digest = Manifest::parse(&bytes).ok()?.component().ok()?.digest.parse().ok()?;
        let path = self.component(&component);
        let length = fs::metadata(&path).ok()?.len();
        let whole = length <= MOST_COMPONENT_BYTES && digest_of(&fs::read(&path).ok()?) == component;
        whole.then_some(Cached { path, component })
    }

    /// Keeps a component and its manifest, which were checked before.
    pub(crate) fn put(&self, manifest: (&Digest, &[u8]), component: (&Digest, &[u8])) -> Result<Cached, OciError> {
        let path = self.component(component.0);
        self.write(&path, component.1)?;
        self.write(&self.manifest(manifest.0), manifest.1)?;
        Ok(Cached { path, component: component.0.clone() })
    }

    /// The signatures that were found for a manifest. They are worth no more than whoever verifies them now finds.
    pub(crate) fn signatures(&self, manifest: &Digest) -> Vec<Signed> {
        let read = || -> Option<Vec<KeptSignature>> {
            serde_json::from_slice(&fs::read(self.signature_file(manifest)).ok()?).ok()
        };
        let kept = read().unwrap_or_default().into_iter();
        kept.filter_map(|kept| {
            let payload = Bytes::from(STANDARD.decode(kept.payload).ok()?);
            Some(Signed { payload, signature: kept.signature })
        })
        .collect()
    }

    /// Keeps signatures that hold.
    pub(crate) fn put_signatures(&self, manifest: &Digest, signed: &[Signed]) -> Result<(), OciError> {
        let kept: Vec<_> = signed
            .iter()
            .map(|one| KeptSignature { payload: STANDARD.encode(&one.payload), signature: one.signature.clone() })
            .collect();
        self.write(&self.signature_file(manifest), &serde_json::to_vec(&kept).expect("two texts are JSON"))
    }

    /// Deletes everything that belongs to none of these manifests.
    pub fn retain(&self, manifests: &BTreeSet<Digest>) {
        let mut needed: BTreeSet<PathBuf> = BTreeSet::new();
        for manifest in manifests {
            needed.extend([self.manifest(manifest), self.signature_file(manifest)]);
            let component = fs::read(self.manifest(manifest))
                .ok()
                .and_then(|bytes| Manifest::parse(&bytes).ok()?.component().ok()?.digest.parse::<Digest>().ok());
            needed.extend(component.map(|component| self.component(&component)));
        }
        let Ok(files) = fs::read_dir(&self.dir) else { return };
        for path in files.filter_map(|file| file.ok().map(|file| file.path())) {
            if is_ours(&path)
                && !needed.contains(&path)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(%error, file = %path.display(), "cannot be deleted");
            }
        }
    }

    fn manifest(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{}.manifest.json", digest.hex()))
    }

    fn component(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{}.wasm", digest.hex()))
    }

    fn signature_file(&self, manifest: &Digest) -> PathBuf {
        self.dir.join(format!("{}.signatures.json", manifest.hex()))
    }

    /// Beside and renamed: what is there is whole.
    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), OciError> {
        let wrong = |source: io::Error| OciError::Cache { path: path.to_owned(), source };
        let mut file = tempfile::NamedTempFile::new_in(&self.dir).map_err(wrong)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(wrong)?;
        file.persist(path).map(drop).map_err(|error| wrong(error.error))
    }
}

/// One of our files, and none that is still being written.
fn is_ours(path: &Path) -> bool {
    let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
    stem.is_some_and(|stem| Digest::of_hex(stem).is_some())
}
