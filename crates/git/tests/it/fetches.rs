use futures_util::future::join_all;
use git::{Access, CredentialSource, Credentials, Error, Mirrors, Options, Repo};

use crate::support::{NOWHERE, World, git_in, repo};

#[tokio::test]
async fn a_ref_is_as_it_is_now_and_a_commit_is_fetched_once() {
    let world = World::new();
    let first = world.commit("main", &[], &[("a", Some("1\n"))]);
    let repository = world.repository();
    assert_eq!(repository.fetch("refs/heads/main").await.unwrap().as_str(), first);
    let second = world.commit("main", &[&first], &[("a", Some("2\n"))]);
    assert_eq!(repository.fetch("refs/heads/main").await.unwrap().as_str(), second);
    assert_eq!(world.gate.count(), 2);
    // Both are there: nothing is asked for them, nor for what lies between.
    for sha in [&first, &second] {
        assert_eq!(repository.fetch(sha).await.unwrap().as_str(), sha);
    }
    repository.diff_paths(&first, &second).await.unwrap();
    assert_eq!(world.gate.count(), 2);
    // What no branch names, such as the head of a pull request from a fork.
    let pull = world.commit("gone", &[&second], &[("b", Some("3\n"))]);
    world.git(&["update-ref", "refs/pull/7/head", &pull]);
    world.git(&["update-ref", "-d", "refs/heads/gone"]);
    assert_eq!(repository.read_file(&pull, "b").await.unwrap(), b"3\n");
    assert_eq!(world.gate.count(), 3);
    assert_eq!(repository.fetch("refs/pull/7/head").await.unwrap().as_str(), pull);
}

#[tokio::test]
async fn a_branch_may_take_the_place_of_a_folder_of_branches() {
    let world = World::new();
    let sha = world.commit("a", &[], &[("f", Some("1\n"))]);
    let repository = world.repository();
    repository.fetch("refs/heads/a").await.unwrap();
    world.git(&["update-ref", "-d", "refs/heads/a"]);
    world.git(&["update-ref", "refs/heads/a/b", &sha]);
    assert_eq!(repository.fetch("refs/heads/a/b").await.unwrap().as_str(), sha);
    let gone = repository.fetch("refs/heads/a").await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let world = World::new();
    let sha = world.commit("main", &[], &[("a", Some("1\n"))]);
    world.git(&["-c", "user.name=a", "-c", "user.email=a@b", "tag", "-a", "-m", "x", "v1", &sha]);
    let blob = git_in(&world.origin(), &["rev-parse", "main:a"], "");
    world.git(&["update-ref", "refs/tags/blob", &blob]);
    let repository = world.repository();
    for what in ["refs/heads/other", "refs/pull/1/head", NOWHERE, "refs/tags/blob"] {
        let error = repository.fetch(what).await.unwrap_err();
        assert!(matches!(error, Error::NotFound(_)), "{what}: {error:?}");
    }
    assert_eq!(repository.fetch("refs/tags/v1").await.unwrap().as_str(), sha, "a tag is the commit that it names");
    let error = repository.fetch(&blob).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    let absent = world.mirrors().repository(&Repo::new("my-org", "absent").unwrap());
    let error = absent.fetch("refs/heads/main").await.unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_the_same_waits_for_the_one_fetch() {
    let world = World::new();
    let first = world.commit("main", &[], &[("a", Some("1\n"))]);
    let repository = world.repository();
    world.gate.shut().await;
    let calls = (0..20).map(|_| {
        tokio::spawn({
            let (repository, first) = (repository.clone(), first.clone());
            async move { repository.fetch(&first).await }
        })
    });
    let calls: Vec<_> = calls.collect();
    until(|| world.gate.count() == 1).await;
    world.gate.reopen();
    for call in join_all(calls).await {
        assert_eq!(call.unwrap().unwrap().as_str(), first);
    }
    assert_eq!(world.gate.count(), 1);

    // A ref may have moved since a fetch began: those who come meanwhile share the next one.
    world.gate.shut().await;
    let early = tokio::spawn({
        let repository = repository.clone();
        async move { repository.fetch("refs/heads/main").await }
    });
    until(|| world.gate.count() == 2).await;
    let mut late: Vec<_> = (0..20).map(|_| Box::pin(repository.fetch("refs/heads/main"))).collect();
    for call in &mut late {
        assert!(futures_util::poll!(call).is_pending());
    }
    world.gate.reopen();
    assert_eq!(early.await.unwrap().unwrap().as_str(), first);
    let all = join_all(late).await;
    assert!(all.into_iter().all(|sha| sha.unwrap().as_str() == first));
    assert_eq!(world.gate.count(), 3);
}

async fn until(mut condition: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !condition() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "waited in vain");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_fetch_goes_on_when_nobody_waits_for_it() {
    let world = World::new();
    let sha = world.commit("main", &[], &[("a", Some("1\n"))]);
    let repository = world.repository();
    world.gate.shut().await;
    let mut call = Box::pin(repository.fetch(&sha));
    while world.gate.count() == 0 {
        assert!(futures_util::poll!(&mut call).is_pending());
        tokio::task::yield_now().await;
    }
    drop(call);
    world.gate.reopen();
    assert_eq!(repository.fetch(&sha).await.unwrap().as_str(), sha);
    assert_eq!(world.gate.count(), 1);
}

#[tokio::test]
async fn many_packs_become_one_and_old_names_are_forgotten() {
    let world = World::new();
    let mut tip = world.commit("main", &[], &[("a", Some("0\n"))]);
    let repository = world.repository();
    repository.fetch(&tip).await.unwrap();
    let first = tip.clone();
    // As if it had been fetched long ago; a branch keeps it alive.
    git_in(&world.mirror(), &["update-ref", &format!("refs/kept/20200101/{first}"), &first], "");
    for at in 1..=52 {
        tip = world.commit("main", &[&tip], &[("a", Some(&format!("{at}\n")))]);
        repository.fetch("refs/heads/main").await.unwrap();
    }
    let packs = || {
        let entries = std::fs::read_dir(world.mirror().join("objects/pack")).unwrap();
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "pack")).count()
    };
    until(|| packs() < 10).await;
    let kept = git_in(&world.mirror(), &["for-each-ref", "--format=%(refname)", "refs/kept"], "");
    assert!(kept.contains(&first) && !kept.contains("20200101"), "{kept}");
    assert_eq!(repository.read_file(&tip, "a").await.unwrap(), b"52\n");
    assert_eq!(repository.read_file(&first, "a").await.unwrap(), b"0\n");
}

