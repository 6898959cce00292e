//! A signature that the real cosign made: `tests/cosign/` says how.

use bytes::Bytes;
use oci::{Cache, Credentials, Digest, MANIFEST_TYPE, PublicKey, Registries, Signed, Wanted, digest_of, fetch, verify};
use serde_json::Value;

use crate::signed::Signatory;
use crate::stage::{Answer, Stage};

const KEY: &str = include_str!("../cosign/cosign.pub");
/// What `bowsprit plugin push` wrote.
const MANIFEST: &[u8] = include_bytes!("../cosign/manifest.json");
const CONFIG: &[u8] = include_bytes!("../cosign/config.json");
/// The component without anything in it.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// What `cosign sign` wrote.
const SIGNATURES: &[u8] = include_bytes!("../cosign/signatures.json");
const PAYLOAD: &[u8] = include_bytes!("../cosign/payload.json");

fn signed() -> Signed {
    let list: Value = serde_json::from_slice(SIGNATURES).unwrap();
    let signature = list["layers"][0]["annotations"]["dev.cosignproject.cosign/signature"].as_str().unwrap();
    Signed { payload: Bytes::from_static(PAYLOAD), signature: signature.to_owned() }
}

/// A registry that holds what the real one held.
async fn registry() -> (Stage, Digest) {
    let (stage, digest) = (Stage::start().await, digest_of(MANIFEST));
    for (version, manifest) in [(digest.to_string(), MANIFEST), (format!("sha256-{}.sig", digest.hex()), SIGNATURES)] {
        let answer = Answer::ok(manifest).with("content-type", MANIFEST_TYPE);
        stage.put(&format!("/v2/my-org/empty/manifests/{version}"), answer);
    }
    for blob in [CONFIG, COMPONENT, PAYLOAD] {
        stage.blob("my-org/empty", blob);
    }
    (stage, digest)
}

#[tokio::test]
async fn what_cosign_signed_is_taken_with_its_key_and_no_other() {
    let (stage, digest) = registry().await;
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().to_owned()).unwrap();
    let registries = Registries::new(Credentials::default());
    let of = stage.reference("my-org/empty:1.0");
    let get = async |key: PublicKey| {
        let wanted = Wanted { prefix: "127.0.0.1", keys: &[key] };
        fetch(&registries, &cache, &of, &digest, Some(wanted)).await.map_err(|error| error.to_string())
    };
    let stranger = get(Signatory::number(1).public()).await.unwrap_err();
    assert!(stranger.contains("it is by none of the keys"), "{stranger}");
    let fetched = get(PublicKey::from_pem(KEY).unwrap()).await.unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), COMPONENT);
    assert_eq!(fetched.signed_for.as_deref(), Some("127.0.0.1"));
}

#[test]
fn every_byte_that_cosign_signed_counts() {
    let (digest, signed, keys) = (digest_of(MANIFEST), signed(), [PublicKey::from_pem(KEY).unwrap()]);
    assert_eq!(verify(&digest, std::slice::from_ref(&signed), &keys), Ok(()));
    let other = verify(&digest_of(b"other"), std::slice::from_ref(&signed), &keys);
    assert_eq!(other, Err("it is a signature of something else"));
    for at in 0..signed.payload.len() {
        let mut payload = signed.payload.to_vec();
        payload[at] ^= 1;
        let changed = Signed { payload: payload.into(), signature: signed.signature.clone() };
        assert_eq!(verify(&digest, &[changed], &keys), Err("it is by none of the keys"), "byte {at}");
    }
}

#[test]
fn a_key_may_have_space_about_it() {
    assert_eq!(PublicKey::from_pem(&format!("  \n{KEY}\n\n")), PublicKey::from_pem(KEY));
}
