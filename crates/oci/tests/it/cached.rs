//! What the cache is worth.

use std::collections::BTreeSet;

use oci::{Cache, Credentials, From, Registries, fetch};

use crate::stage::Stage;

#[tokio::test]
async fn a_damaged_cache_is_fetched_anew_and_what_is_not_needed_goes() {
    let stage = Stage::start().await;
    let (one, two) = (stage.component("a/b", "1", b"\0asm one"), stage.component("a/b", "2", b"\0asm two"));
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::open(dir.path().to_owned()).unwrap();
    let registries = Registries::new(Credentials::default());
    let get = async |digest| fetch(&registries, &cache, &stage.reference("a/b:1"), digest, None).await.unwrap();
    let first = get(&one).await;
    assert_eq!((first.from, get(&one).await.from), (From::Registry, From::Cache));
    std::fs::write(&first.path, b"\0asm 0ne").unwrap();
    let again = get(&one).await;
    assert_eq!((again.from, std::fs::read(&again.path).unwrap().as_slice()), (From::Registry, &b"\0asm one"[..]));

    get(&two).await;
    std::fs::write(dir.path().join("somebody's.txt"), "kept").unwrap();
    cache.retain(&BTreeSet::from([two.clone()]));
    assert_eq!(get(&two).await.from, From::Cache);
    assert!(!first.path.exists() && dir.path().join("somebody's.txt").exists());
    assert_eq!(get(&one).await.from, From::Registry);
}
