//! Events and generic comments, on payloads of our own and on real ones.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::actor::ActorKind;
use crate::comment::CommentAction;
use crate::event::{Event, EventBody, OrderingKey, ParseError, parse};
use crate::issue::IssueState;
use crate::review::ReviewState;

fn user(login: &str) -> Value {
    json!({"login": login, "id": 1, "type": "User"})
}

fn issue(is_pr: bool) -> Value {
    let mut issue = json!({
        "id": 10, "node_id": "issue-node", "number": 7, "title": "issue title", "body": "issue body", "state": "open",
        "user": user("issue-author"), "html_url": "issue-url", "assignees": [user("assignee")], "labels": [{"name": "bug"}],
    });
    if is_pr {
        issue["pull_request"] = json!({"url": "x"});
    }
    issue
}

fn pull_request() -> Value {
    json!({
        "id": 20, "node_id": "pr-node", "number": 8, "title": "pr title", "body": "pr body", "state": "closed",
        "user": user("pr-author"), "html_url": "pr-url", "assignees": [user("assignee")], "merged": true,
        "head": {"ref": "feature", "sha": "1", "repo": null}, "base": {"ref": "main", "sha": "2", "repo": {"full_name": "o/r"}},
    })
}

fn text() -> Value {
    json!({"id": 30, "node_id": "text-node", "body": "/test all", "user": user("writer"), "html_url": "text-url", "state": "approved"})
}

fn event(name: &str, action: &str, parts: Value) -> Event {
    let mut payload = json!({
        "action": action, "sender": user("sender"),
        "repository": {"name": "r", "full_name": "o/r", "owner": {"login": "o"}},
    });
    payload.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    parse(name, payload.to_string().as_bytes()).unwrap()
}

/// (id, node id, comment id, text, URL, author), then (number, on a PR, its author, state, title, description, URL)
type Row<'a> = (
    (u64, &'a str, Option<u64>, &'a str, &'a str, &'a str),
    (u64, bool, &'a str, IssueState, &'a str, &'a str, &'a str),
);

const ISSUE: (u64, bool, &str, IssueState, &str, &str, &str) =
    (7, false, "issue-author", Open, "issue title", "issue body", "issue-url");
const PR: (u64, bool, &str, IssueState, &str, &str, &str) =
    (8, true, "pr-author", Closed, "pr title", "pr body", "pr-url");

#[track_caller]
fn check_comment(event: &Event, want: Row<'_>) {
    let comment = event.generic_comment().unwrap_or_else(|| panic!("no comment of {event:?}"));
    let text =
        (comment.id, &*comment.node_id, comment.comment_id, &*comment.body, &*comment.html_url, &*comment.author.login);
    let thread = (
        comment.number,
        comment.is_pr,
        &*comment.issue_author.login,
        comment.issue_state,
        &*comment.issue_title,
        &*comment.issue_body,
        &*comment.issue_html_url,
    );
    let found: Row<'_> = (text, thread);
    assert_eq!(found, want);
    assert_eq!((comment.repo.full_name.as_str(), comment.assignees[0].login.as_str()), ("o/r", "assignee"));
}

use IssueState::{Closed, Open};

#[test]
fn an_issue_s_description_is_a_comment() {
    let event = event("issues", "opened", json!({"issue": issue(false)}));
    check_comment(&event, ((10, "issue-node", None, "issue body", "issue-url", "issue-author"), ISSUE));
}

#[test]
fn an_issue_comment_keeps_the_issue_s_ids() {
    for is_pr in [false, true] {
        let event = event("issue_comment", "created", json!({"issue": issue(is_pr), "comment": text()}));
        let thread = (7, is_pr, "issue-author", Open, "issue title", "issue body", "issue-url");
        check_comment(&event, ((10, "issue-node", Some(30), "/test all", "text-url", "writer"), thread));
    }
}

#[test]
fn a_pull_request_s_description_is_a_comment_of_its_author() {
    // Whoever edited it: the text counts as its author's.
    let event = event("pull_request", "edited", json!({"pull_request": pull_request()}));
    check_comment(&event, ((20, "pr-node", None, "pr body", "pr-url", "pr-author"), PR));
}

