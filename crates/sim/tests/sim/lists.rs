//! Lists, conditional requests, budgets, and the shapes of refusals.

use serde_json::{Value, json};

use crate::support::{REPO, World};

fn link(response: &reqwest::Response) -> String {
    response.headers().get("link").map_or("", |link| link.to_str().unwrap()).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_walked_by_their_links() {
    let world = World::start().await;
    let bob = world.sim.user("bob").await.unwrap();
    let number = bob.open_issue(REPO, "An issue", "").await.unwrap();
    for n in 0..25 {
        bob.comment(REPO, number, &format!("comment {n}")).await.unwrap();
    }
    let mut path = format!("/repos/{REPO}/issues/{number}/comments?per_page=10");
    let (mut bodies, mut pages) = (Vec::new(), 0);
    loop {
        let response = world.send("GET", &path, "token-bob", None).await;
        let links = link(&response);
        let page: Vec<Value> = response.json().await.unwrap();
        bodies.extend(page.into_iter().map(|comment| comment["body"].as_str().unwrap().to_owned()));
        pages += 1;
        let next = links.split(", ").find(|link| link.ends_with("rel=\"next\""));
        assert_eq!(links.contains("rel=\"last\""), next.is_some(), "{links}");
        let Some(next) = next else { break };
        path = next.trim_start_matches('<').split_once('>').unwrap().0.replace(&world.running.url, "");
    }
    assert_eq!(pages, 3);
    assert_eq!(bodies, (0..25).map(|n| format!("comment {n}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_304_and_free() {
    let world = World::start().await;
    let path = format!("/repos/{REPO}/labels");
    let first = world.send("GET", &path, "token-bob", None).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let left = |response: &reqwest::Response| response.headers()["x-ratelimit-remaining"].to_str().unwrap().to_owned();
    let before = left(&first);

    let again = world.request("GET", &path, "token-bob").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), left(&again)), (304, before.clone()));
    assert_eq!(again.text().await.unwrap(), "");

    world.json("POST", &path, "token-alice", Some(json!({ "name": "fresh", "color": "00ff00" }))).await;
    let changed = world.request("GET", &path, "token-bob").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(changed.status().as_u16(), 200);
    assert_ne!(left(&changed), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_is_403_until_it_is_raised() {
    let world = World::start().await;
    world.sim.set_rate_limit(2).await.unwrap();
    let path = format!("/repos/{REPO}");
    for want in [200, 200, 403] {
        assert_eq!(world.status("GET", &path, "token-bob", None).await.as_u16(), want);
    }
    let refused = world.send("GET", &path, "token-bob", None).await;
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    assert!(refused.text().await.unwrap().contains("API rate limit exceeded"));
    assert_eq!(world.status("GET", &path, "token-alice", None).await.as_u16(), 200);
    let limits = world.json("GET", "/rate_limit", "token-bob", None).await;
    assert_eq!(limits["rate"]["remaining"], 0);
    world.sim.set_rate_limit(5000).await.unwrap();
    assert_eq!(world.status("GET", &path, "token-bob", None).await.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_have_githubs_shapes() {
    let world = World::start().await;
    let bob = "token-bob";
    let cases = [
        ("GET", "/repos/my-org/absent".to_owned(), bob, None, 404, "Not Found"),
        ("GET", "/nothing/here".to_owned(), bob, None, 404, "Not Found"),
        ("GET", "/user".to_owned(), "wrong", None, 401, "Bad credentials"),
        ("GET", "/user".to_owned(), "", None, 401, "Requires authentication"),
        ("GET", format!("/repos/{REPO}/hooks"), bob, None, 403, "Must have admin rights to Repository."),
        ("POST", format!("/repos/{REPO}/issues"), bob, Some(json!({ "body": "no title" })), 422, "Validation Failed"),
        (
            "POST",
            format!("/repos/{REPO}/statuses/{}", "a".repeat(40)),
            "token-alice",
            Some(json!({ "state": "success" })),
            422,
            "No commit found for SHA",
        ),
        ("GET", "/search/issues?q=is:queued".to_owned(), bob, None, 422, "Validation Failed"),
    ];
    for (method, path, token, body, status, message) in cases {
        let response = world.send(method, &path, token, body).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        let body: Value = response.json().await.unwrap();
        assert!(body["message"].as_str().unwrap().starts_with(message), "{method} {path}: {body}");
        assert!(body["documentation_url"].is_string(), "{method} {path}: {body}");
    }
    let garbled = world.request("POST", &format!("/repos/{REPO}/issues"), bob).body("{").send().await.unwrap();
    assert_eq!(garbled.status().as_u16(), 400);
    let nameless = reqwest::Client::builder().no_proxy().build().unwrap();
    let nameless = nameless.get(format!("{}/rate_limit", world.running.url)).send().await.unwrap();
    assert_eq!(nameless.status().as_u16(), 403, "GitHub wants a user agent");
}

#[tokio::test(flavor = "multi_thread")]
async fn enterprise_paths_lead_to_the_same_endpoints() {
    let world = World::start().await;
    let plain = world.json("GET", &format!("/repos/{REPO}"), "token-bob", None).await;
    assert_eq!(world.json("GET", &format!("/api/v3/repos/{REPO}"), "token-bob", None).await, plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_by_qualifiers() {
    let world = World::start().await;
    let pr = world.open("mallory", "change").await;
    let alice = world.sim.user("alice").await.unwrap();
    alice.label(REPO, pr.number, "good first issue").await.unwrap();
    let issue = alice.open_issue(REPO, "A question", "about sails").await.unwrap();
    let check = async |query: &str, want: &[u64]| {
        let path = format!("/search/issues?q={}", query.replace(' ', "+"));
        let found = world.json("GET", &path, "token-bob", None).await;
        let numbers: Vec<u64> =
            found["items"].as_array().unwrap().iter().map(|i| i["number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, want, "{query}");
    };
    check("type:pr org:my-org author:mallory", &[pr.number]).await;
    check("is:pr is:merged org:my-org author:mallory", &[]).await;
    check("repo:my-org/hello is:issue", &[issue]).await;
    check("label:\"good first issue\" state:open", &[pr.number]).await;
    check("is:open -author:mallory", &[issue]).await;
    check("org:my-org sails", &[issue]).await;
    alice.merge(REPO, pr.number).await.unwrap();
    check("type:pr is:merged org:my-org author:mallory", &[pr.number]).await;
    check("is:open type:pr", &[]).await;
}
