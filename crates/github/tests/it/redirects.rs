//! A repository that was renamed, and servers that point elsewhere.

use github::{ApiErrorKind, RepoName};

use crate::far_side::{FarSide, Reply, repo};

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    let github = FarSide::start(|seen, _| match (seen.method.as_str(), seen.path.as_str()) {
        (_, "/repositories/5/issues/7" | "/repositories/5/issues/7/comments") => {
            Reply::new(200, r#"{"number":7,"id":9}"#)
        }
        ("GET", _) => {
            Reply::new(301, "{}").with("location", format!("http://{}/repositories/5/issues/7", seen.header("host")))
        }
        _ => Reply::new(307, "{}").with("location", "/repositories/5/issues/7/comments"),
    })
    .await;
    let api = github.api();
    assert_eq!(api.get_issue(&repo(), 7).await.unwrap().number, 7);
    assert_eq!(api.create_comment(&repo(), 7, "hi").await.unwrap().id, 9);
    let last = github.seen().pop().unwrap();
    assert_eq!(
        (last.line().as_str(), last.body.as_str()),
        ("POST /repositories/5/issues/7/comments", r#"{"body":"hi"}"#)
    );
}

/// `o/r` is repository 5, or was; `o/secret` is 9 and `p/r` is 8. The token may see them all; the call may not.
#[tokio::test]
async fn what_was_moved_is_followed_only_to_where_the_call_may_be_answered_from() {
    let check = async |target: &'static str, is_renamed: bool, may: &'static str, want: Option<&str>| {
        let github = FarSide::start(move |seen, _| match seen.path.as_str() {
            "/repos/o/r" if is_renamed => Reply::new(301, "{}").with("location", "/repositories/5"),
            "/repos/o/r" => Reply::new(200, r#"{"id":5,"full_name":"o/r"}"#),
            "/repositories/5" => Reply::new(200, r#"{"id":5,"full_name":"o/renamed"}"#),
            "/repositories/8" => Reply::new(200, r#"{"id":8,"full_name":"p/r"}"#),
            "/repos/o/secret" | "/repositories/9" => Reply::new(200, r#"{"id":9,"full_name":"o/secret"}"#),
            "/repos/o/r/issues/7" => Reply::new(301, "{}").with("location", target),
            "/repos/o/r/issues/7/comments" => Reply::new(307, "{}").with("location", target),
            path if path == target => Reply::new(200, r#"{"number":3,"id":4,"body":"there"}"#),
            _ => Reply::new(404, "{}"),
        })
        .await;
        let api = github.api().answered_within(move |repo| repo.to_string() == may);
        let read = api.get_issue(&repo(), 7).await.map(drop);
        let write = api.create_comment(&repo(), 7, "hi").await.map(drop);
        for (what, went) in [("read", read), ("write", write)] {
            let told = went.err().map(|error| match error.kind {
                ApiErrorKind::Moved { to } => to.to_string(),
                _ => error.message,
            });
            assert_eq!(told.as_deref(), want, "{what} at {target}, {is_renamed}, {may}");
        }
        let was_asked = github.seen().iter().any(|seen| seen.path == target);
        assert_eq!(was_asked, want.is_none(), "{target}, {is_renamed}, {may}");
    };
    check("/repositories/5/issues/7", true, "", None).await;
    check("/repositories/9/issues/3", false, "", Some("o/secret")).await;
    check("/repositories/9/issues/3", false, "o/secret", None).await;
    check("/repositories/9/issues/3", true, "o/other", Some("o/secret")).await;
    check("/repos/o/secret/issues/3", false, "", Some("o/secret")).await;
    check("/repositories/8/issues/7", false, "", Some("p/r")).await;
    check("/repositories/8/issues/7", false, "p/r", None).await;
    check("/organizations/5/issues/7", false, "", Some("redirected to what is in no repository")).await;
}

/// Given to another owner, it is the same repository, and yet another's.
#[tokio::test]
async fn a_repository_that_was_given_away_is_not_followed() {
    let github = FarSide::start(|seen, _| match seen.path.as_str() {
        "/repos/o/r" => Reply::new(301, "{}").with("location", "/repositories/5"),
        "/repositories/5" => Reply::new(200, r#"{"id":5,"full_name":"p/r"}"#),
        "/repos/o/r/issues/7" => Reply::new(301, "{}").with("location", "/repositories/5/issues/7"),
        _ => Reply::new(200, r#"{"number":7}"#),
    })
    .await;
    let error = github.api().answered_within(|_| false).get_issue(&repo(), 7).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Moved { to: RepoName::new("p", "r") }, "{error}");
    assert_eq!(github.api().answered_within(|to| to.org == "p").get_issue(&repo(), 7).await.unwrap().number, 7);
}

#[tokio::test]
async fn what_is_not_safe_is_not_followed() {
    let elsewhere = FarSide::start(|_, _| Reply::new(200, "{}")).await;
    let check = async |status: u16, location: String, write: bool, want: &str| {
        let github = FarSide::start(move |_, _| Reply::new(status, "{}").with("location", location.clone())).await;
        let result = if write {
            github.api().create_comment(&repo(), 7, "hi").await.map(|_| ())
        } else {
            github.api().get_issue(&repo(), 7).await.map(|_| ())
        };
        let error = result.unwrap_err();
        assert!(error.message.contains(want), "{status}: {error}");
    };
    check(302, format!("{}/x", elsewhere.url), false, "not a configured endpoint").await;
    check(307, format!("{}/x", elsewhere.url), true, "not a configured endpoint").await;
    check(301, "/repositories/5".into(), true, "not safe to follow").await;
    check(302, "/repositories/5".into(), false, "redirected too often").await;
    assert!(elsewhere.seen().is_empty());
}
