use futures_util::future::join_all;
use git::{Error, Pick, Repository};

use crate::support::{World, bot, git_in, text};

/// A branch that was cut off early, and commits on main to bring over to it.
fn release(world: &World) -> (String, Vec<String>) {
    let base = world.commit("main", &[], &[("f", Some(&text(20, 0, "")))]);
    let release = world.commit("release", &[&base], &[("f", Some(&text(20, 1, "release")))]);
    let first = world.commit("main", &[&base], &[("f", Some(&text(20, 20, "fix"))), ("new", Some("n\n"))]);
    let second = world.commit("main", &[&first], &[("new", Some("nn\n"))]);
    (release, vec![first, second])
}

async fn picked(repository: &Repository, onto: &str, commits: &[String], suffix: &str) -> String {
    match repository.cherry_pick(onto, commits, suffix, &bot()).await.unwrap() {
        Pick::Picked(sha) => sha.as_str().to_owned(),
        Pick::Conflicts(paths) => panic!("conflicts in {paths:?}"),
    }
}

#[tokio::test]
async fn commits_are_applied_with_their_authors_and_always_alike() {
    let world = World::new();
    let (release, commits) = release(&world);
    let repository = world.repository();
    let tip = picked(&repository, &release, &commits, "(for release)").await;
    let shown =
        |sha: &str, format: &str| git_in(&world.mirror(), &["show", "-s", &format!("--format={format}"), sha], "");
    assert_eq!(
        shown(&tip, "%an <%ae> %ad|%cn <%ce> %cI"),
        format!(
            "Anna <anna@example.com> {}|bowsprit-bot <bot@example.com> 2026-01-02T03:04:05+00:00",
            "Wed Nov 15 00:13:20 2023 +0200"
        )
    );
    assert_eq!(shown(&tip, "%B"), "Change new\n\nBody\n\n(for release)");
    let before = shown(&tip, "%P");
    assert_eq!((shown(&before, "%s"), shown(&before, "%P")), ("Change f, new".to_owned(), release.clone()));
    assert_eq!(repository.read_file(&tip, "new").await.unwrap(), b"nn\n");
    let file = repository.read_file(&tip, "f").await.unwrap();
    assert!(file.starts_with(b"release\n") && file.ends_with(b"fix\n"));
    // Again, elsewhere, and many at a time.
    let other = World::new();
    assert_eq!(self::release(&other), (release.clone(), commits.clone()));
    let elsewhere = other.repository();
    assert_eq!(picked(&elsewhere, &release, &commits, "(for release)").await, tip);
    let all = join_all((0..8).map(|_| picked(&repository, &release, &commits, "(for release)"))).await;
    assert!(all.iter().all(|sha| *sha == tip), "{all:?}");
    assert_ne!(picked(&repository, &release, &commits, "").await, tip);
    // git itself does the same to the files.
    let tree = world.folder.path().join("tree");
    git_in(world.folder.path(), &["clone", "-q", "-b", "release", &world.origin().display().to_string(), "tree"], "");
    let who = ["-c", "user.name=a", "-c", "user.email=a@b", "cherry-pick", commits[0].as_str(), commits[1].as_str()];
    git_in(&tree, &who, "");
    assert_eq!(
        git_in(&tree, &["rev-parse", "HEAD^{tree}"], ""),
        git_in(&world.mirror(), &["rev-parse", &format!("{tip}^{{tree}}")], "")
    );
    // What was made stays when what nothing names is thrown away, and nothing else was left behind.
    git_in(&world.mirror(), &["gc", "--quiet", "--prune=now"], "");
    assert_eq!(repository.read_file(&tip, "new").await.unwrap(), b"nn\n");
    assert!(!world.mirror().join("index").exists() && !world.mirror().join("worktrees").exists());
    let temporary = world.folder.path().join("mirrors/tmp");
    assert_eq!(std::fs::read_dir(temporary).unwrap().count(), 0);
}

#[tokio::test]
async fn conflicts_are_named_and_nothing_is_kept() {
    let world = World::new();
    let (release, commits) = release(&world);
    let clash = world.commit("release", &[&release], &[("f", Some(&text(20, 20, "clash"))), ("new", Some("mine\n"))]);
    let repository = world.repository();
    let result = repository.cherry_pick(&clash, &commits, "", &bot()).await.unwrap();
    assert_eq!(result, Pick::Conflicts(vec!["f".to_owned(), "new".to_owned()]));
    // The first applies, the second does not.
    let odd = world.commit("odd", &[&commits[1]], &[("other", Some("o\n"))]);
    let odder = world.commit("odd", &[&odd], &[("f", Some(&text(20, 1, "odd")))]);
    let result = repository.cherry_pick(&release, &[odd, odder], "", &bot()).await.unwrap();
    assert_eq!(result, Pick::Conflicts(vec!["f".to_owned()]));
}

#[tokio::test]
async fn what_is_there_already_is_left_out() {
    let world = World::new();
    let (release, commits) = release(&world);
    let repository = world.repository();
    let once = picked(&repository, &release, &commits, "").await;
    assert_eq!(picked(&repository, &once, &commits[1..], "").await, once);
    assert_eq!(picked(&repository, &commits[1], &commits[1..], "").await, commits[1]);
}

#[tokio::test]
async fn the_first_commit_can_be_picked_and_a_merge_cannot() {
    let world = World::new();
    let (release, commits) = release(&world);
    let root = world.commit("root", &[], &[("elsewhere", Some("e\n"))]);
    let repository = world.repository();
    let tip = picked(&repository, &release, std::slice::from_ref(&root), "").await;
    assert_eq!(repository.list_files(&tip, "").await.unwrap(), ["elsewhere", "f"]);
    let merge = world.commit("merge", &[&release, &commits[1]], &[("x", Some("x\n"))]);
    let error = repository.cherry_pick(&release, &[merge], "", &bot()).await;
    assert!(matches!(&error, Err(Error::Invalid(why)) if why.contains("is a merge")), "{error:?}");
}
