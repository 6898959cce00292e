//! Where an answer means something else than its status says.

use github::RepoName;

use crate::far_side::{FarSide, Reply, repo};

#[tokio::test]
async fn membership_is_yes_no_or_cannot_tell() {
    let check = async |status: u16, want: Result<bool, &str>| {
        let github = FarSide::start(move |_, _| {
            let reply = Reply::new(status, if status == 204 { "" } else { "{}" });
            if status == 302 { reply.with("location", "/orgs/o/public_members/u") } else { reply }
        })
        .await;
        let got = github.api().is_member("o", "u").await;
        match want {
            Ok(want) => assert_eq!(got.unwrap(), want, "{status}"),
            Err(want) => assert!(got.unwrap_err().message.contains(want), "{status}"),
        }
        assert_eq!(github.lines(), ["GET /orgs/o/members/u"]);
    };
    check(204, Ok(true)).await;
    check(404, Ok(false)).await;
    check(302, Err("the requester is not a member of `o`")).await;
    check(200, Err("neither yes nor no")).await;
    check(403, Err("{}")).await;
}

#[tokio::test]
async fn an_account_belongs_to_itself() {
    let github = FarSide::start(|_, _| Reply::new(404, "{}")).await;
    let api = github.api();
    assert!(api.is_member("Alice", "alice").await.unwrap());
    assert!(api.is_collaborator(&RepoName::new("alice", "dots"), "alice").await.unwrap());
    assert!(github.lines().is_empty());
    assert!(!api.is_collaborator(&repo(), "alice").await.unwrap());
}

#[tokio::test]
async fn what_is_gone_already_is_removed() {
    let github = FarSide::start(|seen, _| match seen.path.as_str() {
        "/repos/o/r/issues/1/labels/bug" => Reply::new(404, r#"{"message":"Label does not exist"}"#),
        _ => Reply::new(404, r#"{"message":"Not Found"}"#),
    })
    .await;
    let api = github.api();
    api.remove_label(&repo(), 1, "bug").await.unwrap();
    assert!(api.remove_label(&repo(), 2, "bug").await.unwrap_err().is_not_found());
    api.delete_comment(&repo(), 5).await.unwrap();
}

#[tokio::test]
async fn payloads_are_read_leniently() {
    let github = FarSide::start(|seen, _| {
        Reply::new(
            200,
            match seen.path.as_str() {
                "/repos/o/r/issues/1" => {
                    r#"{"number":1,"user":null,"body":null,"labels":["old",{"name":"new","color":null}],"new_field":[1],
                        "pull_request":{"url":"x"}}"#
                }
                "/repos/o/r/pulls/1" => {
                    r#"{"number":1,"mergeable":null,"head":{"ref":"b","sha":"s","repo":null,"user":null},
                        "base":{"ref":"main","repo":{"name":"r","unheard":{}}}}"#
                }
                _ => r#"{"sha":"s","state":"brooding","statuses":[{"context":"c","state":"success","description":null}]}"#,
            },
        )
    })
    .await;
    let api = github.api();
    let issue = api.get_issue(&repo(), 1).await.unwrap();
    let labels: Vec<_> = issue.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!((issue.is_pull_request, issue.user.login.as_str(), labels), (true, "", vec!["old", "new"]));
    let pull = api.get_pull_request(&repo(), 1).await.unwrap();
    assert_eq!((pull.mergeable, pull.head.repo, pull.base.name.as_str()), (None, None, "main"));
    let combined = api.combined_status(&repo(), "s").await.unwrap();
    assert_eq!(combined.state, github::StatusState::Unknown);
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error_that_says_so() {
    let github = FarSide::start(|_, _| Reply::new(200, "<html>")).await;
    let api = github.api();
    let error = api.get_issue(&repo(), 1).await.unwrap_err();
    assert!(error.message.contains("cannot be read"), "{error}");
    assert!(api.create_comment(&repo(), 1, "hi").await.unwrap_err().is_in_doubt());
}

#[tokio::test]
async fn a_name_cannot_leave_its_place_in_the_path() {
    let github = FarSide::start(|_, _| Reply::new(204, "")).await;
    let api = github.api();
    api.is_member("..", "u").await.unwrap_err();
    api.is_member("o", "").await.unwrap_err();
    api.is_member("o", "u/../../x?y=z").await.unwrap();
    assert_eq!(github.lines(), ["GET /orgs/o/members/u%2F..%2F..%2Fx%3Fy%3Dz"]);
}
