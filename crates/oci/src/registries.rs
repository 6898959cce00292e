//! What is read from registries: manifests and blobs, each checked by its digest.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::HeaderValue;
use prow::component::{Digest, Reference, Version};

use crate::call::{Access, Call};
use crate::credentials::Credentials;
use crate::digest::digest_of;
use crate::error::OciError;
use crate::http_client::HttpClient;
use crate::manifest::{ACCEPTED, Descriptor};
use crate::url::in_repository;

/// Registries take no larger manifests either.
const MOST_MANIFEST_BYTES: u64 = 4 << 20;

/// All registries, as one client. Tokens are kept as long as it is.
pub struct Registries {
    pub(crate) http: HttpClient,
    pub(crate) credentials: Credentials,
    tokens: Mutex<HashMap<(String, String, Access), HeaderValue>>,
}

/// A manifest as it came; its bytes have this digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Its digest.
    pub digest: Digest,
    /// JSON, as the registry has it.
    pub bytes: Bytes,
}

impl Registries {
    /// A client that logs in with these.
    pub fn new(credentials: Credentials) -> Self {
        Registries { http: HttpClient::new(), credentials, tokens: Mutex::default() }
    }

    /// The manifest that a reference stands for now.
    ///
    /// # Errors
    /// If it cannot be had, or has not the digest that the reference names.
    pub async fn manifest(&self, of: &Reference) -> Result<Raw, OciError> {
        let version = match &of.version {
            Version::Tag(tag) => tag.as_str(),
            Version::Digest(digest) => digest.as_str(),
        };
        let url = in_repository(of, &format!("manifests/{version}"));
        let call = Call::get(of, url, Some(ACCEPTED), MOST_MANIFEST_BYTES, of.to_string());
        let bytes = self.ask_well(&call).await?.body;
        let digest = digest_of(&bytes);
        match &of.version {
            Version::Digest(want) if *want != digest => {
                Err(OciError::WrongDigest { what: of.to_string(), want: want.clone(), got: digest })
            }
            Version::Digest(_) | Version::Tag(_) => Ok(Raw { digest, bytes }),
        }
    }

    /// A blob of at most `most` bytes.
    ///
    /// # Errors
    /// If it is larger, which is told before it is read; if it cannot be had, or is not what the manifest says.
    pub(crate) async fn blob(&self, of: &Reference, it: &Descriptor, most: u64) -> Result<Bytes, OciError> {
        let what = format!("the blob {} of {of}", it.digest);
        let want: Digest =
            it.digest.parse().map_err(|why| OciError::Answer { host: of.host.clone(), what: of.to_string(), why })?;
        if it.size > most {
            return Err(OciError::TooLarge { what, bytes: it.size, most });
        }
        let url = in_repository(of, &format!("blobs/{want}"));
        // Not a byte more than was announced: the digest would not fit.
        let bytes = self.ask_well(&Call::get(of, url, None, it.size, what.clone())).await?.body;
        let got = digest_of(&bytes);
        if got == want { Ok(bytes) } else { Err(OciError::WrongDigest { what, want, got }) }
    }

    pub(crate) fn known(&self, call: &Call<'_>) -> Option<HeaderValue> {
        self.tokens.lock().expect("no one panics with it").get(&key(call)).cloned()
    }

    pub(crate) fn remember(&self, call: &Call<'_>, header: HeaderValue) {
        self.tokens.lock().expect("no one panics with it").insert(key(call), header);
    }
}

fn key(call: &Call<'_>) -> (String, String, Access) {
    (call.of.host.clone(), call.of.name.clone(), call.access)
}
