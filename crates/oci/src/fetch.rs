//! From a digest to a component on disk: from the cache if it is there, else from its registry; signed, where that is asked.

use std::path::PathBuf;

use prow::component::{Digest, Reference, Version};

use crate::cache::Cache;
use crate::digest::digest_of;
use crate::error::OciError;
use crate::manifest::Manifest;
use crate::registries::{Raw, Registries};
use crate::signature::{self, PAYLOAD_TYPE, PublicKey, SIGNATURE, SignatureError, Signed};
use crate::{MOST_COMPONENT_BYTES, verify};

/// More signatures, or larger payloads, are not looked at.
const MOST_SIGNATURES: usize = 32;
const MOST_PAYLOAD_BYTES: u64 = 64 << 10;

/// A component that is on disk, and is what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Of its manifest: what references name.
    pub manifest: Digest,
    /// Of its bytes.
    pub component: Digest,
    /// Where it is, in the cache.
    pub path: PathBuf,
    /// Where it was had from this time.
    pub from: From,
    /// The prefix in plugins.yaml whose demand for a signature it fulfils; `None`: none was asked.
    pub signed_for: Option<String>,
}

/// Where a component was had from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// It was here already, and its registry was not asked.
    Cache,
    /// Its registry.
    Registry,
}

/// A demand for a signature.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// As it stands in plugins.yaml.
    pub prefix: &'a str,
    /// By any one of these.
    pub keys: &'a [PublicKey],
}

/// Fetches the component whose manifest has this digest.
///
/// # Errors
/// If it is neither in the cache nor to be had, is not what the digest says, or is not signed as it has to be. That is asked
/// before the component itself is read, and of what is in the cache as well.
pub async fn fetch(
    registries: &Registries,
    cache: &Cache,
    repository: &Reference,
    manifest: &Digest,
    wanted: Option<Wanted<'_>>,
) -> Result<Fetched, OciError> {
    let of = repository.at(manifest.clone());
    let cached = cache.get(manifest);
    let raw = match cached {
        Some(_) => None,
        None => Some(registries.manifest(&of).await?),
    };
    if let Some(wanted) = wanted {
        signed(registries, cache, &of, manifest, wanted).await?;
    }
    let (cached, from) = match (cached, raw) {
        (Some(cached), _) => (cached, From::Cache),
        (None, Some(raw)) => {
            let not_one = |why| OciError::NotAComponent { what: of.to_string(), why };
            let parsed = Manifest::parse(&raw.bytes).map_err(not_one)?;
            let layer = parsed.component().map_err(not_one)?;
            let bytes = registries.blob(&of, layer, MOST_COMPONENT_BYTES).await?;
            (cache.put((manifest, &raw.bytes), (&digest_of(&bytes), &bytes))?, From::Registry)
        }
        (None, None) => unreachable!("what is not cached was asked for"),
    };
    let signed_for = wanted.map(|wanted| wanted.prefix.to_owned());
    Ok(Fetched { manifest: manifest.clone(), component: cached.component, path: cached.path, from, signed_for })
}

/// Whether a manifest is signed as wanted: by the signatures that are kept, else by those that its registry has now.
async fn signed(
    registries: &Registries,
    cache: &Cache,
    of: &Reference,
    manifest: &Digest,
    wanted: Wanted<'_>,
) -> Result<(), OciError> {
    if verify(manifest, &cache.signatures(manifest), wanted.keys).is_ok() {
        return Ok(());
    }
    let found = signatures(registries, of, manifest).await?;
    if found.is_empty() {
        return Err(OciError::Signature(SignatureError::Unsigned {
            what: of.to_string(),
            prefix: wanted.prefix.to_owned(),
            repository: of.repository(),
            digest: manifest.clone(),
        }));
    }
    verify(manifest, &found, wanted.keys).map_err(|why| {
        OciError::Signature(SignatureError::NotByThese { what: of.to_string(), prefix: wanted.prefix.to_owned(), why })
    })?;
    cache.put_signatures(manifest, &found)
}

/// The signatures that a registry has of a manifest; none is no error.
async fn signatures(registries: &Registries, of: &Reference, manifest: &Digest) -> Result<Vec<Signed>, OciError> {
    let at = Reference { version: Version::Tag(signature::tag(manifest)), ..of.clone() };
    let Raw { bytes, .. } = match registries.manifest(&at).await {
        Ok(raw) => raw,
        Err(OciError::NotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let list =
        Manifest::parse(&bytes).map_err(|why| OciError::Answer { host: at.host.clone(), what: at.to_string(), why })?;
    let mut found = Vec::new();
    for layer in list.layers.iter().filter(|layer| layer.media_type == PAYLOAD_TYPE).take(MOST_SIGNATURES) {
        let Some(signature) = layer.annotations.get(SIGNATURE) else { continue };
        let payload = registries.blob(&at, layer, MOST_PAYLOAD_BYTES).await?;
        found.push(Signed { payload, signature: signature.clone() });
    }
    Ok(found)
}
