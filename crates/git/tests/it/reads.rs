use git::{BlamedLine, ChangeKind, Error, Limits, PathChange, Sha};

use crate::support::{World, git_in, text};

fn change(kind: ChangeKind, path: &str, before: Option<&str>) -> PathChange {
    PathChange { path: path.to_owned(), previous_path: before.map(str::to_owned), kind }
}

#[tokio::test]
async fn a_diff_says_what_was_done_to_which_path() {
    let world = World::new();
    let long = text(50, 0, "");
    let files =
        [("keep", Some("k\n")), ("old name", Some(long.as_str())), ("gone", Some("g\n")), ("é\tx", Some("1\n"))];
    let base = world.commit("main", &[], &files);
    let edited = text(50, 7, "edited");
    let files = [
        ("old name", None),
        ("new/name", Some(edited.as_str())),
        ("gone", None),
        ("é\tx", Some("2\n")),
        ("*", Some("+\n")),
    ];
    let head = world.commit("main", &[&base], &files);
    let repository = world.repository();
    let paths = repository.diff_paths(&base, &head).await.unwrap();
    let want = [
        change(ChangeKind::Added, "*", None),
        change(ChangeKind::Removed, "gone", None),
        change(ChangeKind::Renamed, "new/name", Some("old name")),
        change(ChangeKind::Modified, "é\tx", None),
    ];
    assert_eq!(paths, want);
    let all = repository.diff(&base, &head, &[]).await.unwrap();
    assert!(
        all.contains("rename from old name\nrename to new/name\n") && all.contains("\n-line 7\n+edited\n"),
        "{all}"
    );
    // A star is a file's name, and a folder is all that is in it.
    let some = repository.diff(&base, &head, &["*".to_owned(), "new/".to_owned()]).await.unwrap();
    assert!(some.contains("b/*\n") && some.contains("b/new/name\n") && !some.contains("gone"), "{some}");
    assert_eq!(repository.diff(&head, &head, &[]).await.unwrap(), "");
    assert_eq!(repository.diff(&base, &head, &["keep".to_owned()]).await.unwrap(), "");
}

#[tokio::test]
async fn files_are_read_from_commits_and_trees() {
    let world = World::new();
    let head = world.commit("main", &[], &[("a/b.txt", Some("b\n")), ("a/c/d", Some("d\n")), ("e:f", Some("e\n"))]);
    let repository = world.repository();
    let tree = world.git(&["rev-parse", "main^{tree}"]);
    for at in [&head, &tree] {
        assert_eq!(repository.read_file(at, "a/c/d").await.unwrap(), b"d\n");
        assert_eq!(repository.list_files(at, "").await.unwrap(), ["a/b.txt", "a/c/d", "e:f"]);
    }
    assert_eq!(repository.read_file(&head, "e:f").await.unwrap(), b"e\n");
    assert_eq!(repository.list_files(&head, "a").await.unwrap(), ["a/b.txt", "a/c/d"]);
    assert_eq!(repository.list_files(&head, "a/c/").await.unwrap(), ["a/c/d"]);
    for (path, result) in [
        ("a", repository.read_file(&head, "a").await.map(drop)),
        ("x", repository.read_file(&head, "x").await.map(drop)),
        ("a/*", repository.read_file(&head, "a/*").await.map(drop)),
        ("folder x", repository.list_files(&head, "x").await.map(drop)),
        ("folder e:f", repository.list_files(&head, "e:f").await.map(drop)),
        ("blame x", repository.blame(&head, "x").await.map(drop)),
        ("blame a", repository.blame(&head, "a").await.map(drop)),
    ] {
        assert!(matches!(result, Err(Error::NotFound(_))), "{path}: {result:?}");
    }
    let blob = world.git(&["rev-parse", "main:e:f"]);
    assert!(matches!(repository.read_file(&blob, "a").await, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn links_are_files_and_submodules_are_none() {
    let world = World::new();
    let head = world.commit("main", &[], &[("a", Some("a\n"))]);
    let link = git_in(&world.origin(), &["hash-object", "-w", "--stdin"], "../x");
    let entries = format!("120000 blob {link}\tlink\n160000 commit {head}\tmodule\n");
    let tree = git_in(&world.origin(), &["mktree", "--missing"], &entries);
    let commit =
        git_in(&world.origin(), &["-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-m", "x", &tree], "");
    world.git(&["update-ref", "refs/heads/links", &commit]);
    let repository = world.repository();
    assert_eq!(repository.read_file(&commit, "link").await.unwrap(), b"../x");
    assert_eq!(repository.list_files(&commit, "").await.unwrap(), ["link"]);
    assert!(matches!(repository.read_file(&commit, "module").await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn content_has_its_limit() {
    let world = World::new();
    let exact = "x".repeat(4 << 20);
    let base = world.commit("main", &[], &[("exact", Some(&exact))]);
    let head = world.commit("main", &[&base], &[("exact", None), ("over", Some(&format!("{exact}y")))]);
    assert_eq!(Limits::default().content_bytes, 4 << 20);
    let repository = world.repository();
    assert_eq!(repository.read_file(&base, "exact").await.unwrap().len(), 4 << 20);
    let over = repository.read_file(&head, "over").await;
    assert!(matches!(&over, Err(Error::Invalid(why)) if why.contains("4194304")), "{over:?}");
    let over = repository.diff(&base, &head, &["over".to_owned()]).await;
    assert!(matches!(&over, Err(Error::Invalid(why)) if why.contains("4194304")), "{over:?}");
    assert_eq!(repository.diff_paths(&base, &head).await.unwrap().len(), 1, "a list of paths is another matter");
}

#[tokio::test]
async fn blame_names_the_commit_of_each_line() {
    let world = World::new();
    let first = world.commit("main", &[], &[("f", Some("1\n2\n3\n4\n"))]);
    let second = world.commit("main", &[&first], &[("f", Some("1\nb\n3\n4\nlast"))]);
    let lines = world.repository().blame(&second, "f").await.unwrap();
    let line = |line, sha: &str| BlamedLine {
        line,
        commit: Sha::new(sha).unwrap(),
        author_email: "anna@example.com".to_owned(),
    };
    let want = [line(1, &first), line(2, &second), line(3, &first), line(4, &first), line(5, &second)];
    assert_eq!(lines, want);
    let empty = world.commit("empty", &[], &[("f", Some(""))]);
    assert_eq!(world.repository().blame(&empty, "f").await.unwrap(), []);
}
