//! Each check, its code, and that they come in their order.

use store::{Filter, Scope};

use super::*;
use crate::test_data;

fn good() -> Post {
    Post::new(about("org/a"), "key-a")
}

#[tokio::test]
async fn each_check_has_its_code() {
    let world = World::start(LEVELS).await;
    let form = || good().with("Content-Type", "application/x-www-form-urlencoded");
    let rows = [
        ("a good delivery", good(), 200),
        ("not POST", good().method("GET"), 405),
        ("not POST, PUT", good().method("PUT"), 405),
        ("no event", good().without("X-GitHub-Event"), 400),
        ("an empty event", good().with("X-GitHub-Event", ""), 400),
        ("no GUID", good().without("X-GitHub-Delivery"), 400),
        ("an empty GUID", good().with("X-GitHub-Delivery", ""), 400),
        ("a GUID that is no UUID", good().with("X-GitHub-Delivery", "any text"), 200),
        ("no signature", good().without("X-Hub-Signature-256"), 403),
        ("sha1 only", good().without("X-Hub-Signature-256").with("X-Hub-Signature", "sha1=00"), 403),
        ("no content type", good().without("Content-Type"), 400),
        ("another content type", good().with("Content-Type", "text/json"), 400),
        ("form-encoded", form(), 400),
        ("a charset", good().with("Content-Type", "application/json; charset=utf-8"), 200),
        ("upper case content type", good().with("Content-Type", "Application/JSON"), 200),
        ("unknown repository's key", Post::new(about("org/a"), "key-b"), 403),
        ("the organization's key, where the repository has one", Post::new(about("org/a"), "key-org"), 403),
        ("the organization's key", Post::new(about("org/other"), "key-org"), 200),
        ("the key for everyone", Post::new(about("else/where"), "key-any"), 200),
        ("a wrong key", Post::new(about("org/a"), "wrong"), 403),
        ("a truncated signature", good().with("X-Hub-Signature-256", &sign("key-a", &good().body)[..70]), 403),
        ("an upper case SHA256=", good().with("X-Hub-Signature-256", sign("key-a", &good().body).to_uppercase()), 403),
        ("no such repository", Post::new(r#"{"repository":{"full_name":"no repo"}}"#, "key-any"), 403),
        ("org-level", Post::new(r#"{"organization":{"login":"org"}}"#, "key-org"), 200),
        ("neither repository nor organization", Post::new("{}", "key-any"), 200),
        ("ping", good().with("X-GitHub-Event", "ping"), 200),
        ("an event of tomorrow", good().with("X-GitHub-Event", "of_tomorrow"), 200),
    ];
    for (what, post, want) in rows {
        world.check(what, &post, want).await;
    }
    let upper = sign("key-a", &good().body).replace("sha256=", "").to_uppercase();
    let upper = good().with("X-Hub-Signature-256", format!("sha256={upper}"));
    world.check("upper case digits", &upper, 200).await;
    let form = world.check("form-encoded", &form(), 400).await.text;
    assert!(form.contains("Content type") && form.contains("application/json"), "{form}");
    let sha1 = world.check("no signature", &good().without("X-Hub-Signature-256"), 403).await.text;
    assert!(sha1.contains("X-Hub-Signature-256"), "{sha1}");
    let wrong = world.check("a wrong key", &Post::new(about("org/a"), "wrong"), 403).await.text;
    assert!(wrong.contains("org/a") && !wrong.contains("key-a"), "{wrong}");
    world.end().await;
}

/// A request with two faults is refused for the one that is looked for first.
#[tokio::test]
async fn checks_come_in_their_order() {
    let world = World::start(LEVELS).await;
    let bad = Post::new("not JSON", "wrong").with("Content-Length", "26214401").with("Content-Type", "text/plain");
    let steps = [
        (bad.clone().without("X-GitHub-Event").method("GET"), 405),
        (bad.clone().without("X-GitHub-Event").without("X-Hub-Signature-256"), 400),
        (bad.clone().without("X-GitHub-Delivery").without("X-Hub-Signature-256"), 400),
        (bad.clone().without("X-Hub-Signature-256"), 403),
        (bad.clone(), 400),
        (bad.clone().with("Content-Type", "application/json"), 413),
    ];
    for (post, want) in steps {
        let answer = client::send(world.address, &post.head()).await;
        assert_eq!(answer.status, want, "{}", answer.text);
    }
    let twice = r#"{"repository":{"full_name":"org/a"},"repository":{"full_name":"org/a"}"#;
    let scan = world.check("a duplicate, a wrong key and no JSON", &Post::new(twice, "wrong"), 403).await;
    assert!(scan.text.contains("twice"), "{}", scan.text);
    let cut = r#"{"repository":{"full_name":"org/a"}"#;
    world.check("a wrong key and no JSON", &Post::new(cut, "wrong"), 403).await;
    world.check("no JSON", &Post::new(cut, "key-a"), 400).await;
    world.end().await;
}

#[tokio::test]
async fn bad_json_is_told_from_a_bad_key() {
    for (keys, key) in [(PLAIN, "key"), (LEVELS, "key-any")] {
        let world = World::start(keys).await;
        for body in ["", " ", "nonsense", "[]", "1", "null", "{\"a\":1}}", "{\"a\":\"\u{1}\"}"] {
            world.check(body, &Post::new(body, key), 400).await;
        }
        let not_utf8 = Post::new(&b"{\"a\":\"\xff\"}"[..], key);
        world.check("not UTF-8", &not_utf8, 400).await;
        world.end().await;
    }
    let narrow = World::start(NARROW).await;
    for body in ["", "nonsense", "{}", "[]"] {
        narrow.check(body, &Post::new(body, "key-org"), 403).await;
    }
    narrow.end().await;
}

/// Holding one repository's key gives no power over another.
#[tokio::test]
async fn a_key_is_for_its_repository() {
    let world = World::start(LEVELS).await;
    let pull = |base: &str, top: &str| {
        let head = r#""head":{"repo":{"full_name":"fork/a"}}"#;
        format!(
            r#"{{"pull_request":{{{head},"base":{{"repo":{{"full_name":"{base}"}}}}}},"repository":{{"full_name":"{top}"}}}}"#
        )
    };
    let twice = |first: &str, second: &str| {
        format!(r#"{{"repository":{{"full_name":"{first}"}},"repository":{{"full_name":"{second}"}}}}"#)
    };
    let rows = [
        ("a fork's head before the base", pull("org/a", "org/a"), "key-a", 200),
        ("another base", pull("org/b", "org/a"), "key-a", 403),
        ("another base, its key", pull("org/b", "org/a"), "key-b", 403),
        ("a duplicate, own first", twice("org/a", "org/b"), "key-a", 403),
        ("a duplicate, own last", twice("org/b", "org/a"), "key-a", 403),
        (
            "a duplicate in disguise",
            twice("org/a", "org/b").replacen("repository", "repo\\u0073itory", 1),
            "key-a",
            403,
        ),
        (
            "a duplicate organization",
            r#"{"organization":{"login":"org"},"organization":{}}"#.to_owned(),
            "key-org",
            403,
        ),
        ("a nested repository of another", format!(r#"{{"x":{}}}"#, about("org/b")), "key-b", 403),
        ("an organization's name that is a repository's", about("org/b").replace("org/b", ""), "key-b", 403),
        (
            "a base without a repository",
            r#"{"pull_request":{"base":{"repo":{"full_name":"org/b"}}}}"#.to_owned(),
            "key-any",
            403,
        ),
    ];
    for (what, body, key, want) in rows {
        world.check(what, &Post::new(body, key), want).await;
    }
    let mine = Post::new(about("org/a"), "key-a");
    world.check("mine", &mine, 200).await;
    let theirs = Post::new(about("org/b"), "key-b").with("X-GitHub-Delivery", mine.guid());
    world.check("a GUID of another repository's delivery", &theirs, 403).await;
    world.end().await;
}

/// 200 means that it is there, once, as it was sent.
#[tokio::test]
async fn what_was_answered_with_200_is_in_the_inbox() {
    let world = World::start(LEVELS).await;
    let post = good();
    world.check("first", &post, 200).await;
    world.check("again", &post, 200).await;
    world.check("wrong", &Post::new(about("org/a"), "wrong"), 403).await;
    let kept = world.inbox.undispatched(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].guid(), kept[0].event(), kept[0].key_level()), (post.guid(), "issue_comment", "org/a"));
    assert_eq!(kept[0].scope(), &Scope::Repo("org/a".to_owned()));
    assert_eq!(kept[0].payload()[..], post.body);
    assert_eq!(world.counted("prow_webhook_counter", "issue_comment"), 2.0, "authenticated requests");
    assert_eq!(world.counted("prow_webhook_response_codes", "200"), 2.0);
    assert_eq!(world.counted("prow_webhook_response_codes", "403"), 1.0);
    world.end().await;
}

/// What two hooks tell of one event under two GUIDs is kept, and the second answer says whose duplicate it is.
#[tokio::test]
async fn a_second_hook_that_tells_of_the_same_event_is_told_so() {
    let world = World::start(PLAIN).await;
    let body = |hook: u32| format!(r#"{{"a":1,"repository":{{"full_name":"org/a"}},"hook":{{"id":{hook}}}}}"#);
    let first = Post::new(body(1), "key");
    world.check("first", &first, 200).await;
    let other = Post::new(body(2), "key").with("X-GitHub-Hook-ID", "2");
    let answer = world.check("another hook", &other, 200).await;
    assert!(answer.text.contains(&format!("a duplicate of {},", first.guid())), "{}", answer.text);
    let other_event = Post::new(body(3), "key").with("X-GitHub-Hook-ID", "3").with("X-GitHub-Event", "issues");
    assert_eq!(world.check("another event", &other_event, 200).await.text, "200 OK: delivery kept\n");
    assert_eq!(world.check("the same hook", &Post::new(body(1), "key"), 200).await.text, "200 OK: delivery kept\n");
    assert_eq!(world.inbox.undispatched(10).await.unwrap().len(), 3);
    assert_eq!(world.inbox.list(&Filter::default()).await.unwrap().len(), 4);
    world.end().await;
}

#[tokio::test]
async fn the_rest_of_the_port_gives_hints() {
    let world = World::start(PLAIN).await;
    assert_eq!(world.check("probe", &good().method("GET").path("/"), 200).await.text, "");
    assert_eq!(world.check("another's route", &good().method("GET").path("/plugin-help"), 200).await.text, "help");
    for path in ["/hooks", "/hook/", "/webhook"] {
        let answer = world.check(path, &good().path(path), 404).await;
        assert!(answer.text.contains("/hook"), "{}", answer.text);
    }
    let query = good().path("/hook?a=b");
    assert_eq!(world.send(&Post::new(query.body.clone(), "key").path("/hook?a=b")).await.status, 200);
    world.end().await;
}

/// Every real payload, under a key for all: taken, and none lost.
#[tokio::test]
async fn real_payloads_are_all_kept() {
    let Some(payloads) = test_data::payloads("real_payloads_are_all_kept") else { return };
    for (keys, key) in [(PLAIN, "key"), ("'*': [{value: key}]\n", "key")] {
        let world = World::start(keys).await;
        let mut sent = Vec::new();
        for payload in &payloads {
            let post = Post::new(payload.body.to_string(), key);
            let post = Post { headers: post.headers.clone(), ..post }.with("X-GitHub-Event", payload.event.clone());
            world.check(&payload.event, &post, 200).await;
            sent.push((payload.event.clone(), post));
        }
        assert_eq!(world.inbox.list(&Filter::default()).await.unwrap().len(), 337);
        for (event, post) in sent {
            let kept = world.inbox.load(post.guid()).await.unwrap().expect("answered with 200");
            assert_eq!((kept.event(), &kept.payload()[..]), (event.as_str(), &post.body[..]));
        }
        world.end().await;
    }
}
