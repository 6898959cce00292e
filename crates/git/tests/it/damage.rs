use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use git::{Error, Pick};

use crate::support::{World, bot, git_in, text};

/// What is logged at `warn` and above while it lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    use tracing_subscriber::util::SubscriberInitExt as _;
    let log = Log::default();
    let kept = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::WARN);
    (log, subscriber.with_writer(move || kept.clone()).finish().set_default())
}

fn files_of(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files_of(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

/// Breaks a mirror; everything must work again after it, by the same handle.
async fn check(what: &str, breaks: impl Fn(&Path)) {
    let world = World::new();
    let base = world.commit("main", &[], &[("a", Some(&text(200, 0, "")))]);
    let head = world.commit("main", &[&base], &[("a", Some(&text(200, 7, "changed")))]);
    let repository = world.repository();
    repository.diff(&base, &head, &[]).await.unwrap();
    let (log, _guard) = log();
    breaks(&world.mirror());
    let diff = repository.diff(&base, &head, &[]).await;
    assert!(diff.as_ref().is_ok_and(|diff| diff.contains("+changed")), "{what}: {diff:?}");
    assert_eq!(repository.fetch("refs/heads/main").await.unwrap().as_str(), head, "{what}");
    assert_eq!(repository.blame(&head, "a").await.unwrap().len(), 200, "{what}");
    git_in(&world.mirror(), &["fsck", "--full"], "");
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let times = logged.matches("a damaged mirror is cloned anew").count();
    assert!(times == 1 && logged.contains("my-org/hello"), "{what}: {logged}");
    assert_eq!(fs::read_dir(world.folder.path().join("mirrors/tmp")).unwrap().count(), 0, "{what}");
}

fn cut_packs(mirror: &Path, ending: &str) {
    for file in files_of(&mirror.join("objects/pack")) {
        if file.extension().is_some_and(|end| end == ending) {
            let bytes = fs::read(&file).unwrap();
            fs::remove_file(&file).unwrap();
            fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        }
    }
}

#[tokio::test]
async fn a_damaged_mirror_is_cloned_anew_and_the_call_succeeds() {
    check("the folder is gone", |mirror| fs::remove_dir_all(mirror).unwrap()).await;
    check("HEAD is gone", |mirror| fs::remove_file(mirror.join("HEAD")).unwrap()).await;
    check("the pack is cut", |mirror| cut_packs(mirror, "pack")).await;
    check("the index of the pack is cut", |mirror| cut_packs(mirror, "idx")).await;
    check("the objects are gone", |mirror| fs::remove_dir_all(mirror.join("objects")).unwrap()).await;
    check("the configuration is no such", |mirror| fs::write(mirror.join("config"), "[core\n").unwrap()).await;
}

#[tokio::test]
async fn damage_that_comes_again_at_once_is_told() {
    let world = World::new();
    let sha = world.commit("main", &[], &[("a", Some("1\n"))]);
    let repository = world.repository();
    for again in [false, true] {
        repository.fetch(&sha).await.unwrap();
        fs::remove_file(world.mirror().join("HEAD")).unwrap();
        let read = repository.read_file(&sha, "a").await;
        assert_eq!(matches!(read, Err(Error::Damaged(_))), again, "{read:?}");
    }
}

#[tokio::test]
async fn what_a_killed_command_left_is_no_hindrance() {
    let world = World::new();
    let base = world.commit("main", &[], &[("a", Some("1\n"))]);
    let side = world.commit("side", &[&base], &[("b", Some("1\n"))]);
    let head = world.commit("main", &[&base], &[("a", Some("2\n"))]);
    let repository = world.repository();
    let pick = async || repository.cherry_pick(&head, std::slice::from_ref(&side), "", &bot()).await;
    let Pick::Picked(sha) = pick().await.unwrap() else { panic!("there is no conflict") };
    let kept = git_in(&world.mirror(), &["for-each-ref", "--format=%(refname)", "refs/kept"], "");
    let kept = kept.lines().find(|name| name.ends_with(sha.as_str())).unwrap();
    git_in(&world.mirror(), &["update-ref", "-d", kept], "");
    fs::write(world.mirror().join(format!("{kept}.lock")), "").unwrap();
    assert_eq!(pick().await.unwrap(), Pick::Picked(sha.clone()));
    let far = files_of(&world.mirror().join("refs/far"));
    repository.fetch("refs/heads/main").await.unwrap();
    let far: Vec<_> =
        files_of(&world.mirror().join("refs/far")).into_iter().filter(|file| !far.contains(file)).collect();
    fs::write(far[0].with_extension("lock"), "").unwrap();
    let moved = world.commit("main", &[&head], &[("a", Some("3\n"))]);
    assert_eq!(repository.fetch("refs/heads/main").await.unwrap().as_str(), moved);
    // And what lies about is taken away at the next start.
    let litter =
        ["packed-refs.lock", "gc.pid", "objects/pack/tmp_pack_x", "objects/tmp_objdir-incoming-x/a", "refs/far/x.lock"];
    for path in litter {
        let path = world.mirror().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::write(world.folder.path().join("mirrors/tmp/half"), "").unwrap();
    world.repository().fetch(&head).await.unwrap();
    for path in litter {
        assert!(!world.mirror().join(path).exists(), "{path}");
    }
    assert!(!world.folder.path().join("mirrors/tmp/half").exists());
}
