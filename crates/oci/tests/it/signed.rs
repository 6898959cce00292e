//! Signatures in cosign's layout, good and forged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use oci::{Cache, Credentials, Digest, PublicKey, Registries, Signed, Wanted, digest_of, fetch, verify};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};

use crate::stage::Stage;

/// A key pair of the tests' own; each number is another.
pub(crate) struct Signatory(SigningKey);

impl Signatory {
    pub(crate) fn number(number: u8) -> Self {
        Signatory(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_pem(&self.0.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()).unwrap()
    }

    fn sign(&self, payload: &Value) -> Signed {
        let payload = Bytes::from(serde_json::to_vec(payload).unwrap());
        let signature: DerSignature = self.0.sign(&payload);
        Signed { payload, signature: STANDARD.encode(signature.as_bytes()) }
    }
}

fn payload(digest: &Digest) -> Value {
    json!({
        "critical": {
            "identity": { "docker-reference": "" },
            "image": { "docker-manifest-digest": digest.as_str() },
            "type": "cosign container image signature",
        },
        "optional": null,
    })
}

#[test]
fn only_a_payload_of_cosigns_kind_by_a_listed_key_holds() {
    let (ours, theirs) = (Signatory::number(1), Signatory::number(2));
    let digest = digest_of(b"manifest");
    let good = ours.sign(&payload(&digest));
    let check = |signed: &[Signed], keys: &[&Signatory], want| {
        let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
        assert_eq!(verify(&digest, signed, &keys), want);
    };
    let one = std::slice::from_ref(&good);
    check(one, &[&ours], Ok(()));
    check(one, &[&theirs, &ours], Ok(()));
    check(&[theirs.sign(&payload(&digest)), good.clone()], &[&ours], Ok(()));
    check(one, &[&theirs], Err("it is by none of the keys"));
    check(one, &[], Err("it is by none of the keys"));
    check(&[], &[&ours], Err("there is no signature"));
    let mut kind = payload(&digest);
    kind["critical"]["type"] = "git commit signature".into();
    check(&[ours.sign(&kind)], &[&ours], Err("what was signed is no component"));
    check(&[ours.sign(&json!({}))], &[&ours], Err("what was signed is no such payload"));
    check(&[ours.sign(&payload(&digest_of(b"old")))], &[&ours], Err("it is a signature of something else"));
    let with = |signature: &str| Signed { signature: signature.to_owned(), ..good.clone() };
    check(&[with("*")], &[&ours], Err("a signature is not in base64"));
    check(&[with("AAAA")], &[&ours], Err("a signature is not one of ECDSA on P-256"));
    // (0, 0), which careless verifiers take for anyone's.
    check(&[with("MAYCAQACAQA=")], &[&ours], Err("it is by none of the keys"));
}

#[test]
fn only_a_public_key_on_p256_is_a_key() {
    for text in [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        // Ed25519.
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
    ] {
        let why = PublicKey::from_pem(text).unwrap_err();
        assert!(why.contains("P-256"), "{why}");
    }
}

/// Puts signatures where cosign puts them.
fn publish(stage: &Stage, of: &Digest, signed: &[Signed]) {
    let layers: Vec<Value> = signed
        .iter()
        .map(|one| {
            let digest = stage.blob("a/b", &one.payload);
            json!({
                "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "size": one.payload.len(),
                "digest": digest.as_str(), "annotations": { "dev.cosignproject.cosign/signature": one.signature },
            })
        })
        .collect();
    let config = json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": digest_of(b"{}").as_str() });
    let list = json!({ "schemaVersion": 2, "config": config, "layers": layers });
    stage.manifest("a/b", &format!("sha256-{}.sig", of.hex()), &list);
}

#[tokio::test]
async fn where_a_signature_is_demanded_nothing_else_is_taken() {
    let stage = Stage::start().await;
    let (ours, theirs) = (Signatory::number(1), Signatory::number(2));
    let digest = stage.component("a/b", "1", b"\0asm");
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().to_owned()).unwrap();
    let registries = Registries::new(Credentials::default());
    let keys = [ours.public()];
    let of = stage.reference("a/b:1");
    let get = async |keys: &[PublicKey]| {
        let wanted = Wanted { prefix: "127.0.0.1", keys };
        fetch(&registries, &cache, &of, &digest, Some(wanted)).await.map_err(|error| error.to_string())
    };
    let unsigned = get(&keys).await.unwrap_err();
    let how = format!("cosign sign --key cosign.key {}/a/b@{digest}", stage.host);
    assert!(
        unsigned.contains("`signatures.127.0.0.1` in plugins.yaml demands") && unsigned.contains(&how),
        "{unsigned}"
    );
    publish(&stage, &digest, &[theirs.sign(&payload(&digest))]);
    let stranger = get(&keys).await.unwrap_err();
    assert!(stranger.contains("by none of the keys") && stranger.contains("list the public key"), "{stranger}");
    publish(&stage, &digest, &[ours.sign(&payload(&digest_of(b"another")))]);
    assert!(get(&keys).await.unwrap_err().contains("of something else"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(!stage.asked().iter().any(|asked| asked.path.ends_with(digest_of(b"\0asm").as_str())), "not even read");

    publish(&stage, &digest, &[theirs.sign(&payload(&digest)), ours.sign(&payload(&digest))]);
    assert_eq!(get(&keys).await.unwrap().signed_for.as_deref(), Some("127.0.0.1"));
    stage.asked();
    get(&keys).await.unwrap();
    assert_eq!(stage.asked(), [], "verified again, from what is kept");
    // What is in the cache is worth no more than the keys that are listed now.
    let changed = [Signatory::number(3).public()];
    assert!(get(&changed).await.unwrap_err().contains("by none of the keys"));
}
