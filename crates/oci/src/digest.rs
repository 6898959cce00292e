//! The digest of bytes.

use prow::component::Digest;
use sha2::Digest as _;

/// The SHA-256 of `bytes`.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::of_hex(&hex::encode(sha2::Sha256::digest(bytes))).expect("a SHA-256 has 64 digits")
}
