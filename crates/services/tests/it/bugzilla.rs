use jiff::Timestamp;
use serde_json::json;
use services::{AuthMethod, BugUpdate, Bugzilla, BugzillaOptions, Common, LinkedPullRequest};

use crate::world::{World, bug, dry, kind};

fn status(status: &str, resolution: Option<&str>) -> BugUpdate {
    BugUpdate { status: Some(status.to_owned()), resolution: resolution.map(str::to_owned), target_release: None }
}

#[tokio::test]
async fn a_bug_is_read_with_what_plugins_want_of_it() {
    let world = World::start().await;
    let bug = world.bugzilla().get_bug(5).await.unwrap();
    assert_eq!((bug.id, bug.summary.as_str(), bug.status.as_str(), bug.is_open), (5, "It fails", "NEW", true));
    assert_eq!((bug.severity.as_str(), bug.qa_contact.as_str()), ("high", "qa@example.com"));
    assert_eq!((bug.product.as_str(), bug.component.as_str()), ("Product", "component"));
    assert_eq!((bug.target_release, bug.version), (vec!["4.1.0".to_owned()], vec!["unspecified".to_owned()]));
    assert_eq!((bug.depends_on, bug.blocks, bug.groups.len()), (vec![], vec![6], 0));
    assert_eq!(kind(world.bugzilla().get_bug(999).await), "not found");
    assert_eq!(kind(world.bugzilla().get_bug(7).await), "denied");
}

#[tokio::test]
async fn each_way_to_show_the_key_works_where_it_is_looked_for() {
    let world = World::start().await;
    for (place, method) in
        [("bearer", AuthMethod::Bearer), ("query", AuthMethod::Query), ("header", AuthMethod::Header)]
    {
        world.seed(&format!("bugzilla: {{key_in: [{place}]}}")).await;
        for tried in [AuthMethod::Bearer, AuthMethod::Query, AuthMethod::Header, AuthMethod::QueryAndHeader] {
            let client = world.bugzilla_as(Some("bugzilla-key"), tried, &Common::default());
            let shown = tried == method || (tried == AuthMethod::QueryAndHeader && method != AuthMethod::Bearer);
            let result = client.update_bug(5, &status("ON_QA", None)).await;
            assert_eq!(result.is_ok(), shown, "{place}, {tried:?}: {result:?}");
        }
    }
    let client = world.bugzilla_as(Some("wrong"), AuthMethod::Header, &Common::default());
    assert_eq!(kind(client.get_bug(5).await), "denied");
    let anonymous = world.bugzilla_as(None, AuthMethod::default(), &Common::default());
    anonymous.get_bug(5).await.unwrap();
    assert_eq!(kind(anonymous.update_bug(5, &status("ON_QA", None)).await), "denied");
}

#[tokio::test]
async fn only_what_is_named_is_changed() {
    let world = World::start().await;
    let bugzilla = world.bugzilla();
    bugzilla.update_bug(5, &BugUpdate::default()).await.unwrap();
    assert_eq!(world.requests("/_bugzilla").await, [""; 0]);
    bugzilla.update_bug(5, &status("ON_QA", None)).await.unwrap();
    let seen = bugzilla.get_bug(5).await.unwrap();
    assert_eq!((seen.status.as_str(), &seen.target_release[..]), ("ON_QA", &["4.1.0".to_owned()][..]));
    bugzilla.update_bug(5, &status("CLOSED", Some("ERRATA"))).await.unwrap();
    let seen = bugzilla.get_bug(5).await.unwrap();
    assert_eq!((seen.status.as_str(), seen.resolution.as_str(), seen.is_open), ("CLOSED", "ERRATA", false));
    assert_eq!(kind(bugzilla.update_bug(5, &status("NO_SUCH", None)).await), "invalid");
    assert_eq!(kind(bugzilla.update_bug(6, &status("CLOSED", None)).await), "invalid");
    let reader = world.bugzilla_as(Some("reader-key"), AuthMethod::default(), &Common::default());
    assert_eq!(kind(reader.update_bug(5, &status("NEW", None)).await), "denied");
}

#[tokio::test]
async fn a_comment_in_doubt_is_found_by_its_text_and_author() {
    let world = World::start().await;
    let bugzilla = world.bugzilla();
    let since = Timestamp::now();
    let text = "Moved.\r\nSee the pull request. ";
    assert_eq!(bugzilla.find_comment(5, text, true, since).await.unwrap(), None);
    world.fault("/comment", "POST", "reset-after").await;
    let error = bugzilla.create_comment(5, text, true).await.unwrap_err();
    assert!(error.is_in_doubt(), "{error}");
    let found = bugzilla.find_comment(5, text, true, since).await.unwrap().unwrap();
    let comments = bug(&world, 5).await["comments"].clone();
    assert_eq!((&comments[1]["id"], &comments[1]["is_private"]), (&json!(found), &json!(true)));
    assert_eq!(bugzilla.find_comment(5, text, false, since).await.unwrap(), None);
    assert_eq!(bugzilla.find_comment(5, "Moved.", true, since).await.unwrap(), None);
    let later = since + jiff::SignedDuration::from_mins(5);
    assert_eq!(bugzilla.find_comment(5, text, true, later).await.unwrap(), None);
    world.seed("bugzilla: {accounts: [{login: other@example.com, api_key: other-key, insider: true}]}").await;
    let other = world.bugzilla_as(Some("other-key"), AuthMethod::default(), &Common::default());
    assert_eq!(other.find_comment(5, text, true, since).await.unwrap(), None, "it is another's");
}

