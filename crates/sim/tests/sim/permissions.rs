//! Which token may call what, over HTTP.

use serde_json::json;

use crate::support::{REPO, World};

const WORLD: &str = "
orgs:
  my-org:
    members: { tina: member }
    teams: { triagers: { members: [tina], repos: { my-org/hello: triage } } }
repos:
  my-org/other: {}
  my-org/secret: { private: true, collaborators: { carol: read } }
apps:
  helper:
    permissions: { issues: write, pull_requests: read, contents: read }
    installed: { my-org: [] }
";

#[tokio::test(flavor = "multi_thread")]
async fn people_may_what_their_role_allows() {
    let world = World::with(sim::Options::default(), WORLD).await;
    let pr = world.open("bob", "change").await;
    let comments = format!("/repos/{REPO}/issues/{}/comments", pr.number);
    let by_bob = world.json("POST", &comments, "token-bob", Some(json!({ "body": "mine" }))).await;
    let comment = format!("/repos/{REPO}/issues/comments/{}", by_bob["id"]);
    let labels = format!("/repos/{REPO}/issues/{}/labels", pr.number);
    let statuses = format!("/repos/{REPO}/statuses/{}", pr.head_sha);
    let pull = format!("/repos/{REPO}/pulls/{}", pr.number);
    let (requests, milestones) = (format!("{pull}/requested_reviewers"), format!("/repos/{REPO}/milestones"));
    let reviewers = || Some(json!({ "reviewers": ["alice"] }));
    let text = || Some(json!({ "body": "text" }));
    let label = || Some(json!({ "labels": ["lgtm"] }));
    let state = || Some(json!({ "state": "success" }));
    let cases = [
        ("POST", &comments, "token-mallory", text(), 201),
        ("POST", &comments, "", text(), 401),
        ("PATCH", &comment, "token-mallory", text(), 403),
        ("PATCH", &comment, "token-bob", text(), 200),
        ("PATCH", &comment, "token-bowsprit-bot", text(), 200),
        ("DELETE", &comment, "token-tina", None, 403),
        ("POST", &labels, "token-bob", label(), 403),
        ("POST", &labels, "token-tina", label(), 200),
        ("POST", &statuses, "token-tina", state(), 403),
        ("POST", &statuses, "token-bowsprit-bot", state(), 201),
        ("PATCH", &pull, "token-mallory", Some(json!({ "state": "closed" })), 403),
        ("PATCH", &pull, "token-bob", Some(json!({ "title": "Mine" })), 200),
        ("PUT", &format!("{pull}/merge"), "token-tina", Some(json!({})), 403),
        ("POST", &requests, "token-mallory", reviewers(), 403),
        ("POST", &requests, "token-tina", reviewers(), 201),
        ("POST", &milestones, "token-tina", Some(json!({ "title": "v1" })), 403),
        ("POST", &milestones, "token-bowsprit-bot", Some(json!({ "title": "v1" })), 201),
        ("POST", &format!("{comment}/reactions"), "token-mallory", Some(json!({ "content": "heart" })), 201),
        ("POST", &format!("{comment}/reactions"), "", Some(json!({ "content": "heart" })), 401),
        ("GET", &"/repos/my-org/secret".to_owned(), "token-mallory", None, 404),
        ("GET", &"/repos/my-org/secret".to_owned(), "", None, 404),
        ("GET", &"/repos/my-org/secret".to_owned(), "token-carol", None, 200),
        ("GET", &"/orgs/my-org/members/bob".to_owned(), "token-alice", None, 204),
        ("GET", &"/orgs/my-org/members/mallory".to_owned(), "token-alice", None, 404),
        ("GET", &"/orgs/my-org/members/bob".to_owned(), "token-mallory", None, 302),
        ("GET", &format!("/repos/{REPO}/collaborators/bob"), "token-bowsprit-bot", None, 204),
        ("GET", &format!("/repos/{REPO}/collaborators/mallory"), "token-bowsprit-bot", None, 404),
        ("GET", &format!("/repos/{REPO}/collaborators/bob"), "token-mallory", None, 403),
        ("GET", &"/app".to_owned(), "token-alice", None, 401),
    ];
    for (method, path, token, body, want) in cases {
        let got = world.status(method, path, token, body).await.as_u16();
        assert_eq!(got, want, "{method} {path} as {token:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn installation_tokens_may_what_they_were_given() {
    let world = World::with(sim::Options::default(), WORLD).await;
    let pr = world.open("bob", "change").await;
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let full = world.installation_token("helper", "my-org", json!({})).await;
    let reading = json!({ "permissions": { "issues": "read" } });
    let reading = world.installation_token("helper", "my-org", reading).await;
    let elsewhere = world.installation_token("helper", "my-org", json!({ "repositories": ["other"] })).await;
    let comment = |number| format!("/repos/{REPO}/issues/{number}/comments");
    let text = || Some(json!({ "body": "text" }));
    let assignees = || Some(json!({ "assignees": ["bob"] }));
    let cases = [
        ("POST", comment(issue), &full, text(), 201),
        // The token may write issues but only read pull requests.
        ("POST", comment(pr.number), &full, text(), 403),
        ("GET", comment(pr.number), &full, None, 200),
        ("GET", format!("/repos/{REPO}/contents/README.md"), &full, None, 200),
        ("POST", format!("/repos/{REPO}/statuses/{}", pr.head_sha), &full, Some(json!({ "state": "success" })), 403),
        ("POST", format!("/repos/{REPO}/issues/{issue}/assignees"), &full, assignees(), 201),
        ("POST", format!("/repos/{REPO}/issues/{}/assignees", pr.number), &full, assignees(), 403),
        ("POST", format!("/repos/{REPO}/issues/{issue}/reactions"), &reading, Some(json!({ "content": "heart" })), 403),
        ("GET", format!("/repos/{REPO}/issues/{}/events", pr.number), &reading, None, 403),
        ("GET", format!("/repos/{REPO}/pulls/{}/comments", pr.number), &full, None, 200),
        ("GET", format!("/repos/{REPO}/commits/{}/pulls", pr.head_sha), &reading, None, 403),
        ("GET", "/orgs/my-org/members/bob".to_owned(), &full, None, 403),
        ("GET", "/user".to_owned(), &full, None, 403),
        ("GET", "/repos/my-org/secret".to_owned(), &full, None, 200),
        ("GET", comment(issue), &reading, None, 200),
        ("POST", comment(issue), &reading, text(), 403),
        ("GET", format!("/repos/{REPO}/contents/README.md"), &reading, None, 403),
        ("GET", comment(issue), &elsewhere, None, 404),
        ("POST", comment(issue), &elsewhere, text(), 403),
        ("GET", "/repos/my-org/other".to_owned(), &elsewhere, None, 200),
        ("GET", "/app".to_owned(), &full, None, 401),
    ];
    for (method, path, token, body, want) in cases {
        let response = world.send(method, &path, token, body).await;
        let status = response.status().as_u16();
        assert_eq!(status, want, "{method} {path}: {}", response.text().await.unwrap());
    }
    let said = world.send("POST", &comment(pr.number), &full, text()).await;
    assert_eq!(said.headers()["x-accepted-github-permissions"], "issues=write; pull_requests=write");
    let by_bot = world.json("GET", &comment(issue), "token-bob", None).await;
    assert_eq!(by_bot[0]["user"]["login"], "helper[bot]");
    assert_eq!(by_bot[0]["user"]["type"], "Bot");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_not_made_wider_than_their_installation() {
    let world = World::with(sim::Options::default(), WORLD).await;
    let id = world.seeded.apps["helper"].installations["my-org"];
    let path = format!("/app/installations/{id}/access_tokens");
    let good = world.jwt("helper", 540);
    let cases = [
        (good.clone(), json!({ "permissions": { "contents": "write" } }), 422),
        (good.clone(), json!({ "permissions": { "administration": "read" } }), 422),
        (good.clone(), json!({ "repositories": ["absent"] }), 422),
        (good.clone(), json!({ "repositories": ["hello"], "permissions": { "issues": "read" } }), 201),
        (world.jwt("helper", -5), json!({}), 401),
        (world.jwt("helper", 3600), json!({}), 401),
        (format!("{}x", &good[..good.len() - 3]), json!({}), 401),
        ("token-alice".to_owned(), json!({}), 401),
    ];
    for (token, body, want) in cases {
        let got = world.status("POST", &path, &token, Some(body.clone())).await.as_u16();
        assert_eq!(got, want, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_triage_plans_nothing_and_is_not_told() {
    let world = World::with(sim::Options::default(), WORLD).await;
    let milestone = json!({ "title": "v1" });
    world.json("POST", &format!("/repos/{REPO}/milestones"), "token-alice", Some(milestone)).await;
    let check = async |token: &str, want: (usize, usize, bool)| {
        let new = json!({ "title": "x", "labels": ["bug"], "assignees": ["bob"], "milestone": 1 });
        let issue = world.json("POST", &format!("/repos/{REPO}/issues"), token, Some(new.clone())).await;
        let path = format!("/repos/{REPO}/issues/{}", issue["number"]);
        let edited = world.json("PATCH", &path, token, Some(new)).await;
        for seen in [issue, edited] {
            let (labels, assignees) = (seen["labels"].as_array().unwrap(), seen["assignees"].as_array().unwrap());
            assert_eq!((labels.len(), assignees.len(), seen["milestone"].is_object()), want, "{token}");
        }
    };
    check("token-mallory", (0, 0, false)).await;
    check("token-tina", (1, 1, true)).await;
}
