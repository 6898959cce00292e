//! Every answer of every endpoint, held to GitHub's own description.

mod ci;

use std::collections::BTreeSet;
use std::sync::Arc;

use openapi::Description;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::support::{REPO, Receiver, World, file};

const EXTRA: &str = "
orgs:
  my-org:
    hooks: [{ url: 'HOOK', secret: o }]
    teams: { core: { members: [alice] }, juniors: { parent: core, members: [bob] }, sig-a: { members: [bob], repos: { my-org/hello: read } } }
repos: { my-org/hello: { hooks: [{ url: 'HOOK', secret: r }], protected: { kept/safe: [unit] } } }
apps:
  helper:
    permissions: { checks: write, issues: write, pull_requests: write }
    hook: { url: 'HOOK', secret: a }
    installed: { my-org: [hello], mallory: [] }
";

/// Sends, checks both directions, and remembers which endpoints were seen to succeed.
struct Checked {
    world: World,
    description: Arc<Description>,
    seen: BTreeSet<(String, String)>,
    problems: Vec<String>,
    answers: usize,
}

impl Checked {
    /// Any answer that the description knows. Gives its body.
    async fn ask(&mut self, token: &str, method: &str, path: &str, body: Option<Value>, want: u16) -> Value {
        let response = self.world.send(method, path, token, body.clone()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let what = format!("{method} {path} -> {status}");
        assert_eq!(status, want, "{what}: {}", String::from_utf8_lossy(&bytes));
        let mut sent = HeaderMap::new();
        sent.insert("user-agent", "a-test".parse().unwrap());
        if body.is_some() {
            sent.insert("content-type", "application/json".parse().unwrap());
        }
        let text = body.map_or(String::new(), |body| body.to_string());
        let (bare, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        match self.description.check_request(method, bare, query, &sent, text.as_bytes()) {
            Ok(operation) => {
                let problems = self.description.check_response(&operation, status, &headers, &bytes);
                self.problems.extend(problems.iter().map(|p| format!("{what}: {}: {}", p.place, p.text)));
                self.answers += 1;
                if status < 400 {
                    self.seen.insert((operation.method.clone(), operation.template.clone()));
                }
            }
            Err(problems) => {
                self.problems.extend(problems.iter().map(|p| format!("{what}: request: {}: {}", p.place, p.text)))
            }
        }
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    }

    async fn get(&mut self, path: &str) -> Value {
        self.ask("token-alice", "GET", path, None, 200).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.ask("token-alice", "POST", path, Some(body), 201).await
    }

    async fn patch(&mut self, path: &str, body: Value) -> Value {
        self.ask("token-alice", "PATCH", path, Some(body), 200).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_answers_as_githubs_description_says() {
    let Some(description) = Description::for_tests() else { return };
    let receiver = Receiver::start().await;
    let world = World::with(sim::Options::default(), &EXTRA.replace("HOOK", &receiver.url)).await;
    let mut api = Checked { world, description, seen: BTreeSet::new(), problems: Vec::new(), answers: 0 };
    accounts(&mut api).await;
    apps(&mut api).await;
    issues(&mut api).await;
    pulls(&mut api).await;
    objects(&mut api).await;
    ci::all(&mut api).await;
    hooks(&mut api, &receiver.url).await;
    assert!(api.problems.is_empty(), "{} problems:\n{}", api.problems.len(), api.problems.join("\n"));

    let served: BTreeSet<(String, String)> =
        sim::endpoints().map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    println!("endpoints served: {}, validated: {}, answers checked: {}", served.len(), api.seen.len(), api.answers);
    assert_eq!(served, api.seen, "every endpoint that is served is validated");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_another_shape_would_be_seen() {
    let Some(description) = Description::for_tests() else { return };
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", "a-test".parse().unwrap());
    let operation = description.check_request("GET", "/user", None, &headers, b"").unwrap();
    headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    let world = World::start().await;
    let mut user = world.json("GET", "/user", "token-bob", None).await;
    let check = |user: &Value| description.check_response(&operation, 200, &headers, user.to_string().as_bytes());
    assert_eq!(check(&user), []);
    user["id"] = json!("7");
    assert_ne!(check(&user), []);
}

async fn accounts(api: &mut Checked) {
    api.get("/user").await;
    api.ask("", "GET", "/user", None, 401).await;
    api.get("/users/bob").await;
    api.get("/users/my-org").await;
    api.ask("", "GET", "/users/nobody", None, 404).await;
    api.get("/rate_limit").await;
    api.get("/orgs/my-org/members").await;
    api.ask("token-alice", "GET", "/orgs/my-org/members/bob", None, 204).await;
    api.ask("token-mallory", "GET", "/orgs/my-org/members/bob", None, 302).await;
    api.ask("token-alice", "GET", "/orgs/my-org/members/mallory", None, 404).await;
    api.get("/orgs/my-org/repos?per_page=5").await;
    api.get(&format!("/repos/{REPO}")).await;
    api.ask("token-alice", "GET", "/repos/my-org/absent", None, 404).await;
    let fork = api.world.sim.user("mallory").await.unwrap().fork(REPO).await.unwrap();
    api.get(&format!("/repos/{fork}")).await;
    api.ask("token-alice", "GET", &format!("/repos/{REPO}/collaborators/bob"), None, 204).await;
    api.ask("token-alice", "GET", &format!("/repos/{REPO}/collaborators/mallory"), None, 404).await;
    api.get(&format!("/repos/{REPO}/collaborators/bob/permission")).await;
}

async fn apps(api: &mut Checked) {
    let jwt = api.world.jwt("helper", 540);
    let id = api.world.seeded.apps["helper"].installations["my-org"];
    for path in ["/app".to_owned(), "/app/installations?per_page=1".to_owned(), format!("/app/installations/{id}")] {
        api.ask(&jwt, "GET", &path, None, 200).await;
    }
    for path in ["/orgs/my-org/installation", "/repos/my-org/hello/installation", "/users/mallory/installation"] {
        api.ask(&jwt, "GET", path, None, 200).await;
    }
    let tokens = format!("/app/installations/{id}/access_tokens");
    let narrow = json!({ "repositories": ["hello"], "permissions": { "issues": "read" } });
    let made = api.ask(&jwt, "POST", &tokens, Some(narrow), 201).await;
    api.ask(&jwt, "POST", &tokens, Some(json!({ "permissions": { "statuses": "write" } })), 422).await;
    api.ask("wrong", "POST", &tokens, Some(json!({})), 401).await;
    let token = made["token"].as_str().unwrap().to_owned();
    api.ask(&token, "GET", "/installation/repositories?per_page=10", None, 200).await;
}

async fn issues(api: &mut Checked) {
    let repo = format!("/repos/{REPO}");
    let new = json!({ "title": "An issue", "body": "text", "labels": ["bug"], "assignees": ["bob"] });
    let number = api.post(&format!("{repo}/issues"), new).await["number"].clone();
    api.ask("token-alice", "POST", &format!("{repo}/issues"), Some(json!({ "title": "" })), 422).await;
    let issue = format!("{repo}/issues/{number}");
    api.get(&format!("{repo}/issues?state=all&labels=bug&sort=updated&direction=asc&per_page=3&page=1")).await;
    api.get(&issue).await;
    api.patch(&issue, json!({ "title": "Another", "state": "closed", "labels": ["lgtm"] })).await;
    api.get(&issue).await;
    let labels = format!("{issue}/labels");
    api.ask("token-alice", "POST", &labels, Some(json!({ "labels": ["question"] })), 200).await;
    api.get(&format!("{labels}?per_page=1")).await;
    api.ask("token-alice", "PUT", &labels, Some(json!({ "labels": ["bug"] })), 200).await;
    api.ask("token-alice", "DELETE", &format!("{labels}/bug"), None, 200).await;
    api.ask("token-alice", "DELETE", &format!("{labels}/bug"), None, 404).await;
    let comments = format!("{issue}/comments");
    let comment = api.post(&comments, json!({ "body": "text" })).await;
    api.get(&format!("{comments}?per_page=100")).await;
    let comment = format!("{repo}/issues/comments/{}", comment["id"]);
    api.get(&comment).await;
    api.patch(&comment, json!({ "body": "edited" })).await;
    api.ask("token-alice", "DELETE", &comment, None, 204).await;
    api.ask("token-alice", "GET", &comment, None, 404).await;
    planned(api, &issue).await;
    api.post(&format!("{repo}/labels"), json!({ "name": "new", "color": "00ff00", "description": "a new one" })).await;
    api.get(&format!("{repo}/labels")).await;
    api.get("/search/issues?q=type%3Aissue+org%3Amy-org&per_page=10&sort=created&order=asc").await;
}

/// What can be put on an issue besides labels.
async fn planned(api: &mut Checked, issue: &str) {
    let repo = format!("/repos/{REPO}");
    let due = json!({ "title": "v1", "description": "first", "due_on": "2030-01-01T00:00:00Z" });
    let milestone = api.post(&format!("{repo}/milestones"), due.clone()).await["number"].clone();
    api.ask("token-alice", "POST", &format!("{repo}/milestones"), Some(due), 422).await;
    api.post(&format!("{repo}/milestones"), json!({ "title": "v0", "state": "closed" })).await;
    let open = api.get(&format!("{repo}/milestones?per_page=100")).await;
    assert_eq!((open.as_array().unwrap().len(), &open[0]["title"]), (1, &json!("v1")));
    let edited = api.patch(issue, json!({ "milestone": milestone, "state": "open" })).await;
    assert_eq!((&edited["milestone"]["title"], &edited["state_reason"]), (&json!("v1"), &json!("reopened")));
    api.ask("token-alice", "PATCH", issue, Some(json!({ "milestone": 99 })), 422).await;
    let closed = api.patch(issue, json!({ "state": "closed", "state_reason": "not_planned" })).await;
    assert_eq!(closed["state_reason"], "not_planned");
    api.patch(issue, json!({ "milestone": null })).await;

    let assignees = format!("{issue}/assignees");
    let assigned = api.post(&assignees, json!({ "assignees": ["alice", "mallory"] })).await;
    assert_eq!(assigned["assignees"].as_array().unwrap().len(), 2, "bob was there before, mallory is nobody here");
    api.ask("token-alice", "DELETE", &assignees, Some(json!({ "assignees": ["alice"] })), 200).await;

    let comment = api.post(&format!("{issue}/comments"), json!({ "body": "text" })).await["id"].clone();
    for reactions in [format!("{issue}/reactions"), format!("{repo}/issues/comments/{comment}/reactions")] {
        api.post(&reactions, json!({ "content": "+1" })).await;
        api.ask("token-alice", "POST", &reactions, Some(json!({ "content": "+1" })), 200).await;
        let shrug = Some(json!({ "content": "shrug" }));
        assert_eq!(api.world.status("POST", &reactions, "token-alice", shrug).await.as_u16(), 422);
        api.get(&format!("{reactions}?content=%2B1&per_page=5")).await;
    }
    assert_eq!(api.get(issue).await["reactions"]["+1"], 1);

    let events = api.get(&format!("{issue}/events?per_page=100")).await;
    let events: Vec<&str> = events.as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    let want = "labeled renamed closed unlabeled labeled labeled unlabeled unlabeled labeled unlabeled milestoned \
                reopened closed demilestoned assigned unassigned";
    assert_eq!(events.join(" "), want);
}

async fn pulls(api: &mut Checked) {
    let repo = format!("/repos/{REPO}");
    let mallory = api.world.sim.user("mallory").await.unwrap();
    let fork = mallory.fork(REPO).await.unwrap();
    mallory.push(&fork, "change", Some("main"), "A change", &file("hello.sh", "#!/bin/sh\necho hi\n")).await.unwrap();
    let new = json!({ "title": "A change", "body": "text", "head": "mallory:change", "base": "main", "draft": false });
    let opened = api.ask("token-mallory", "POST", &format!("{repo}/pulls"), Some(new.clone()), 201).await;
    api.ask("token-mallory", "POST", &format!("{repo}/pulls"), Some(new), 422).await;
    let (number, head) = (opened["number"].clone(), opened["head"]["sha"].as_str().unwrap().to_owned());
    let pull = format!("{repo}/pulls/{number}");
    api.get(&pull).await;
    api.get(&format!("{repo}/pulls?state=open&head=mallory:change&base=main&sort=created&direction=desc")).await;
    api.patch(&pull, json!({ "title": "A better change", "body": "more text" })).await;
    api.get(&format!("{pull}/files?per_page=100")).await;
    api.get(&format!("{pull}/commits")).await;
    api.ask(
        "token-alice",
        "POST",
        &format!("{pull}/reviews"),
        Some(json!({ "event": "APPROVE", "body": "good" })),
        200,
    )
    .await;
    let comments = json!([{ "path": "hello.sh", "position": 3, "body": "here" }]);
    let review = json!({ "event": "COMMENT", "body": "", "comments": comments });
    api.ask("token-bob", "POST", &format!("{pull}/reviews"), Some(review), 200).await;
    let nowhere = json!([{ "path": "hello.sh", "position": 99, "body": "here" }]);
    let review = json!({ "event": "COMMENT", "body": "", "comments": nowhere });
    api.ask("token-bob", "POST", &format!("{pull}/reviews"), Some(review), 422).await;
    api.get(&format!("{pull}/comments?per_page=100")).await;
    api.get(&format!("{pull}/reviews")).await;
    let requests = format!("{pull}/requested_reviewers");
    api.post(&requests, json!({ "reviewers": ["bob"], "team_reviewers": ["sig-a"] })).await;
    // The description has no body for this one; GitHub sends one all the same.
    let stranger = Some(json!({ "reviewers": ["mallory"] }));
    assert_eq!(api.world.status("POST", &requests, "token-alice", stranger).await.as_u16(), 422);
    api.get(&pull).await;
    api.get(&format!("{repo}/issues/{number}/events")).await;
    let back = json!({ "reviewers": ["bob"], "team_reviewers": ["sig-a"] });
    api.ask("token-alice", "DELETE", &requests, Some(back), 200).await;
    api.get(&format!("{repo}/commits/{head}/pulls?per_page=100")).await;
    let status = json!({ "state": "success", "context": "unit", "description": "done", "target_url": "http://x/" });
    api.post(&format!("{repo}/statuses/{head}"), status).await;
    api.get(&format!("{repo}/commits/{head}/status?per_page=100")).await;
    api.get(&format!("{repo}/commits/{head}/statuses")).await;
    api.ask("token-alice", "GET", &format!("{pull}/merge"), None, 404).await;
    api.ask("token-alice", "PUT", &format!("{pull}/merge"), Some(json!({ "sha": "f".repeat(40) })), 409).await;
    api.ask("token-alice", "PUT", &format!("{pull}/merge"), Some(json!({ "merge_method": "squash" })), 200).await;
    api.ask("token-alice", "GET", &format!("{pull}/merge"), None, 204).await;
    api.ask("token-alice", "PUT", &format!("{pull}/merge"), Some(json!({})), 405).await;
    api.get(&pull).await;
}

async fn objects(api: &mut Checked) {
    let repo = format!("/repos/{REPO}");
    let main = api.get(&format!("{repo}/git/ref/heads/main")).await["object"]["sha"].as_str().unwrap().to_owned();
    api.ask("token-alice", "GET", &format!("{repo}/git/ref/heads/mai"), None, 404).await;
    api.get(&format!("{repo}/git/matching-refs/heads/")).await;
    let new = json!({ "ref": "refs/heads/topic/one", "sha": main });
    api.post(&format!("{repo}/git/refs"), new.clone()).await;
    api.ask("token-alice", "POST", &format!("{repo}/git/refs"), Some(new), 422).await;
    let parent = api.get(&format!("{repo}/commits/main")).await["parents"][0]["sha"].as_str().unwrap().to_owned();
    let topic = format!("{repo}/git/refs/heads/topic/one");
    api.ask("token-alice", "PATCH", &topic, Some(json!({ "sha": parent })), 422).await;
    api.patch(&topic, json!({ "sha": parent, "force": true })).await;
    api.get(&format!("{repo}/branches?per_page=100")).await;
    api.get(&format!("{repo}/branches/topic/one")).await;
    api.ask("token-alice", "DELETE", &topic, None, 204).await;
    api.get(&format!("{repo}/commits/{main}")).await;
    api.get(&format!("{repo}/contents/hello.sh?ref=main")).await;
    let alice = api.world.sim.user("alice").await.unwrap();
    alice.push(REPO, "main", None, "A directory", &file("docs/one.md", "one\n")).await.unwrap();
    let docs = api.get(&format!("{repo}/contents/docs")).await;
    assert_eq!((&docs[0]["path"], &docs[0]["type"]), (&json!("docs/one.md"), &json!("file")));
    // The root is the empty path, which the description's template does not hold.
    let root = api.world.json("GET", &format!("{repo}/contents/"), "token-alice", None).await;
    assert!(root.as_array().unwrap().iter().any(|entry| entry["path"] == "docs" && entry["type"] == "dir"));
    api.ask("token-alice", "GET", &format!("{repo}/contents/absent"), None, 404).await;
}

async fn hooks(api: &mut Checked, url: &str) {
    api.world.sim.quiesce(std::time::Duration::from_secs(30)).await.unwrap();
    for (base, wide) in [(format!("/repos/{REPO}/hooks"), false), ("/orgs/my-org/hooks".to_owned(), true)] {
        let listed = api.get(&format!("{base}?per_page=10")).await;
        let seeded = format!("{base}/{}", listed[0]["id"]);
        let config = json!({ "url": format!("{url}/2"), "content_type": "json", "secret": "s" });
        let mut new = json!({ "config": config, "events": ["push"], "active": true });
        if wide {
            new["name"] = json!("web");
        }
        let made = api.post(&base, new).await["id"].clone();
        let hook = format!("{base}/{made}");
        api.get(&hook).await;
        api.patch(&hook, json!({ "events": ["push", "issues"], "active": false })).await;
        api.ask("token-alice", "POST", &format!("{hook}/pings"), None, 204).await;
        api.ask("token-alice", "DELETE", &hook, None, 204).await;
        api.ask("token-alice", "GET", &hook, None, 404).await;
        let deliveries = api.get(&format!("{seeded}/deliveries?per_page=2")).await;
        let delivery = format!("{seeded}/deliveries/{}", deliveries[0]["id"]);
        api.get(&delivery).await;
        api.ask("token-alice", "POST", &format!("{delivery}/attempts"), None, 202).await;
    }
    let jwt = api.world.jwt("helper", 540);
    api.ask(&jwt, "GET", "/app/hook/config", None, 200).await;
    api.ask(&jwt, "PATCH", "/app/hook/config", Some(json!({ "secret": "another" })), 200).await;
    let deliveries = api.ask(&jwt, "GET", "/app/hook/deliveries?per_page=1", None, 200).await;
    let delivery = format!("/app/hook/deliveries/{}", deliveries[0]["id"]);
    api.ask(&jwt, "GET", &delivery, None, 200).await;
    api.ask(&jwt, "POST", &format!("{delivery}/attempts"), None, 202).await;
}
