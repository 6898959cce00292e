//! The stand-ins, tried with clients that other people wrote.

use std::path::Path;

use tokio::process::Command;

use crate::world::World;

/// Runs the script with the Python that has the clients.
async fn run(test: &str, script: &str, args: &[&str]) {
    let Some(python) = counterparts::find(test, "python/bin/python") else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
    let mut command = Command::new(python);
    command.arg("-I").arg(script).args(args).kill_on_drop(true);
    // The clients are not to find proxies or files of the user's.
    command.env_clear().env("HOME", "/nonexistent");
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
async fn the_python_client_jira_agrees_with_the_stand_in_and_with_ours() {
    let world = World::start().await;
    let test = "the_python_client_jira_agrees_with_the_stand_in_and_with_ours";
    let ours = world.jira();
    ours.add_remote_link("ABC-123", "https://github.com/o/r/pull/1", "o/r#1: ours").await.unwrap();
    run(test, "jira_client.py", &[&world.sim.jira_url()]).await;
    if counterparts::find(test, "python/bin/python").is_some() {
        let links = ours.list_remote_links("ABC-123").await.unwrap();
        let titles: Vec<&str> = links.iter().map(|link| link.title.as_str()).collect();
        assert_eq!(titles, ["o/r#1: theirs", "o/r#2: new"]);
    }
}

#[tokio::test]
async fn python_bugzilla_agrees_with_the_stand_in_and_with_ours() {
    let world = World::start().await;
    let test = "python_bugzilla_agrees_with_the_stand_in_and_with_ours";
    let ours = world.bugzilla();
    ours.create_comment(5, "Ours.", false).await.unwrap();
    ours.add_pull_request(5, "o", "r", 7).await.unwrap();
    let clone = ours.clone_bug(5, &services::BugUpdate::default(), "a-clone").await.unwrap();
    run(test, "bugzilla_client.py", &[&world.sim.bugzilla_url(), &clone.to_string()]).await;
    if counterparts::find(test, "python/bin/python").is_some() {
        let bug = ours.get_bug(5).await.unwrap();
        assert_eq!((bug.status.as_str(), bug.resolution.as_str()), ("CLOSED", "NOTABUG"));
    }
}
