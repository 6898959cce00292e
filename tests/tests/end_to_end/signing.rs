//! Signs what is in a registry, and leaves the signature where cosign leaves it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Who signs.
pub(crate) struct Signatory(SigningKey);

impl Signatory {
    /// One of many.
    pub(crate) fn number(number: u8) -> Self {
        Signatory(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    /// What `cosign.pub` would hold.
    pub(crate) fn public(&self) -> String {
        self.0.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
    }

    /// Signs the manifest of this digest in the repository at `base`, `http://HOST/v2/NAME`.
    pub(crate) async fn sign(&self, http: &Client, base: &str, manifest: &str) {
        let payload = json!({
            "critical": {
                "identity": { "docker-reference": base },
                "image": { "docker-manifest-digest": manifest },
                "type": "cosign container image signature",
            },
            "optional": null,
        });
        let payload = payload.to_string();
        let signature: DerSignature = self.0.sign(payload.as_bytes());
        let layer = json!({
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "annotations": { "dev.cosignproject.cosign/signature": STANDARD.encode(signature.as_bytes()) },
        });
        let list = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": put_blob(http, base, "{}", json!({ "mediaType": "application/vnd.oci.image.config.v1+json" })).await,
            "layers": [put_blob(http, base, &payload, layer).await],
        });
        let at = format!("{base}/manifests/{}.sig", manifest.replace(':', "-"));
        let put = http.put(at).header("content-type", MANIFEST).body(list.to_string()).send().await.unwrap();
        assert_eq!(put.status(), StatusCode::CREATED);
    }
}

/// Uploads `text`, and completes what a manifest says of it.
async fn put_blob(http: &Client, base: &str, text: &str, mut descriptor: Value) -> Value {
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(text)));
    let begun = http.post(format!("{base}/blobs/uploads/")).send().await.unwrap();
    let at = format!("{}&digest={digest}", begun.headers()["location"].to_str().unwrap());
    let put = http.put(at).body(text.to_owned()).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::CREATED);
    descriptor["digest"] = digest.into();
    descriptor["size"] = text.len().into();
    descriptor
}
