//! cosign's signatures, version 2 of their layout: a payload that names a manifest's digest, signed with ECDSA on P-256.
//! Verified with the operator's public keys and nothing else: no certificate, no log, no network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::pkcs8::DecodePublicKey as _;
use prow::component::Digest;
use serde::Deserialize;

/// The media type of a signed payload.
pub(crate) const PAYLOAD_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation that holds a payload's signature.
pub(crate) const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What such a payload says that it is.
const SIGNED_KIND: &str = "cosign container image signature";

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why something is not signed as it has to be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// There is no signature at all.
    #[error(
        "{what} is not signed, and `signatures.{prefix}` in plugins.yaml demands that: sign it with `cosign sign --key cosign.key {repository}@{digest}` (version 2 of cosign, or `--new-bundle-format=false`), or take another component"
    )]
    Unsigned {
        /// The reference.
        what: String,
        /// The demand.
        prefix: String,
        /// `HOST/NAME`, as cosign is told it.
        repository: String,
        /// Of the manifest.
        digest: Digest,
    },
    /// None of its signatures holds.
    #[error(
        "{what} is signed, but not as `signatures.{prefix}` in plugins.yaml demands ({why}): sign it with the key that belongs to one listed there, or list the public key of who signed it, if you trust them"
    )]
    NotByThese {
        /// The reference.
        what: String,
        /// The demand.
        prefix: String,
        /// What is wrong with the last signature.
        why: &'static str,
    },
}

/// A payload and the signature that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The bytes that were signed.
    pub payload: Bytes,
    /// The signature, in base64, as the annotation has it.
    pub signature: String,
}

/// A signed payload, of which this alone is looked at.
#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl PublicKey {
    /// Reads PEM, as in `cosign.pub`.
    ///
    /// # Errors
    /// If it is no public key on P-256.
    pub fn from_pem(pem: &str) -> Result<Self, String> {
        VerifyingKey::from_public_key_pem(pem.trim()).map(PublicKey).map_err(|_| {
            "it is no ECDSA public key on P-256 in PEM, as `cosign generate-key-pair` writes it".to_owned()
        })
    }
}

/// The tag that a manifest's signatures are under.
pub(crate) fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

/// Whether one of these is a signature of that manifest by one of the keys. Which repository the payload names is not asked:
/// the same manifest may be copied to another registry, with its signatures.
///
/// # Errors
/// What is wrong with the last of them.
pub fn verify(digest: &Digest, signed: &[Signed], keys: &[PublicKey]) -> Result<(), &'static str> {
    let mut why = "there is no signature";
    for one in signed {
        match verify_one(digest, one, keys) {
            Ok(()) => return Ok(()),
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn verify_one(digest: &Digest, signed: &Signed, keys: &[PublicKey]) -> Result<(), &'static str> {
    let der = STANDARD.decode(signed.signature.trim()).map_err(|_| "a signature is not in base64")?;
    let signature = DerSignature::try_from(&der[..]).map_err(|_| "a signature is not one of ECDSA on P-256")?;
    if !keys.iter().any(|key| key.0.verify(&signed.payload, &signature).is_ok()) {
        return Err("it is by none of the keys");
    }
    // Only what was signed is parsed.
    let payload: Payload = serde_json::from_slice(&signed.payload).map_err(|_| "what was signed is no such payload")?;
    if payload.critical.kind != SIGNED_KIND {
        return Err("what was signed is no component");
    }
    if payload.critical.image.digest != digest.as_str() {
        return Err("it is a signature of something else");
    }
    Ok(())
}
