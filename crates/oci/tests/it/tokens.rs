//! Registries that give out tokens, and those that keep their blobs elsewhere.

use bytes::Bytes;
use oci::{About, Credentials, OciError, Registries, push};

use crate::stage::{Answer, Asked, Stage};

/// A registry whose manifest is for bearers of `t0ken` alone, which its token server gives to whom it likes.
async fn guarded() -> Stage {
    let stage = Stage::start().await;
    stage.manifest("a/b", "1", &serde_json::json!({}));
    let challenge =
        format!(r#"Bearer realm="http://{}/token",service="the registry",scope="repository:a/b:pull""#, stage.host);
    let mut answer = Answer::ok(b"{}").with("www-authenticate", challenge);
    answer.only_for = Some("Bearer t0ken".to_owned());
    stage.put("/v2/a/b/manifests/1", answer);
    stage.put("/token", Answer::ok(br#"{"token":"t0ken"}"#));
    stage
}

fn with(stage: &Stage, auth: &str) -> (tempfile::TempDir, Registries) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.json");
    std::fs::write(&file, format!(r#"{{"auths":{{"{}":{auth}}}}}"#, stage.host)).unwrap();
    (dir, Registries::new(Credentials::of_file(file)))
}

fn token_calls(asked: &[Asked]) -> Vec<&Asked> {
    asked.iter().filter(|asked| asked.path == "/token").collect()
}

#[tokio::test]
async fn a_token_is_had_once_with_the_login_and_shown_to_the_registry_alone() {
    let stage = guarded().await;
    // bob:pw
    let (_dir, registries) = with(&stage, r#"{"auth":"Ym9iOnB3"}"#);
    for _ in 0..3 {
        registries.manifest(&stage.reference("a/b:1")).await.unwrap();
    }
    let asked = stage.asked();
    let calls = token_calls(&asked);
    assert_eq!(calls.len(), 1, "{asked:?}");
    assert_eq!(calls[0].authorization.as_deref(), Some("Basic Ym9iOnB3"));
    assert_eq!(calls[0].query, "scope=repository%3Aa%2Fb%3Apull&service=the%20registry");
}

#[tokio::test]
async fn without_a_login_anybodys_token_is_asked_for() {
    let stage = guarded().await;
    let registries = Registries::new(Credentials::default());
    registries.manifest(&stage.reference("a/b:1")).await.unwrap();
    assert_eq!(token_calls(&stage.asked())[0].authorization, None);
    stage.put("/token", Answer::status(401));
    let refused = Registries::new(Credentials::default()).manifest(&stage.reference("a/b:1")).await.unwrap_err();
    assert!(matches!(refused, OciError::Denied { .. }), "{refused}");
}

#[tokio::test]
async fn a_token_server_out_of_loopback_is_not_asked() {
    let stage = guarded().await;
    stage.put(
        "/v2/a/b/manifests/1",
        Answer::status(401).with("www-authenticate", r#"Bearer realm="http://192.0.2.1/t""#),
    );
    let (_dir, registries) = with(&stage, r#"{"auth":"Ym9iOnB3"}"#);
    let refused = registries.manifest(&stage.reference("a/b:1")).await.unwrap_err().to_string();
    assert!(refused.contains("without TLS"), "{refused}");
}

#[tokio::test]
async fn another_server_that_we_are_sent_to_sees_no_token() {
    let (stage, storage) = (guarded().await, Stage::start().await);
    let away = Answer::status(307).with("location", format!("http://{}/blob?permit=1", storage.host));
    stage.put(
        "/v2/a/b/manifests/2",
        Answer {
            only_for: Some("Bearer t0ken".to_owned()),
            ..away.with("www-authenticate", format!(r#"Bearer realm="http://{}/token""#, stage.host))
        },
    );
    storage.put("/blob", Answer::ok(b"{}"));
    let (_dir, registries) = with(&stage, r#"{"auth":"Ym9iOnB3"}"#);
    registries.manifest(&stage.reference("a/b:2")).await.unwrap();
    let asked = storage.asked();
    assert_eq!((asked.len(), &asked[0].authorization, asked[0].query.as_str()), (1, &None, "permit=1"));
}

#[tokio::test]
async fn an_upload_that_goes_to_another_server_takes_no_token_there() {
    let (stage, storage) = (guarded().await, Stage::start().await);
    let away = Answer::status(202).with("location", format!("http://{}/upload?permit=1", storage.host));
    stage.put(
        "/v2/a/b/blobs/uploads/",
        Answer {
            only_for: Some("Bearer t0ken".to_owned()),
            ..away.with("www-authenticate", format!(r#"Bearer realm="http://{}/token""#, stage.host))
        },
    );
    stage.put("/v2/a/b/manifests/1", Answer::status(201));
    storage.put("/upload", Answer::status(201));
    let (_dir, registries) = with(&stage, r#"{"auth":"Ym9iOnB3"}"#);
    let to = stage.reference("a/b:1");
    push(&registries, &to, Bytes::from_static(b"\0asm"), &About::default(), |_| {}).await.unwrap();
    let asked = storage.asked();
    assert_eq!(asked.len(), 2, "the component and its config: {asked:?}");
    assert!(asked.iter().all(|asked| asked.authorization.is_none() && asked.query.starts_with("permit=1&digest=")));
}
