//! A repository that was renamed, and servers that point elsewhere.

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