#[tokio::test]
async fn a_request_that_never_arrived_is_not_in_doubt() {
    let world = World::start().await;
    let bugzilla = world.bugzilla();
    world.running.shutdown().await;
    let error = bugzilla.create_comment(5, "x", false).await.unwrap_err();
    assert!(!error.is_in_doubt() && error.retry_at(Timestamp::now()).is_some(), "{error}");
}

#[tokio::test]
async fn a_clone_depends_on_the_original_and_is_found_by_its_alias() {
    let world = World::start().await;
    let bugzilla = world.bugzilla();
    bugzilla.create_comment(5, "Still.", true).await.unwrap();
    let before = world.requests("/_bugzilla").await.len();
    let changes = BugUpdate { target_release: Some(vec!["4.0.z".to_owned()]), ..BugUpdate::default() };
    let id = bugzilla.clone_bug(5, &changes, "bowsprit-1").await.unwrap();
    let calls = world.requests("/_bugzilla").await.split_off(before);
    assert_eq!(
        calls,
        [
            "bot@example.com GET /rest/bug/5 200",
            "bot@example.com GET /rest/bug/5/comment 200",
            "bot@example.com POST /rest/bug 200",
        ]
    );
    let clone = bugzilla.get_bug(id).await.unwrap();
    assert_eq!((clone.summary.as_str(), &clone.target_release[..]), ("It fails", &["4.0.z".to_owned()][..]));
    assert_eq!((clone.depends_on, clone.blocks), (vec![5], vec![6]));
    let kept = bug(&world, id).await;
    assert_eq!(kept["fields"]["sub_components"], json!({ "component": ["sub"] }));
    let description = kept["comments"][0]["text"].as_str().unwrap();
    assert!(description.starts_with("+++ This bug was initially created as a clone of Bug #5 +++\n\nAlways."));
    assert!(description.contains("--- Additional comment from bot@example.com on "), "{description}");
    assert_eq!(kept["comments"][0]["is_private"], true, "one of the comments is");

    assert_eq!(bugzilla.find_clone("bowsprit-1").await.unwrap(), Some(id));
    assert_eq!(bugzilla.find_clone("bowsprit-2").await.unwrap(), None);
    assert_eq!(kind(bugzilla.clone_bug(5, &changes, "bowsprit-1").await), "conflict");
    for alias in ["5", "", "../bug", "a b", &"x".repeat(41)] {
        assert_eq!(kind(bugzilla.clone_bug(5, &changes, alias).await), "invalid", "{alias}");
    }
    let clones: Vec<u64> = bugzilla.list_clones(5).await.unwrap().iter().map(|bug| bug.id).collect();
    assert_eq!(clones, [id], "bug 6 is blocked too, but says something else");
    assert_eq!(bugzilla.list_clones(6).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_pull_request_is_linked_once_and_unlinked_once() {
    let world = World::start().await;
    for tracker in [None, Some(131)] {
        let options = BugzillaOptions {
            endpoint: world.sim.bugzilla_url(),
            api_key_file: Some(world.file("bugzilla-key")),
            auth_method: AuthMethod::Bearer,
            github_external_tracker_id: tracker,
        };
        let bugzilla = Bugzilla::new(options, &Common::default()).unwrap();
        assert!(bugzilla.add_pull_request(5, "o", "r", 7).await.unwrap());
        assert!(!bugzilla.add_pull_request(5, "o", "r", 7).await.unwrap());
        let linked = LinkedPullRequest { org: "o".to_owned(), repo: "r".to_owned(), number: 7 };
        assert_eq!(bugzilla.list_pull_requests(5).await.unwrap(), [linked]);
        assert!(bugzilla.remove_pull_request(5, "o", "r", 7).await.unwrap());
        assert!(!bugzilla.remove_pull_request(5, "o", "r", 7).await.unwrap());
        assert_eq!(bugzilla.list_pull_requests(5).await.unwrap(), []);
        assert_eq!(kind(bugzilla.add_pull_request(999, "o", "r", 7).await), "not found");
    }
    let wrong = world.bugzilla_as(Some("wrong"), AuthMethod::Bearer, &Common::default());
    assert_eq!(kind(wrong.add_pull_request(5, "o", "r", 7).await), "denied");
}

#[tokio::test]
async fn a_dry_run_reads_and_writes_nothing() {
    let world = World::start().await;
    let before = world.sim.bugzilla().await.unwrap();
    let bugzilla = world.bugzilla_as(Some("bugzilla-key"), AuthMethod::default(), &dry());
    bugzilla.create_comment(5, "x", false).await.unwrap();
    bugzilla.update_bug(5, &status("ON_QA", None)).await.unwrap();
    assert_eq!(bugzilla.clone_bug(5, &BugUpdate::default(), "bowsprit-1").await.unwrap(), 0);
    assert!(!bugzilla.add_pull_request(5, "o", "r", 7).await.unwrap());
    assert!(!bugzilla.remove_pull_request(5, "o", "r", 7).await.unwrap());
    assert_eq!(world.sim.bugzilla().await.unwrap(), before);
    assert!(world.requests("/_bugzilla").await.iter().all(|request| request.contains(" GET ")));
}
