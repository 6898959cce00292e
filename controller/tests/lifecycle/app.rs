//! A controller that is a GitHub App.

use std::os::unix::fs::PermissionsExt as _;

use controller::Options;
use prow::prowjob::ProwJobState;
use prow::refs::Refs;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use serde_json::json;

use crate::github::TOKEN;
use crate::origin::Origin;
use crate::world::World;

/// The options of a controller that is an App with a new key.
fn as_app(world: &World) -> Options {
    let key = world.folder.path().join("key.pem");
    let pem = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    std::fs::write(&key, pem.to_pkcs1_pem(rsa::pkcs8::LineEnding::LF).unwrap()).unwrap();
    let mut options = world.options();
    options.github.github_token_path = None;
    options.github.github_app_id = Some(1);
    options.github.github_app_private_key_path = Some(key);
    options
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_cloned_with_a_token_that_can_read_it_and_nothing_else() {
    let (world, origin) = (World::new().await, Origin::new());
    world.github.content.lock().unwrap().repository = Some(origin.as_files());
    let controller = world.controller_with(as_app(&world)).await;

    // Its base alone: git's oldest protocol gives out branches only.
    let clone_uri = format!("{}/o/r.git", world.github.endpoint);
    let refs = Refs { clone_uri, pulls: Vec::new(), ..origin.pull(7, "x", "x\n") };
    let script = "cat base.txt; ls $ARTIFACTS/../credentials 2>&1; grep -rs ghs_ $ARTIFACTS/..; true";
    world.create_with("pj", "unit", script, &refs, |job| job.spec.report = false).await;
    let job = world.complete("pj").await;
    let log = world.log("pj");
    assert_eq!(job.status.state, ProwJobState::Success, "{}\n{log}", job.status.description);
    assert!(log.contains("base\n") && log.contains("No such file"), "{log}");
    let minted = json!({"permissions": {"contents": "read", "metadata": "read"}, "repositories": ["r"]});
    assert_eq!(world.github.content.lock().unwrap().minted, [minted]);
    for file in [world.dir("pj").log(), world.dir("pj").options(), world.dir("pj").clone_records()] {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(TOKEN), "{}", file.display());
    }
    controller.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_is_cloned_the_token_is_its_owner_s_alone() {
    let (world, origin) = (World::new().await, Origin::new());
    let mut options = as_app(&world);
    // One that begins when it is told to.
    let script = r#"while [ ! -e "$(dirname "${*##* }")/../go" ]; do sleep 0.05; done; exec "$@""#;
    let shell = ["sh", "-c", script, "sh"].map(str::to_owned).to_vec();
    options.supervisor = options.supervisor.map(|supervisor| [shell, supervisor].concat());
    let controller = world.controller_with(options).await;
    let clone_uri = format!("{}/o/r.git", world.github.endpoint);
    let refs = Refs { clone_uri, ..origin.pull(7, "x", "x\n") };
    // Which GitHub has not installed the App in: cloned as nobody, and told.
    let elsewhere = Refs { org: "elsewhere".into(), ..refs.clone() };
    let change = |job: &mut prow::prowjob::ProwJob| job.spec.extra_refs = vec![elsewhere];
    world.create_with("pj", "unit", "true", &refs, change).await;
    world.until("it has its orders", || async { world.dir("pj").options().exists() }).await;
    let token = world.dir("pj").credentials().join("0");
    assert_eq!(std::fs::read_to_string(&token).unwrap(), TOKEN);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&token), mode(&world.dir("pj").credentials())), (0o600, 0o700));
    let options = std::fs::read_to_string(world.dir("pj").options()).unwrap();
    assert!(options.contains("elsewhere/r is cloned as nobody") && !options.contains(TOKEN), "{options}");
    std::fs::write(world.folder.path().join("go"), "").unwrap();
    world.store.delete("pj").await.unwrap();
    world.until("the folder is gone", || async { !world.dir("pj").path().exists() }).await;
    controller.stop().await;
}
