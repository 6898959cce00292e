//! The stand-in's repositories through the real git.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::json;

use crate::support::{REPO, World};

fn git(dir: &Path, args: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.current_dir(dir).args(args);
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for who in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{who}_NAME"), "bob").env(format!("GIT_{who}_EMAIL"), "bob@users.noreply.github.com");
    }
    git.output().unwrap()
}

#[track_caller]
fn good(out: Output) -> String {
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[track_caller]
fn bad(out: Output, says: &str) {
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(!out.status.success() && said.contains(says), "{said}");
}

fn with_user(url: &str, user: &str, token: &str) -> String {
    url.replacen("http://", &format!("http://{user}:{token}@"), 1) + &format!("/{REPO}.git")
}

#[tokio::test(flavor = "multi_thread")]
async fn clone_fetch_by_sha_and_pull_refs() {
    let world = World::start().await;
    let pr = world.open("mallory", "change").await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/{REPO}.git", world.running.url);
    good(git(dir.path(), &["clone", "-q", &url, "tree"]));
    let tree = dir.path().join("tree");
    assert!(tree.join("OWNERS").exists());
    assert_eq!(good(git(&tree, &["rev-parse", "HEAD"])), pr.base_sha);

    good(git(&tree, &["fetch", "-q", "origin", &format!("refs/pull/{}/head", pr.number)]));
    assert_eq!(good(git(&tree, &["rev-parse", "FETCH_HEAD"])), pr.head_sha);
    // A commit that no ref of a shallow clone names.
    good(git(dir.path(), &["init", "-q", "bare"]));
    good(git(&dir.path().join("bare"), &["fetch", "-q", "--depth=1", &url, &pr.head_sha]));
    assert_eq!(good(git(&dir.path().join("bare"), &["show", "FETCH_HEAD:change.txt"])), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_need_a_token_that_may() {
    let world = World::start().await;
    let (dir, url) = (tempfile::tempdir().unwrap(), world.running.url.clone());
    good(git(dir.path(), &["clone", "-q", &with_user(&url, "bob", "token-bowsprit-bot"), "tree"]));
    let tree = dir.path().join("tree");
    std::fs::write(tree.join("pushed.txt"), "pushed\n").unwrap();
    good(git(&tree, &["add", "."]));
    good(git(&tree, &["commit", "-q", "-m", "Pushed"]));
    let head = good(git(&tree, &["rev-parse", "HEAD"]));
    let push = |user: &str, token: &str, to: &str| git(&tree, &["push", "-q", &with_user(&url, user, token), to]);
    bad(push("mallory", "token-mallory", "HEAD:refs/heads/main"), "403");
    bad(push("alice", "wrong", "HEAD:refs/heads/main"), "Authentication failed");
    bad(git(&tree, &["push", "-q", &format!("{url}/{REPO}.git"), "HEAD:refs/heads/main"]), "could not read Username");
    bad(push("alice", "token-alice", "HEAD:refs/pull/1/head"), "hidden ref");
    good(push("alice", "token-alice", "HEAD:refs/heads/main"));
    let branch = world.json("GET", &format!("/repos/{REPO}/branches/main"), "token-bob", None).await;
    assert_eq!(branch["commit"]["sha"], json!(head));
}

#[tokio::test(flavor = "multi_thread")]
async fn private_repositories_are_hidden_from_git_too() {
    let extra = "
repos: { my-org/secret: { private: true, collaborators: { carol: read } } }
apps:
  reader: { permissions: { contents: read }, installed: { my-org: [] } }
  blind: { permissions: { issues: write }, installed: { my-org: [] } }
";
    let world = World::with(sim::Options::default(), extra).await;
    let dir = tempfile::tempdir().unwrap();
    let clone = |user: &str, token: &str| {
        let url = with_user(&world.running.url, user, token).replace(REPO, "my-org/secret");
        let name = uuid::Uuid::new_v4().to_string();
        git(dir.path(), &["clone", "-q", &url, &name])
    };
    good(clone("carol", "token-carol"));
    bad(clone("mallory", "token-mallory"), "not found");
    let reader = world.installation_token("reader", "my-org", json!({})).await;
    good(clone("x-access-token", &reader));
    let blind = world.installation_token("blind", "my-org", json!({})).await;
    bad(clone("x-access-token", &blind), "not found");
    let narrow = world.installation_token("reader", "my-org", json!({ "repositories": ["hello"] })).await;
    bad(clone("x-access-token", &narrow), "not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_moves_the_pull_request() {
    let world = World::start().await;
    let pr = world.open("alice", "change").await;
    let (dir, url) = (tempfile::tempdir().unwrap(), with_user(&world.running.url, "alice", "token-alice"));
    good(git(dir.path(), &["clone", "-q", "-b", "change", &url, "tree"]));
    let tree = dir.path().join("tree");
    std::fs::write(tree.join("change.txt"), "two\nthree\n").unwrap();
    good(git(&tree, &["commit", "-q", "-a", "-m", "Second"]));
    good(git(&tree, &["push", "-q", "origin", "HEAD"]));
    let head = good(git(&tree, &["rev-parse", "HEAD"]));
    let after = world.sim.pr(REPO, pr.number).await.unwrap();
    assert_eq!(after.head_sha, head);
    let files = world.json("GET", &format!("/repos/{REPO}/pulls/{}/files", pr.number), "token-bob", None).await;
    assert_eq!(files[0]["filename"], "change.txt");
    assert_eq!((files[0]["status"].clone(), files[0]["additions"].clone()), (json!("added"), json!(2)));
    assert!(files[0]["patch"].as_str().unwrap().starts_with("@@ -0,0 +1,2 @@"));
}
