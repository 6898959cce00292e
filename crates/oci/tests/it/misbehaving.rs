//! A registry that is wrong, or lies.

use oci::{Cache, Credentials, LAYER_TYPE, MOST_COMPONENT_BYTES, OciError, Registries, digest_of, fetch};

use crate::stage::{Answer, Stage, manifest};

const COMPONENT: &[u8] = b"\0asm component";

async fn pull(stage: &Stage, digest: &oci::Digest) -> Result<Vec<u8>, OciError> {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().to_owned()).unwrap();
    let registries = Registries::new(Credentials::default());
    let fetched = fetch(&registries, &cache, &stage.reference("a/b:1"), digest, None).await;
    if fetched.is_err() {
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is kept of what is refused");
    }
    fetched.map(|fetched| std::fs::read(fetched.path).unwrap())
}

#[track_caller]
fn refused(result: Result<Vec<u8>, OciError>, part: &str) {
    let said = result.unwrap_err().to_string();
    assert!(said.contains(part), "{said:?} lacks {part:?}");
}

#[tokio::test]
async fn a_component_as_wkg_pushes_it_is_taken() {
    let stage = Stage::start().await;
    let digest = stage.component("a/b", "1", COMPONENT);
    assert_eq!(pull(&stage, &digest).await.unwrap(), COMPONENT);
    assert_eq!(
        Registries::new(Credentials::default()).manifest(&stage.reference("a/b:1")).await.unwrap().digest,
        digest
    );
}

#[tokio::test]
async fn what_has_another_digest_is_refused() {
    let stage = Stage::start().await;
    let digest = stage.component("a/b", "1", COMPONENT);
    let blob = format!("/v2/a/b/blobs/{}", digest_of(COMPONENT));
    stage.put(&blob, Answer::ok(b"\0asm another !!"[..COMPONENT.len()].as_ref()));
    refused(pull(&stage, &digest).await, "was changed on its way");
    // Longer than announced, shorter than announced.
    stage.put(&blob, Answer::ok(&[COMPONENT, b"more"].concat()));
    refused(pull(&stage, &digest).await, "more than 14 are not taken");
    stage.put(&blob, Answer::ok(&COMPONENT[..3]));
    refused(pull(&stage, &digest).await, "was changed on its way");
    stage.put(&format!("/v2/a/b/manifests/{digest}"), Answer::ok(b"{}"));
    refused(pull(&stage, &digest).await, "was changed on its way");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let stage = Stage::start().await;
    let announced = manifest(b"{}", LAYER_TYPE, COMPONENT, MOST_COMPONENT_BYTES + 1);
    let digest = stage.manifest("a/b", "1", &announced);
    stage.blob("a/b", COMPONENT);
    refused(pull(&stage, &digest).await, "has 67108865 bytes; more than 67108864");
    assert!(stage.asked().iter().all(|asked| !asked.path.contains("/blobs/")), "it was not even asked for");
    let just = manifest(b"{}", LAYER_TYPE, COMPONENT, MOST_COMPONENT_BYTES);
    assert_eq!(pull(&stage, &stage.manifest("a/b", "1", &just)).await.unwrap(), COMPONENT);
    stage.put("/v2/a/b/manifests/huge", Answer::ok(&vec![b' '; (4 << 20) + 1]));
    let huge = Registries::new(Credentials::default()).manifest(&stage.reference("a/b:huge")).await.unwrap_err();
    assert!(matches!(huge, OciError::TooLarge { .. }), "{huge}");
}

#[tokio::test]
async fn what_is_no_component_is_named() {
    let stage = Stage::start().await;
    let image = manifest(b"{}", "application/vnd.oci.image.layer.v1.tar+gzip", COMPONENT, 5);
    refused(pull(&stage, &stage.manifest("a/b", "1", &image)).await, "no layer of `application/wasm`");
    let mut other_hash = manifest(b"{}", LAYER_TYPE, COMPONENT, 5);
    other_hash["layers"][0]["digest"] = "sha512:00".into();
    refused(pull(&stage, &stage.manifest("a/b", "1", &other_hash)).await, "is no digest");
}

#[tokio::test]
async fn a_server_in_trouble_is_an_outage_and_a_redirect_out_of_loopback_is_none() {
    let stage = Stage::start().await;
    let registries = Registries::new(Credentials::default());
    for status in [500, 503, 429] {
        stage.put("/v2/a/b/manifests/1", Answer::status(status));
        let error = registries.manifest(&stage.reference("a/b:1")).await.unwrap_err();
        assert!(error.is_outage(), "{status}: {error}");
    }
    let away = |to: &str| stage.put("/v2/a/b/manifests/1", Answer::status(307).with("location", to));
    for (to, part) in [
        ("http://192.0.2.1/latest/meta-data", "leads to 192.0.2.1 without TLS"),
        ("/v2/a/b/manifests/1", "redirects too often"),
        ("file:///etc/passwd", "no URL"),
    ] {
        away(to);
        let error = registries.manifest(&stage.reference("a/b:1")).await.unwrap_err();
        assert!(!error.is_outage() && error.to_string().contains(part), "{to}: {error}");
    }
}
