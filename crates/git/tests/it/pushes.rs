use git::{Error, Pick};

use crate::support::{World, bot};

#[tokio::test]
async fn a_branch_is_made_kept_or_moved_by_force() {
    let world = World::new();
    let first = world.commit("main", &[], &[("a", Some("1\n"))]);
    let second = world.commit("main", &[&first], &[("a", Some("2\n"))]);
    let repository = world.repository();
    let there = || world.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/new"]);
    repository.push_branch("new/x", &first, false).await.unwrap();
    assert_eq!(there(), format!("refs/heads/new/x {first}"));
    repository.push_branch("new/x", &first, false).await.unwrap();
    repository.push_branch("new/x", &first, true).await.unwrap();
    // It points elsewhere, even if it would only go forward.
    let error = repository.push_branch("new/x", &second, false).await;
    assert!(matches!(&error, Err(Error::Conflict(why)) if why.contains("refs/heads/new/x")), "{error:?}");
    assert_eq!(there(), format!("refs/heads/new/x {first}"));
    repository.push_branch("new/x", &second, true).await.unwrap();
    repository.push_branch("new/x", &first, true).await.unwrap();
    assert_eq!(there(), format!("refs/heads/new/x {first}"));
    repository.push_branch("forced", &second, true).await.unwrap();
    assert_eq!(world.git(&["rev-parse", "forced"]), second);
}

#[tokio::test]
async fn a_picked_commit_can_be_pushed() {
    let world = World::new();
    let first = world.commit("main", &[], &[("a", Some("1\n"))]);
    let second = world.commit("main", &[&first], &[("a", Some("2\n"))]);
    let release = world.commit("release", &[&first], &[("b", Some("b\n"))]);
    let repository = world.repository();
    let Pick::Picked(sha) = repository.cherry_pick(&release, &[second], "", &bot()).await.unwrap() else {
        panic!("there is no conflict")
    };
    repository.push_branch("cherry-pick-1-to-release", sha.as_str(), false).await.unwrap();
    assert_eq!(world.git(&["show", "cherry-pick-1-to-release:a"]), "2");
}

#[tokio::test]
async fn what_the_far_side_refuses_is_invalid() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let sha = world.commit("main", &[], &[("a", Some("1\n"))]);
    let hook = world.origin().join("hooks/update");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = world.repository().push_branch("protected", &sha, true).await;
    assert!(matches!(&error, Err(Error::Invalid(why)) if why.contains("GH006")), "{error:?}");
}
