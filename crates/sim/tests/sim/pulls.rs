//! The life of a pull request.

use serde_json::{Value, json};
use sim::client::NewPr;

use crate::support::{REPO, World, file};

#[tokio::test(flavor = "multi_thread")]
async fn conflicts_make_a_pull_request_unmergeable() {
    let world = World::start().await;
    let alice = world.sim.user("alice").await.unwrap();
    let pr = alice.open_pr(REPO, &NewPr::of_file("mine", "hello.sh", "#!/bin/sh\necho mine\n")).await.unwrap();
    let path = format!("/repos/{REPO}/pulls/{}", pr.number);
    let shown = world.json("GET", &path, "token-bob", None).await;
    assert_eq!((shown["mergeable"].clone(), shown["mergeable_state"].clone()), (json!(true), json!("clean")));
    assert_eq!((shown["commits"].clone(), shown["changed_files"].clone()), (json!(1), json!(1)));
    alice.push(REPO, "main", None, "Theirs", &file("hello.sh", "#!/bin/sh\necho theirs\n")).await.unwrap();
    let shown = world.json("GET", &path, "token-bob", None).await;
    assert_eq!((shown["mergeable"].clone(), shown["mergeable_state"].clone()), (json!(false), json!("dirty")));
    let refused = world.send("PUT", &format!("{path}/merge"), "token-alice", Some(json!({}))).await;
    assert_eq!(refused.status().as_u16(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_merge_method_leaves_its_commits() {
    for (method, parents, new_commits) in [("merge", 2, 3), ("squash", 1, 1), ("rebase", 1, 2)] {
        let world = World::start().await;
        let alice = world.sim.user("alice").await.unwrap();
        let pr = world.open("alice", "change").await;
        alice.push_to_pr(REPO, pr.number, "Second", &file("second.txt", "two\n")).await.unwrap();
        let before = alice.push(REPO, "main", None, "Meanwhile", &file("other.txt", "x\n")).await.unwrap();
        let path = format!("/repos/{REPO}/pulls/{}/merge", pr.number);
        assert_eq!(world.status("GET", &path, "token-bob", None).await.as_u16(), 404);
        let stale = Some(json!({ "sha": pr.head_sha, "merge_method": method }));
        assert_eq!(world.status("PUT", &path, "token-alice", stale).await.as_u16(), 409);
        let merged = world.json("PUT", &path, "token-alice", Some(json!({ "merge_method": method }))).await;
        let sha = merged["sha"].as_str().unwrap();
        assert_eq!(world.status("GET", &path, "token-bob", None).await.as_u16(), 204);
        let commit = world.json("GET", &format!("/repos/{REPO}/commits/main"), "token-bob", None).await;
        assert_eq!(commit["sha"], json!(sha), "{method}");
        assert_eq!(commit["parents"].as_array().unwrap().len(), parents, "{method}");
        for path in ["change.txt", "second.txt", "other.txt"] {
            let path = format!("/repos/{REPO}/contents/{path}?ref=main");
            assert_eq!(world.status("GET", &path, "token-bob", None).await.as_u16(), 200, "{method} {path}");
        }
        let mut count = 0;
        let mut at = sha.to_owned();
        while at != before {
            count += 1;
            let commit = world.json("GET", &format!("/repos/{REPO}/commits/{at}"), "token-bob", None).await;
            // First parents only: a merge commit counts for the two that it brings.
            count += if commit["parents"].as_array().unwrap().len() == 2 { 2 } else { 0 };
            at = commit["parents"][0]["sha"].as_str().unwrap().to_owned();
        }
        assert_eq!(count, new_commits, "{method}");
        let pr = world.sim.pr(REPO, pr.number).await.unwrap();
        assert!(pr.merged && pr.state == "closed" && pr.merge_commit_sha.as_deref() == Some(sha), "{method}: {pr:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_refused() {
    let world = World::start().await;
    let pr = world.open("bowsprit-bot", "change").await;
    let path = format!("/repos/{REPO}/pulls");
    let message = async |token: &str, body: Value| {
        let response = world.send("POST", &path, token, Some(body)).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let detail = &body["errors"][0];
        let said = detail["message"].as_str().or(detail["field"].as_str()).or(body["message"].as_str());
        format!("{status} {}", said.unwrap())
    };
    let ask = |head: &str, base: &str| json!({ "title": "A title", "head": head, "base": base });
    assert_eq!(
        message("token-alice", ask("change", "main")).await,
        "422 A pull request already exists for my-org:change."
    );
    assert_eq!(message("token-alice", ask("main", "main")).await, "422 No commits between main and main");
    assert_eq!(message("token-alice", ask("absent", "main")).await, "422 head");
    assert_eq!(message("token-alice", ask("change", "absent")).await, "422 base");
    assert_eq!(message("token-alice", ask("nobody:change", "main")).await, "422 head");
    let alice = world.sim.user("alice").await.unwrap();
    alice.set_pr_state(REPO, pr.number, "closed").await.unwrap();
    assert_eq!(
        world.json("POST", &path, "token-alice", Some(ask("change", "main"))).await["number"],
        json!(pr.number + 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_the_branch_closes_and_a_plain_push_merges() {
    let world = World::start().await;
    let alice = world.sim.user("alice").await.unwrap();
    let (gone, merged) = (world.open("alice", "gone").await, world.open("alice", "merged").await);
    world.json("DELETE", &format!("/repos/{REPO}/git/refs/heads/gone"), "token-alice", None).await;
    assert_eq!(world.sim.pr(REPO, gone.number).await.unwrap().state, "closed");
    let forward = json!({ "sha": merged.head_sha });
    world.json("PATCH", &format!("/repos/{REPO}/git/refs/heads/main"), "token-alice", Some(forward)).await;
    assert!(world.sim.pr(REPO, merged.number).await.unwrap().merged);
    let refused = alice.set_pr_state(REPO, merged.number, "open").await.unwrap_err().to_string();
    assert!(refused.contains("cannot be reopened"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_counts_once_a_context() {
    let world = World::start().await;
    let pr = world.open("alice", "change").await;
    let path = format!("/repos/{REPO}/statuses/{}", pr.head_sha);
    let combined = async || {
        let path = format!("/repos/{REPO}/commits/{}/status", pr.head_sha);
        let shown = world.json("GET", &path, "token-bob", None).await;
        (shown["state"].as_str().unwrap().to_owned(), shown["total_count"].as_u64().unwrap())
    };
    assert_eq!(combined().await, ("pending".to_owned(), 0));
    for (context, state, want, count) in [
        ("unit", "pending", "pending", 1),
        ("unit", "success", "success", 1),
        ("lint", "pending", "pending", 2),
        ("lint", "error", "failure", 2),
        ("lint", "success", "success", 2),
    ] {
        let body = json!({ "state": state, "context": context, "description": "d", "target_url": "http://x/" });
        world.json("POST", &path, "token-bowsprit-bot", Some(body)).await;
        assert_eq!(combined().await, (want.to_owned(), count), "{context} {state}");
    }
    assert_eq!(world.sim.statuses(REPO, &pr.head_sha).await.unwrap().len(), 2);
    assert_eq!(world.sim.status_history(REPO, &pr.head_sha).await.unwrap().len(), 5);
    for bad in [
        json!({ "state": "success", "description": "x".repeat(141) }),
        json!({ "state": "done" }),
        json!({ "state": "success", "target_url": "ftp://x" }),
    ] {
        assert_eq!(world.status("POST", &path, "token-bowsprit-bot", Some(bad)).await.as_u16(), 422);
    }
}
