//! A dry run reads, and tells what it would have written.

use github::{Client, NewStatus, Options, StatusState};

use crate::far_side::{FarSide, Reply, repo};

#[tokio::test]
async fn no_write_reaches_github_and_each_succeeds_empty() {
    let github = FarSide::start(|_, _| Reply::new(200, r#"[{"name":"bug"}]"#)).await;
    let client = Client::new(Options { dry_run: true, ..github.options() }).unwrap();
    assert!(client.is_dry_run());
    let (api, repo) = (client.for_org("o"), repo());
    let status = NewStatus {
        state: StatusState::Success,
        context: "unit".into(),
        description: "ok".into(),
        target_url: String::new(),
    };
    assert_eq!(api.create_comment(&repo, 1, "hi").await.unwrap(), github::Comment::default());
    assert_eq!(api.edit_comment(&repo, 1, "ho").await.unwrap(), github::Comment::default());
    api.delete_comment(&repo, 1).await.unwrap();
    api.add_label(&repo, 1, "bug").await.unwrap();
    api.remove_label(&repo, 1, "bug").await.unwrap();
    assert_eq!(api.create_status(&repo, "abc", &status).await.unwrap(), github::Status::default());
    assert!(github.lines().is_empty());
    assert_eq!(api.list_labels(&repo, 1).await.unwrap().len(), 1);
    assert_eq!(github.lines(), ["GET /repos/o/r/issues/1/labels"]);
}
