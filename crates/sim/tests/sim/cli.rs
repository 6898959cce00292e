//! The commands of `bowsprit sim` against a running stand-in.

use clap::{Args as _, Command, FromArgMatches as _};

use crate::support::{REPO, World};

fn command() -> Command {
    sim::cli::Args::augment_args(Command::new("sim"))
}

async fn run(world: &World, arguments: &[&str]) -> anyhow::Result<()> {
    let all = ["sim", "--url", &world.running.url].into_iter().chain(arguments.iter().copied());
    let matches = command().try_get_matches_from(all)?;
    sim::cli::run(sim::cli::Args::from_arg_matches(&matches)?).await
}

#[test]
fn the_arguments_hold_together() {
    command().debug_assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_from_the_command_line() {
    let world = World::start().await;
    run(&world, &["pr", "open", REPO, "--as", "bob", "--file", "a.txt=one"]).await.unwrap();
    run(&world, &["pr", "push", REPO, "1", "--as", "bob", "--file", "a.txt=two"]).await.unwrap();
    run(&world, &["comment", REPO, "1", "/lgtm", "--as", "alice"]).await.unwrap();
    run(&world, &["label", REPO, "1", "lgtm"]).await.unwrap();
    assert_eq!(world.sim.labels(REPO, 1).await.unwrap(), ["lgtm"]);
    run(&world, &["label", REPO, "1", "lgtm", "--remove"]).await.unwrap();
    assert_eq!(world.sim.labels(REPO, 1).await.unwrap(), [] as [&str; 0]);
    let page = world.send("GET", &format!("/{REPO}/pull/1"), "", None).await.text().await.unwrap();
    assert!(page.contains("my-org/hello#1 Change a.txt") && page.contains("/lgtm"), "{page}");
    run(&world, &["merge", REPO, "1"]).await.unwrap();
    assert!(world.sim.pr(REPO, 1).await.unwrap().merged);
    for read in [&["state"][..], &["requests"], &["deliveries"], &["faults", "list"], &["pr", "show", REPO, "1"]] {
        run(&world, read).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_seeds_from_the_command_line() {
    let world = World::start().await;
    run(&world, &["faults", "add", r#"{"match": {"path_prefix": "/user"}, "times": 2, "fault": "500"}"#])
        .await
        .unwrap();
    assert_eq!(world.sim.faults().await.unwrap().len(), 1);
    assert_eq!(world.status("GET", "/user", "token-bob", None).await.as_u16(), 500);
    run(&world, &["faults", "clear"]).await.unwrap();
    assert_eq!(world.status("GET", "/user", "token-bob", None).await.as_u16(), 200);
    assert!(run(&world, &["faults", "add", r#"{"fault": "501"}"#]).await.is_err());
    let seed = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(seed.path(), "orgs: { another: { members: { dora: admin } } }\n").unwrap();
    run(&world, &["seed", &seed.path().to_string_lossy()]).await.unwrap();
    assert_eq!(world.status("GET", "/orgs/another/members/dora", "token-dora", None).await.as_u16(), 204);
    let nobody = run(&world, &["comment", REPO, "1", "text", "--as", "nobody"]).await.unwrap_err().to_string();
    assert!(nobody.contains("there is no user `nobody`"), "{nobody}");
}