#[test]
fn a_review_has_no_ids_but_its_node() {
    let event = event("pull_request_review", "submitted", json!({"pull_request": pull_request(), "review": text()}));
    check_comment(&event, ((0, "text-node", None, "/test all", "text-url", "writer"), PR));
    assert!(matches!(event.body, EventBody::Review(review) if review.state == ReviewState::Approved));
}

#[test]
fn a_review_without_a_summary_is_an_empty_comment() {
    let mut review = text();
    review["body"] = Value::Null;
    let event = event("pull_request_review", "submitted", json!({"pull_request": pull_request(), "review": review}));
    assert_eq!(event.generic_comment().unwrap().body, "");
}

#[test]
fn a_review_comment_has_its_own_id() {
    let event =
        event("pull_request_review_comment", "created", json!({"pull_request": pull_request(), "comment": text()}));
    check_comment(&event, ((0, "text-node", Some(30), "/test all", "text-url", "writer"), PR));
}

#[track_caller]
fn check_action(name: &str, action: &str, want: Option<CommentAction>) {
    let parts = json!({"issue": issue(true), "pull_request": pull_request(), "comment": text(), "review": text()});
    let found = event(name, action, parts).generic_comment().map(|comment| comment.action);
    assert_eq!(found, want, "{name} {action}");
}

#[test]
fn actions_generalise_by_prow_s_table() {
    for name in ["issues", "issue_comment", "pull_request", "pull_request_review", "pull_request_review_comment"] {
        for action in ["created", "opened", "submitted"] {
            check_action(name, action, Some(CommentAction::Created));
        }
        check_action(name, "edited", Some(CommentAction::Edited));
        for action in ["deleted", "dismissed"] {
            check_action(name, action, Some(CommentAction::Deleted));
        }
        for action in ["closed", "reopened", "labeled", "synchronize", "assigned", "what"] {
            check_action(name, action, None);
        }
    }
}

#[test]
fn other_families_make_no_comment() {
    let push = json!({"ref": "refs/heads/main", "before": "1", "after": "2"});
    assert!(event("push", "created", push).generic_comment().is_none());
    assert!(event("label", "created", json!({"comment": text()})).generic_comment().is_none());
}

#[test]
fn keys_order_what_must_not_overtake() {
    let key = |name, parts| event(name, "created", parts).key().map(|key| key.to_string());
    assert_eq!(key("issues", json!({"issue": issue(false)})).as_deref(), Some("#7"));
    assert_eq!(key("issue_comment", json!({"issue": issue(true), "comment": text()})).as_deref(), Some("#7"));
    for name in ["pull_request", "pull_request_review", "pull_request_review_comment"] {
        let parts = json!({"pull_request": pull_request(), "review": text(), "comment": text()});
        assert_eq!(key(name, parts).as_deref(), Some("#8"), "{name}");
    }
    let push = json!({"ref": "refs/heads/main", "before": "1", "after": "2"});
    assert_eq!(key("push", push).as_deref(), Some("refs/heads/main"));
    assert_eq!(key("status", json!({"sha": "abc"})).as_deref(), Some("abc"));
    assert_eq!(key("pull_request_review_thread", json!({"pull_request": {"number": 9}})).as_deref(), Some("#9"));
    assert_eq!(key("check_run", json!({"check_run": {"id": 1, "head_sha": "1"}})), None);
    assert_eq!(key("star", json!({})), None);
    assert!(OrderingKey::Number(1) != OrderingKey::Number(2));
}

#[test]
fn only_what_is_no_json_object_cannot_be_read() {
    assert!(matches!(parse("push", b""), Err(ParseError::NotJson(_))));
    assert!(matches!(parse("push", b"{"), Err(ParseError::NotJson(_))));
    for text in ["[]", "7", "null", "\"x\""] {
        assert!(matches!(parse("push", text.as_bytes()), Err(ParseError::NotAnObject)), "{text}");
    }
    assert!(parse("ping", b"{}").is_ok());
}

