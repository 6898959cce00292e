use git::{Error, Mirrors, Repo};

use crate::support::{NOWHERE, World, bot};

#[tokio::test]
async fn bad_arguments_never_reach_git() {
    let world = World::new();
    let sha = world.commit("main", &[], &[("a", Some("1\n"))]);
    let repository = world.repository();
    let good = sha.as_str();
    for bad in ["", "-x", "--output=/tmp/x", "main", &good[1..], &format!("{good}\0"), &good.to_uppercase(), "HEAD~1"] {
        let paths = [String::from("a")];
        let errors = [
            ("fetch", repository.fetch(bad).await.err()),
            ("diff base", repository.diff(bad, good, &paths).await.err()),
            ("diff head", repository.diff(good, bad, &paths).await.err()),
            ("diff_paths base", repository.diff_paths(bad, good).await.err()),
            ("diff_paths head", repository.diff_paths(good, bad).await.err()),
            ("check_merge base", repository.check_merge(bad, good).await.err()),
            ("check_merge head", repository.check_merge(good, bad).await.err()),
            ("has_merge_commits base", repository.has_merge_commits(bad, good).await.err()),
            ("has_merge_commits head", repository.has_merge_commits(good, bad).await.err()),
            ("read_file", repository.read_file(bad, "a").await.err()),
            ("list_files", repository.list_files(bad, "").await.err()),
            ("blame", repository.blame(bad, "a").await.err()),
            ("cherry_pick onto", repository.cherry_pick(bad, &[good.to_owned()], "", &bot()).await.err()),
            ("cherry_pick", repository.cherry_pick(good, &[bad.to_owned()], "", &bot()).await.err()),
            ("push_branch", repository.push_branch("x", bad, true).await.err()),
        ];
        for (call, error) in errors {
            assert!(matches!(error, Some(Error::Invalid(_))), "{call} {bad:?}: {error:?}");
        }
    }
    for bad in ["/etc/passwd", "../a", "a/../../b", "a\0", "./a", "a//b"] {
        let errors = [
            ("diff", repository.diff(good, good, &[bad.to_owned()]).await.err()),
            ("read_file", repository.read_file(good, bad).await.err()),
            ("list_files", repository.list_files(good, bad).await.err()),
            ("blame", repository.blame(good, bad).await.err()),
        ];
        for (call, error) in errors {
            assert!(matches!(error, Some(Error::Invalid(_))), "{call} {bad:?}: {error:?}");
        }
    }
    for bad in ["", "-f", "--delete", "a b", "a:b", "../main", "HEAD", "refs/heads/\0", "a..b", "x.lock"] {
        let error = repository.push_branch(bad, good, true).await.err();
        assert!(matches!(error, Some(Error::Invalid(_))), "{bad:?}: {error:?}");
    }
    let none = repository.cherry_pick(good, &[], "", &bot()).await;
    let nul = repository.cherry_pick(good, &[good.to_owned()], "\0", &bot()).await;
    let many = repository.cherry_pick(good, &vec![good.to_owned(); 1001], "", &bot()).await;
    for error in [none, nul, many] {
        assert!(matches!(error, Err(Error::Invalid(_))), "{error:?}");
    }
    assert_eq!(world.gate.count(), 0, "nobody was asked for any of these");
    assert!(!world.mirror().exists());
    assert!(Repo::new("..", "x").is_err());
    // A good name of nothing is another matter.
    assert!(matches!(repository.diff(NOWHERE, good, &[]).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn mirrors_are_this_program_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.commit("main", &[], &[("a", Some("1\n"))]);
    world.repository().fetch("refs/heads/main").await.unwrap();
    let mut folder = world.mirror();
    while folder != world.folder.path() {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
        folder = folder.parent().unwrap().to_owned();
    }
}

#[test]
fn only_good_addresses_are_cloned_from() {
    let world = World::new();
    for bad in ["http://github.com", "ssh://github.com", "git://github.com", "ext::sh", "file:///x"] {
        let mut options = world.options();
        (options.base_url, options.local_files) = (bad.to_owned(), false);
        let error = Mirrors::open(options).unwrap_err().to_string();
        assert!(error.contains(bad) && error.contains("https://"), "{error}");
    }
}

#[tokio::test]
async fn nothing_of_a_repository_or_of_this_machine_is_run() {
    let world = World::new();
    let mark = world.folder.path().join("ran");
    let touch = format!("#!/bin/sh\ntouch {}\n", mark.display());
    let attributes = "* filter=evil diff=evil merge=evil\n*.txt filter=lfs diff=lfs merge=lfs -text\n";
    let module = "[submodule \"s\"]\n\tpath = s\n\turl = file:///nowhere\n";
    let files = [(".gitattributes", Some(attributes)), (".gitmodules", Some(module)), ("a.txt", Some("1\n"))];
    let first = world.commit("main", &[], &files);
    let second = world.commit("main", &[&first], &[("a.txt", Some("2\n"))]);
    let side = world.commit("side", &[&first], &[("b.txt", Some("3\n"))]);
    let repository = world.repository();
    repository.fetch(&second).await.unwrap();
    // A hook in the mirror itself is not run either.
    std::fs::create_dir_all(world.mirror().join("hooks")).unwrap();
    for hook in ["reference-transaction", "pre-push", "post-checkout", "pre-auto-gc"] {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = world.mirror().join("hooks").join(hook);
        std::fs::write(&hook, &touch).unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    repository.fetch(&side).await.unwrap();
    assert!(repository.diff(&first, &second, &[]).await.unwrap().contains("+2"));
    assert!(repository.check_merge(&second, &side).await.unwrap().tree.is_some());
    repository.cherry_pick(&second, std::slice::from_ref(&side), "", &bot()).await.unwrap();
    repository.push_branch("new", &side, false).await.unwrap();
    assert_eq!(repository.read_file(&side, "a.txt").await.unwrap(), b"1\n");
    assert!(!mark.exists());
}
