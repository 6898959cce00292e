//! Against a registry that others wrote.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use oci::{About, Cache, Credentials, From, OciError, Progress, Reference, Registries, digest_of, fetch, push};

use crate::real_registry::RealRegistry;

fn reference(host: &str, rest: &str) -> Reference {
    format!("oci://{host}/{rest}").parse().unwrap()
}

fn cache() -> (tempfile::TempDir, Cache) {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().join("cache")).unwrap();
    (dir, cache)
}

#[tokio::test]
async fn what_is_pushed_is_pulled_by_tag_and_digest_and_outlives_the_registry() {
    let Some(registry) = RealRegistry::start("what_is_pushed_is_pulled_by_tag_and_digest", false) else { return };
    let registries = Registries::new(Credentials::default());
    let component = Bytes::from(vec![7; 700_000]);
    let to = reference(&registry.host, "my-org/greeter:1.0");
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let told = told.clone();
        move |progress| told.lock().unwrap().push(progress)
    };
    let about = About { imports: vec!["bowsprit:plugin/log@0.2.0".into()], ..About::default() };
    let digest = push(&registries, &to, component.clone(), &about, tell).await.unwrap();
    assert_eq!(
        told.lock().unwrap()[..],
        [
            Progress::Sent(262_144, 700_000),
            Progress::Sent(524_288, 700_000),
            Progress::Sent(700_000, 700_000),
            Progress::Manifest
        ]
    );

    let raw = registries.manifest(&to).await.unwrap();
    assert_eq!(raw.digest, digest);
    let (dir, cache) = cache();
    let fetched = fetch(&registries, &cache, &to, &digest, None).await.unwrap();
    assert_eq!((fetched.from, &fetched.component), (From::Registry, &digest_of(&component)));
    assert_eq!(std::fs::read(&fetched.path).unwrap(), component);
    assert!(fetched.path.starts_with(dir.path()));

    // The same again: the registry knows the component, and its tag moves to what it was.
    let told_again = Arc::new(Mutex::new(Vec::new()));
    let tell = {
        let told = told_again.clone();
        move |progress| told.lock().unwrap().push(progress)
    };
    assert_eq!(push(&registries, &to, component.clone(), &about, tell).await.unwrap(), digest);
    assert_eq!(told_again.lock().unwrap()[..], [Progress::Known, Progress::Manifest]);

    let missing = registries.manifest(&reference(&registry.host, "my-org/greeter:2.0")).await.unwrap_err();
    assert!(matches!(&missing, OciError::NotFound { .. }), "{missing}");
    drop(registry);
    let again = fetch(&registries, &cache, &to, &digest, None).await.unwrap();
    assert_eq!((again.from, again.path), (From::Cache, fetched.path));
    let gone = registries.manifest(&to).await.unwrap_err();
    assert!(gone.is_outage(), "{gone}");
}

#[tokio::test]
async fn a_login_is_asked_for_and_its_password_never_shown() {
    let Some(registry) = RealRegistry::start("a_login_is_asked_for", true) else { return };
    let to = reference(&registry.host, "greeter:1");
    let component = Bytes::from_static(b"\0asm");
    let try_with = async |config: &str| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        std::fs::write(&file, config).unwrap();
        let registries = Registries::new(Credentials::of_file(file));
        push(&registries, &to, component.clone(), &About::default(), |_| {}).await
    };
    let login = |auth: &str| format!(r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#, registry.host);
    // bob:s3:cret, and the same with another password.
    let digest = try_with(&login("Ym9iOnMzOmNyZXQ=")).await.unwrap();
    assert_eq!(digest.as_str().len(), 71);
    for config in ["{}".to_owned(), login("Ym9iOmd1ZXNzZWQ=")] {
        let refused = try_with(&config).await.unwrap_err();
        let said = refused.to_string();
        assert!(matches!(refused, OciError::Denied { .. }) && said.contains("log in"), "{said}");
        assert!(!said.contains("guessed") && !said.contains("Ym9i"), "{said}");
    }
}
