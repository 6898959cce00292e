//! What runs for a commit, what a branch demands, who is in a team, and what lies between two commits.

use serde_json::json;
use sim::client::NewWorkflowRun;
use sim::world::Conclusion;

use super::Checked;
use crate::support::REPO;

pub(super) async fn all(api: &mut Checked) {
    people(api).await;
    checks(api).await;
    runs(api).await;
    branches(api).await;
}

async fn people(api: &mut Checked) {
    api.get("/orgs/my-org/teams?per_page=100").await;
    let members = api.get("/orgs/my-org/teams/core/members?per_page=100").await;
    assert_eq!((&members[0]["login"], &members[1]["login"]), (&json!("alice"), &json!("bob")), "{members}");
    api.get("/orgs/my-org/teams/core/memberships/bob").await;
    // The description knows no body here, and GitHub sends its usual one.
    let absent = "/orgs/my-org/teams/juniors/memberships/alice";
    assert_eq!(api.world.status("GET", absent, "token-alice", None).await.as_u16(), 404);
    let collaborators = api.get(&format!("/repos/{REPO}/collaborators?per_page=100")).await;
    assert!(collaborators.as_array().unwrap().iter().all(|one| one["login"] != "mallory"), "{collaborators}");
}

async fn checks(api: &mut Checked) {
    let repo = format!("/repos/{REPO}");
    let token = api.world.installation_token("helper", "my-org", json!({})).await;
    let sha = api.get(&format!("{repo}/commits/main?per_page=1")).await["sha"].clone();
    let path = format!("{repo}/check-runs");
    let output = json!({ "title": "A title", "summary": "A summary" });
    let queued = json!({ "name": "lint", "head_sha": sha, "status": "in_progress" });
    api.ask(&token, "POST", &path, Some(queued), 201).await;
    let done = json!({
        "name": "lint", "head_sha": sha, "status": "completed", "conclusion": "success", "external_id": "7",
        "details_url": "https://example.com/7", "output": output,
    });
    let made = api.ask(&token, "POST", &path, Some(done), 201).await;
    let list = format!("{repo}/commits/main/check-runs");
    let newest = api.get(&format!("{list}?filter=latest&per_page=100")).await;
    assert_eq!((&newest["total_count"], &newest["check_runs"][0]["id"]), (&json!(1), &made["id"]));
    assert_eq!(api.get(&format!("{list}?filter=all&check_name=lint")).await["total_count"], 2);
    assert_eq!(api.get(&format!("{list}?check_name=other")).await["total_count"], 0);
}

async fn runs(api: &mut Checked) {
    let runs = format!("/repos/{REPO}/actions/runs");
    let head_sha = api.get(&format!("/repos/{REPO}/commits/main?per_page=1")).await["sha"].as_str().unwrap().to_owned();
    let mut new = NewWorkflowRun {
        name: "CI".to_owned(),
        event: "pull_request".to_owned(),
        head_branch: "main".to_owned(),
        head_repo: None,
        head_sha: head_sha.clone(),
        conclusion: Some(Conclusion::Failure),
        actor: "mallory".to_owned(),
    };
    let failed = api.world.sim.start_workflow_run(REPO, &new).await.unwrap();
    new.conclusion = Some(Conclusion::ActionRequired);
    let waiting = api.world.sim.start_workflow_run(REPO, &new).await.unwrap();
    let found = api.get(&format!("{runs}?branch=main&head_sha={head_sha}&status=action_required&per_page=100")).await;
    assert_eq!((&found["total_count"], &found["workflow_runs"][0]["id"]), (&json!(1), &json!(waiting)));
    api.get(&format!("{runs}/{failed}")).await;
    api.ask("token-alice", "POST", &format!("{runs}/{failed}/rerun-failed-jobs"), None, 201).await;
    assert_eq!(api.get(&format!("{runs}/{failed}")).await["run_attempt"], 2);
    api.ask("token-alice", "POST", &format!("{runs}/{waiting}/approve"), None, 201).await;
    api.ask("token-alice", "POST", &format!("{runs}/{waiting}/approve"), None, 403).await;
    api.ask("token-alice", "POST", &format!("{runs}/1/approve"), None, 404).await;
}

async fn branches(api: &mut Checked) {
    let repo = format!("/repos/{REPO}");
    let alice = api.world.sim.user("alice").await.unwrap();
    let main = api.get(&format!("{repo}/commits/main?per_page=1")).await["sha"].clone();
    alice.push(REPO, "kept/safe", Some("main"), "Safe", &crate::support::file("safe.txt", "safe\n")).await.unwrap();
    let protection = api.get(&format!("{repo}/branches/kept%2Fsafe/protection")).await;
    assert_eq!(protection["required_status_checks"]["contexts"], json!(["unit"]));
    api.ask("token-alice", "GET", &format!("{repo}/branches/main/protection"), None, 404).await;
    assert_eq!(api.get(&format!("{repo}/branches/kept%2Fsafe")).await["protected"], true);
    let kept = format!("{repo}/git/refs/heads/kept/safe");
    assert_eq!(api.world.status("DELETE", &kept, "token-alice", None).await.as_u16(), 422);
    let between = api.get(&format!("{repo}/compare/main...kept%2Fsafe?per_page=1")).await;
    assert_eq!((&between["merge_base_commit"]["sha"], &between["status"]), (&main, &json!("ahead")));
    assert_eq!((&between["ahead_by"], &between["files"][0]["filename"]), (&json!(1), &json!("safe.txt")));
    api.get(&format!("{repo}/compare/main...main")).await;
    api.ask("token-alice", "GET", &format!("{repo}/compare/main...absent"), None, 404).await;
}
