use services::{Common, JiraAuth, RemoteLink};

use crate::world::{World, dry, kind};

const URL: &str = "https://github.com/o/r/pull/1";

#[tokio::test]
async fn an_issue_is_read_by_key_and_by_id() {
    let world = World::start().await;
    let jira = world.jira();
    let issue = jira.get_issue("ABC-123").await.unwrap();
    assert_eq!((issue.key.as_str(), issue.summary.as_str(), issue.status.as_str()), ("ABC-123", "It fails", "To Do"));
    assert_eq!(jira.get_issue(&issue.id).await.unwrap(), issue);
    assert_eq!(jira.base_url(), world.sim.jira_url());
}

#[tokio::test]
async fn what_is_no_issue_is_not_found_and_leads_nowhere_else() {
    let world = World::start().await;
    let jira = world.jira();
    for key in ["ABC-999", "", "..", "ABC-1/../../serverInfo", "ABC-1?expand=x", "ABC 1", "AB%2FC-1"] {
        assert_eq!(kind(jira.get_issue(key).await), "not found", "{key:?}");
    }
    assert_eq!(world.requests("/_jira").await, ["bot GET /rest/api/2/issue/ABC-999 404"]);
}

#[tokio::test]
async fn the_list_of_projects_is_asked_for_once() {
    let world = World::start().await;
    let jira = world.jira();
    let again = jira.for_plugin("jira");
    let (one, two) = tokio::join!(jira.list_project_keys(), again.list_project_keys());
    assert_eq!(one.unwrap(), ["EMPTY", "ABC", "DEF"]);
    assert_eq!(two.unwrap(), ["EMPTY", "ABC", "DEF"]);
    assert_eq!(world.requests("/_jira").await, ["bot GET /rest/api/2/project 200"]);
}

#[tokio::test]
async fn a_list_of_projects_that_was_not_had_is_asked_for_again() {
    let world = World::start().await;
    let jira = world.jira();
    world.fault("/project", "GET", "502").await;
    assert_eq!(kind(jira.list_project_keys().await), "later");
    assert_eq!(jira.list_project_keys().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_link_is_there_once_and_can_be_renamed() {
    let world = World::start().await;
    let jira = world.jira();
    jira.add_remote_link("ABC-123", URL, "o/r#1: Fix").await.unwrap();
    jira.add_remote_link("ABC-123", URL, "o/r#1: Fix").await.unwrap();
    let links = jira.list_remote_links("ABC-123").await.unwrap();
    let link = |title: &str| RemoteLink { id: links[0].id, url: URL.to_owned(), title: title.to_owned() };
    assert_eq!(links, [link("o/r#1: Fix")]);
    jira.update_remote_link("ABC-123", links[0].id, URL, "o/r#1: Fix it").await.unwrap();
    // After a rename, too, adding the same page adds nothing.
    jira.add_remote_link("ABC-123", URL, "o/r#1: Fix it").await.unwrap();
    assert_eq!(jira.list_remote_links("ABC-123").await.unwrap(), [link("o/r#1: Fix it")]);
    assert_eq!(kind(jira.update_remote_link("ABC-123", 999, URL, "x").await), "not found");
    assert_eq!(kind(jira.add_remote_link("ABC-123", URL, "").await), "invalid");
    assert_eq!(jira.list_remote_links("DEF-1").await.unwrap(), []);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_in_doubt_and_made_again_once() {
    let world = World::start().await;
    let jira = world.jira();
    world.fault("remotelink", "POST", "reset-after").await;
    let error = jira.add_remote_link("ABC-123", URL, "t").await.unwrap_err();
    assert!(error.is_in_doubt() && error.retry_at(jiff::Timestamp::now()).is_some(), "{error}");
    jira.add_remote_link("ABC-123", URL, "t").await.unwrap();
    assert_eq!(jira.list_remote_links("ABC-123").await.unwrap().len(), 1);
}

#[tokio::test]
async fn credentials_are_checked_each_way() {
    let world = World::start().await;
    let basic =
        |user: &str, password: &str| JiraAuth::Basic { user: user.to_owned(), password_file: world.file(password) };
    let as_them = |auth: JiraAuth| world.jira_as(auth, &Common::default());
    as_them(basic("bot", "jira-password")).get_issue("ABC-123").await.unwrap();
    assert_eq!(kind(as_them(basic("bot", "wrong")).get_issue("ABC-123").await), "denied");
    assert_eq!(kind(as_them(JiraAuth::Bearer(world.file("wrong"))).get_issue("ABC-123").await), "denied");
    assert_eq!(kind(as_them(JiraAuth::None).get_issue("ABC-123").await), "denied");
    let reader = as_them(JiraAuth::Bearer(world.file("reader-token")));
    reader.get_issue("ABC-123").await.unwrap();
    assert_eq!(kind(reader.add_remote_link("ABC-123", URL, "t").await), "denied");
}

#[tokio::test]
async fn a_dry_run_reads_and_writes_nothing() {
    let world = World::start().await;
    let jira = world.jira_as(JiraAuth::Bearer(world.file("jira-token")), &dry());
    jira.add_remote_link("ABC-123", URL, "t").await.unwrap();
    jira.update_remote_link("ABC-123", 1, URL, "t").await.unwrap();
    assert_eq!(jira.list_remote_links("ABC-123").await.unwrap(), []);
    assert_eq!(world.requests("/_jira").await, ["bot GET /rest/api/2/issue/ABC-123/remotelink 200"]);
}

#[tokio::test]
async fn requests_are_counted_as_prow_counts_them() {
    let world = World::start().await;
    let registry = prometheus::Registry::new();
    let common = Common { registry: Some(registry.clone()), ..Common::default() };
    let jira = world.jira_as(JiraAuth::Bearer(world.file("jira-token")), &common);
    jira.list_remote_links("ABC-123").await.unwrap();
    jira.get_issue("ABC-9").await.unwrap_err();
    let bugzilla = world.bugzilla_as(None, services::AuthMethod::Bearer, &common);
    bugzilla.get_bug(5).await.unwrap();
    let mut series: Vec<String> = Vec::new();
    for family in registry.gather() {
        for metric in family.get_metric() {
            let labels: Vec<String> =
                metric.get_label().iter().map(|label| format!("{}={}", label.name(), label.value())).collect();
            let count = metric.get_histogram().get_sample_count();
            series.push(format!("{} {} {count}", family.name(), labels.join(" ")));
        }
    }
    assert_eq!(
        series,
        [
            "bugzilla_request_duration method=GetBug status=200 1",
            "jira_request_duration_seconds method=GET path=/rest/api/2/issue/:issueID status=404 1",
            "jira_request_duration_seconds method=GET path=/rest/api/2/issue/:issueID/remotelink status=200 1",
        ]
    );
}