#[test]
fn a_shape_that_does_not_fit_is_other_with_the_reason() {
    let unread = |event: Event| match event.body {
        EventBody::Other { unread, .. } => unread,
        body => panic!("{body:?}"),
    };
    assert!(unread(event("issues", "opened", json!({}))).unwrap().contains("issue"));
    assert!(unread(event("push", "", json!({"ref": 7}))).is_some());
    assert!(unread(parse("status", br#"{"sha":"a"}"#).unwrap()).unwrap().contains("repository"));
    assert_eq!(unread(event("star", "created", json!({}))), None);
}

#[test]
fn deleted_accounts_and_forks_are_read() {
    let mut pr = pull_request();
    pr["user"] = Value::Null;
    pr["labels"] = Value::Null;
    let event = event("pull_request", "opened", json!({"pull_request": pr, "sender": null}));
    let EventBody::PullRequest(body) = &event.body else { panic!("{event:?}") };
    assert_eq!((body.pull_request.author.login.as_str(), body.pull_request.head.repo.as_deref()), ("ghost", None));
    assert_eq!(body.pull_request.base.repo.as_deref(), Some("o/r"));
    assert_eq!(event.sender, None);
}

#[test]
fn an_organisation_s_event_has_an_org_and_no_repository() {
    let event = parse("organization", br#"{"action":"renamed","organization":{"login":"o"}}"#).unwrap();
    assert_eq!((event.org.as_deref(), event.repo, event.action.as_deref()), (Some("o"), None, Some("renamed")));
}

const TYPED: [&str; 10] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "status",
    "check_run",
    "check_suite",
    "workflow_run",
];

#[test]
fn all_real_payloads_are_read_and_typed_where_we_type_them() {
    let Some(path) =
        counterparts::data("prow: all_real_payloads_are_read", "github-webhook-examples/api.github.com.json.gz")
    else {
        return;
    };
    let packed = std::fs::read(path).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let (mut payloads, mut typed, mut comments) = (0, 0, 0);
    for entry in all.as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        for payload in entry["examples"].as_array().unwrap() {
            let event = parse(name, payload.to_string().as_bytes()).unwrap();
            payloads += 1;
            comments += usize::from(event.generic_comment().is_some());
            match &event.body {
                EventBody::Other { unread: Some(why), .. } => panic!("{name}: {why}"),
                EventBody::Other { unread: None, .. } => assert!(!TYPED.contains(&name), "{name}"),
                _ => typed += 1,
            }
            assert_eq!(event.action.as_deref(), payload["action"].as_str());
            assert_eq!(
                event.repo.map(|repo| repo.full_name).as_deref(),
                payload.pointer("/repository/full_name").and_then(Value::as_str)
            );
            let sender = event.sender.map(|sender| sender.login);
            assert_eq!(sender.as_deref(), payload.pointer("/sender/login").and_then(Value::as_str));
        }
    }
    assert_eq!(payloads, 329);
    assert!(typed > 100 && comments > 10, "{typed} typed, {comments} comments");
    println!("{payloads} payloads, {typed} typed, {comments} generic comments");
}

#[test]
fn prow_s_own_sample_deliveries_are_typed() {
    let Some(folder) = counterparts::data("prow: prow_s_own_sample_deliveries", "prow/webhook-payloads") else {
        return;
    };
    let names = [
        ("lgtm_comment.json", "issue_comment"),
        ("opened_pr.json", "pull_request"),
        ("push.json", "push"),
        ("reopened_pr.json", "pull_request"),
        ("review_approve_submitted.json", "pull_request_review"),
        ("review_changes_submitted.json", "pull_request_review"),
        ("review_comment_submitted.json", "pull_request_review"),
        ("test_comment.json", "issue_comment"),
    ];
    for (file, name) in names {
        let event = parse(name, &std::fs::read(folder.join(file)).unwrap()).unwrap();
        assert!(!matches!(event.body, EventBody::Other { .. }), "{file}: {event:?}");
        assert!(event.sender.is_none_or(|sender| sender.kind == ActorKind::User), "{file}");
    }
}
