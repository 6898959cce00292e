//! Assignments and requests for review, where GitHub takes some and leaves out others.

use std::collections::BTreeSet;

use github::{ApiErrorKind, Client, Options};
use serde_json::{Value, json};

use crate::far_side::{FarSide, Reply, Seen, repo};

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

/// An issue that is assigned to these, whatever is asked.
async fn assigned_to(logins: &[&str]) -> FarSide {
    let users: Vec<Value> = logins.iter().map(|login| json!({ "login": login })).collect();
    let issue = json!({ "number": 7, "assignees": users }).to_string();
    FarSide::start(move |seen, _| Reply::new(if seen.method == "POST" { 201 } else { 200 }, issue.clone())).await
}

#[tokio::test]
async fn those_who_could_not_be_assigned_are_named() {
    let check = async |asked: &[&str], answered: &[&str], want: &[&str]| {
        let github = assigned_to(answered).await;
        assert_eq!(github.api().assign(&repo(), 7, &names(asked)).await.unwrap(), names(want), "{asked:?}");
    };
    check(&["alice", "bob"], &["alice", "bob", "carol"], &[]).await;
    check(&["alice", "Bob", "mallory"], &["alice", "bob"], &["mallory"]).await;
    let thirteen: Vec<String> = (1..=13).map(|i| format!("u{i}")).collect();
    let thirteen: Vec<&str> = thirteen.iter().map(String::as_str).collect();
    check(&thirteen, &thirteen[..10], &thirteen[10..]).await;
    let github = assigned_to(&[]).await;
    github.api().assign(&repo(), 7, &[]).await.unwrap();
    github.api().unassign(&repo(), 7, &[]).await.unwrap();
    assert!(github.lines().is_empty(), "nobody to assign, nothing to ask");
}

#[tokio::test]
async fn whoever_stays_assigned_is_an_error() {
    assigned_to(&["carol"]).await.api().unassign(&repo(), 7, &names(&["alice"])).await.unwrap();
    let error = assigned_to(&["Alice"]).await.api().unassign(&repo(), 7, &names(&["alice", "bob"])).await.unwrap_err();
    assert_eq!(error.message, "GitHub left alice assigned");
}

fn asked(seen: &Seen) -> Vec<String> {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let list = |key: &str, before: &str| {
        let names = body[key].as_array().cloned().unwrap_or_default();
        names.iter().map(|name| format!("{before}{}", name.as_str().unwrap())).collect::<Vec<_>>()
    };
    [list("reviewers", ""), list("team_reviewers", "team ")].concat()
}

/// Refuses a request that names one of `bad`, as GitHub does for all of it.
async fn refusing(bad: &[&str]) -> FarSide {
    let bad: BTreeSet<String> = bad.iter().map(|name| (*name).to_owned()).collect();
    FarSide::start(move |seen, _| {
        if asked(seen).iter().any(|name| bad.contains(name)) {
            return Reply::new(422, r#"{"message":"Reviews may only be requested from collaborators."}"#);
        }
        Reply::new(201, "{}")
    })
    .await
}

#[tokio::test]
async fn reviewers_are_asked_at_once_or_else_one_by_one() {
    let check = async |whom: &[&str], bad: &[&str], want: &[&str], calls: &[&str]| {
        let github = refusing(bad).await;
        let left_out = github.api().request_review(&repo(), 7, &names(whom)).await.unwrap();
        assert_eq!(left_out, names(want), "{whom:?} without {bad:?}");
        let made: Vec<String> = github.seen().iter().map(|seen| asked(seen).join(", ")).collect();
        assert_eq!(made, calls, "{whom:?} without {bad:?}");
    };
    check(&["alice", "o/sig-a"], &[], &[], &["alice, team sig-a"]).await;
    check(&["alice", "mallory"], &["mallory"], &["mallory"], &["alice, mallory", "alice", "mallory"]).await;
    check(
        &["alice", "o/sig-a", "o/sig-b"],
        &["team sig-b"],
        &["o/sig-b"],
        &["alice, team sig-a, team sig-b", "alice", "team sig-a", "team sig-b"],
    )
    .await;
    check(&["x/sig-a"], &[], &["x/sig-a"], &[]).await;
    check(&["x/sig-a", "mallory"], &["mallory"], &["x/sig-a", "mallory"], &["mallory", "mallory"]).await;
    check(&[], &[], &[], &[]).await;
}

#[tokio::test]
async fn another_refusal_ends_the_asking() {
    let github = FarSide::start(|seen, _| match asked(seen).as_slice() {
        [one] if one == "bob" => Reply::new(403, r#"{"message":"no"}"#),
        [_] => Reply::new(201, "{}"),
        _ => Reply::new(422, r#"{"message":"no"}"#),
    })
    .await;
    let error = github.api().request_review(&repo(), 7, &names(&["alice", "bob", "carol"])).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Forbidden { needed: None });
    assert_eq!(github.lines().len(), 3);
}

#[tokio::test]
async fn whoever_is_still_asked_is_an_error() {
    let pull = json!({
        "number": 7, "requested_reviewers": [{ "login": "Alice" }], "requested_teams": [{ "slug": "sig-a" }],
    });
    let check = async |whom: &[&str], want: Option<&str>| {
        let answer = pull.to_string();
        let github = FarSide::start(move |_, _| Reply::new(200, answer.clone())).await;
        let result = github.api().unrequest_review(&repo(), 7, &names(whom)).await;
        assert_eq!(result.err().map(|error| error.message).as_deref(), want, "{whom:?}");
    };
    check(&["bob", "o/sig-b"], None).await;
    check(&["alice"], Some("GitHub goes on asking alice")).await;
    check(&["bob", "o/sig-a"], Some("GitHub goes on asking sig-a")).await;
    check(&["x/sig-a"], None).await;
}

#[tokio::test]
async fn a_dry_run_leaves_nobody_out() {
    let github = FarSide::start(|_, _| Reply::new(500, "")).await;
    let api = Client::new(Options { dry_run: true, ..github.options() }).unwrap().for_org("o");
    assert!(api.assign(&repo(), 7, &names(&["alice"])).await.unwrap().is_empty());
    api.unassign(&repo(), 7, &names(&["alice"])).await.unwrap();
    assert!(api.request_review(&repo(), 7, &names(&["alice"])).await.unwrap().is_empty());
    api.unrequest_review(&repo(), 7, &names(&["alice"])).await.unwrap();
    assert!(github.lines().is_empty());
}