struct Broken;

impl CredentialSource for Broken {
    fn credentials<'a>(
        &'a self,
        _: &'a Repo,
        _: Access,
    ) -> futures_util::future::BoxFuture<'a, git::Result<Option<Credentials>>> {
        Box::pin(async { Err(Error::Denied("no installation".to_owned())) })
    }
}

#[tokio::test]
async fn a_far_side_that_cannot_be_asked_is_told_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago: nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut options = Options::new(folder.path(), format!("http://127.0.0.1:{port}"));
    let silent = Mirrors::open(options.clone()).unwrap().repository(&repo()).fetch("refs/heads/main").await;
    assert!(matches!(silent, Err(Error::Unavailable { .. })), "{silent:?}");
    options.credentials = std::sync::Arc::new(Broken);
    let denied = Mirrors::open(options).unwrap().repository(&repo()).fetch("refs/heads/main").await;
    assert_eq!(denied, Err(Error::Denied("no installation".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_far_side_that_says_nothing_is_given_up_with_all_that_was_started() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(folder.path(), format!("http://{address}"));
    options.limits.network = std::time::Duration::from_millis(300);
    let late = Mirrors::open(options).unwrap().repository(&repo()).fetch("refs/heads/main").await.unwrap_err();
    assert!(matches!(&late, Error::Unavailable { message, .. } if message.contains("was ended")), "{late:?}");
    // What was killed needs a moment to die.
    let started = std::time::Instant::now();
    loop {
        let left = crate::crash::processes(&address.to_string());
        if left.is_empty() {
            break;
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{left:?}");
        tokio::task::yield_now().await;
    }
    silent.abort();
}
