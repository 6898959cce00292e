use std::process::Command;

use prow::refs::Pull;
use tempfile::TempDir;

use super::*;
use crate::private_server::PrivateServer;

/// A repository on disk with one commit on `main`, and pull requests as GitHub keeps them.
struct Origin {
    folder: TempDir,
}

impl Origin {
    fn new() -> Self {
        let origin = Self { folder: tempfile::tempdir().unwrap() };
        origin.git(&["init", "--quiet", "--initial-branch=main"]);
        origin.commit("a.txt", "base\n");
        origin
    }

    fn git(&self, args: &[&str]) -> String {
        let run = Command::new("git")
            .args(args)
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@b"), ("GIT_COMMITTER_NAME", "a")])
            .envs([("GIT_COMMITTER_EMAIL", "a@b"), ("GIT_AUTHOR_DATE", "1700000000 +0000")])
            .env("GIT_COMMITTER_DATE", "1700000000 +0000")
            .output()
            .unwrap();
        assert!(run.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    }

    fn commit(&self, file: &str, text: &str) -> String {
        fs::write(self.folder.path().join(file), text).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A pull request that changes one file, from the first commit on.
    fn pull(&self, number: u64, file: &str, text: &str) -> Pull {
        let first = self.git(&["rev-list", "--max-parents=0", "main"]);
        self.git(&["checkout", "--quiet", "--detach", &first]);
        let sha = self.commit(file, text);
        self.git(&["update-ref", &format!("refs/pull/{number}/head"), &sha]);
        self.git(&["checkout", "--quiet", "main"]);
        Pull { number, sha, ..Pull::default() }
    }

    fn refs(&self, pulls: Vec<Pull>) -> Refs {
        Refs {
            org: "o".into(),
            repo: "r".into(),
            base_ref: "main".into(),
            base_sha: self.git(&["rev-parse", "main"]),
            clone_uri: format!("file://{}", self.folder.path().display()),
            pulls,
            ..Refs::default()
        }
    }
}

fn cloned(all: &[Refs], folder: &Path) -> Vec<Record> {
    cloned_as(&[], all, folder)
}

fn cloned_as(credentials: &[Credentials], all: &[Refs], folder: &Path) -> Vec<Record> {
    let home = tempfile::tempdir().unwrap();
    Cloner {
        root: folder,
        git: Git { folder, home: home.path(), credentials: None, mark: ("MARK", "test") },
        credentials,
        retries: &[Duration::from_millis(1)],
        patience: Duration::ZERO,
        stop: &|| false,
    }
    .clone_all(all)
}

fn read(folder: &Path, file: &str) -> Option<String> {
    fs::read_to_string(folder.join("src/github.com/o/r").join(file)).ok()
}

#[test]
fn d44_pulls_are_merged_in_order_and_the_merge_commit_is_always_the_same() {
    let origin = Origin::new();
    let pulls = vec![origin.pull(1, "one.txt", "1\n"), origin.pull(2, "two.txt", "2\n")];
    origin.commit("later.txt", "later\n");
    let refs = origin.refs(pulls);
    let finals: Vec<String> = (0..2)
        .map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let records = cloned(std::slice::from_ref(&refs), folder.path());
            assert!(!records[0].failed, "{}", text(&records));
            for file in ["a.txt", "later.txt", "one.txt", "two.txt"] {
                assert!(read(folder.path(), file).is_some(), "{file} is missing");
            }
            records[0].final_sha.clone()
        })
        .collect();
    assert_eq!(finals[0], finals[1]);
    assert_ne!(finals[0], refs.base_sha);
}

#[test]
fn without_pulls_it_is_the_base_at_its_commit_on_its_branch() {
    let origin = Origin::new();
    let old = origin.refs(Vec::new());
    origin.commit("later.txt", "later\n");
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(std::slice::from_ref(&old), folder.path());
    assert_eq!(records[0].final_sha, old.base_sha, "{}", text(&records));
    assert_eq!(read(folder.path(), "later.txt"), None);
    assert!(read(folder.path(), ".git/HEAD").unwrap().contains("refs/heads/main"));
}

#[test]
fn a_base_without_a_commit_is_its_head() {
    let origin = Origin::new();
    let mut refs = origin.refs(Vec::new());
    refs.base_sha.clear();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(cloned(&[refs], folder.path())[0].final_sha, origin.git(&["rev-parse", "main"]));
}

#[track_caller]
fn check_fails(refs: Refs, telling: &str) {
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[refs], folder.path());
    let record = records.last().unwrap();
    assert!(record.failed, "{}", text(&records));
    assert!(record.reason.contains(telling), "{}", record.reason);
}

#[test]
fn a_conflict_names_the_files_and_what_to_do() {
    let origin = Origin::new();
    let pull = origin.pull(7, "a.txt", "theirs\n");
    origin.commit("a.txt", "ours\n");
    let sha = pull.sha.clone();
    check_fails(origin.refs(vec![pull]), &format!("#7 ({sha}) conflicts with main in a.txt: rebase or merge it"));
}

#[test]
fn d42_a_pull_that_moved_on_is_not_merged() {
    let origin = Origin::new();
    let old = origin.pull(3, "x.txt", "old\n");
    let new = origin.pull(3, "x.txt", "new\n");
    let by_ref = Pull { git_ref: "refs/pull/3/head".into(), ..old.clone() };
    check_fails(origin.refs(vec![by_ref]), "pushed to meanwhile");
    // By its own name the pinned commit can still be had.
    let folder = tempfile::tempdir().unwrap();
    assert!(!cloned(&[origin.refs(vec![old])], folder.path())[0].failed);
    assert_eq!(read(folder.path(), "x.txt").as_deref(), Some("old\n"));
    // And without a commit it is whatever the head is.
    let folder = tempfile::tempdir().unwrap();
    cloned(&[origin.refs(vec![Pull { sha: String::new(), ..new }])], folder.path());
    assert_eq!(read(folder.path(), "x.txt").as_deref(), Some("new\n"));
}

#[test]
fn what_is_not_there_fails_after_its_retries() {
    let origin = Origin::new();
    let mut refs = origin.refs(Vec::new());
    refs.clone_uri = "file:///nowhere/at/all".into();
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[refs], folder.path());
    assert!(records[0].failed);
    let fetches = records[0].commands.iter().filter(|c| c.command.starts_with("git fetch")).count();
    assert_eq!(fetches, 2, "one try, and one after the pause");
}

#[test]
fn a_leading_dash_never_reaches_git() {
    let origin = Origin::new();
    let mut refs = origin.refs(Vec::new());
    refs.base_ref = "--upload-pack=touch pwned".into();
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[refs], folder.path());
    assert!(records[0].reason.contains("starts with `-`"), "{}", records[0].reason);
    assert!(records[0].commands.is_empty());
}

#[test]
fn hooks_and_submodules_from_this_machine_do_nothing() {
    let origin = Origin::new();
    let secret = Origin::new();
    let module = format!("[submodule \"s\"]\n\tpath = s\n\turl = file://{}\n", secret.folder.path().display());
    fs::write(origin.folder.path().join(".gitmodules"), module).unwrap();
    let commit = secret.git(&["rev-parse", "HEAD"]);
    origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},s")]);
    origin.git(&["add", ".gitmodules"]);
    origin.git(&["commit", "--quiet", "-m", "submodule"]);
    check_fails(origin.refs(Vec::new()), "transport 'file' not allowed");
    let skipped = Refs { skip_submodules: true, ..origin.refs(Vec::new()) };
    let folder = tempfile::tempdir().unwrap();
    assert!(!cloned(&[skipped], folder.path())[0].failed);
}

#[test]
fn sparse_and_shallow_clones_hold_what_was_asked_for() {
    let origin = Origin::new();
    origin.commit("b.txt", "b\n");
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let folder = tempfile::tempdir().unwrap();
    let sparse = Refs { sparse_checkout_files: vec!["/b.txt".into()], ..origin.refs(Vec::new()) };
    let records = cloned(&[sparse], folder.path());
    assert!(!records[0].failed, "{}", text(&records));
    assert_eq!((read(folder.path(), "a.txt"), read(folder.path(), "b.txt").as_deref()), (None, Some("b\n")));

    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[Refs { clone_depth: 1, ..origin.refs(Vec::new()) }], folder.path());
    assert!(!records[0].failed, "{}", text(&records));
    assert!(read(folder.path(), ".git/shallow").is_some());
}

#[test]
fn d3_extra_refs_come_after_and_the_records_read_as_text() {
    let (origin, other) = (Origin::new(), Origin::new());
    let extra = Refs { repo: "tools".into(), ..other.refs(Vec::new()) };
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[origin.refs(Vec::new()), extra], folder.path());
    assert_eq!(records.iter().map(|r| r.refs.repo.as_str()).collect::<Vec<_>>(), ["r", "tools"]);
    assert!(folder.path().join("src/github.com/o/tools/a.txt").exists());
    let text = text(&records);
    assert!(text.contains("# Cloning o/r at main:") && text.contains("$ git fetch"), "{text}");
}

#[test]
fn a_token_reaches_no_argument_and_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    fs::write(&token_file, "s3cr3t\n").unwrap();
    let credentials = Credentials { address: "https://github.com/o/r.git".into(), token_file };
    let git = Git { folder: folder.path(), home: folder.path(), credentials: Some(&credentials), mark: ("M", "t") };
    let filled = git.run(&["credential", "fill"], &[]);
    assert!(filled.result.is_err(), "standard input is empty: {}", filled.output);
    // What the helper prints is what git would send; it comes back censored.
    let shown = git.run(&["-c", "alias.show-token=!cat token", "show-token"], &[]);
    assert_eq!(shown.output.trim(), "CENSORED");
    let settings = git.run(&["config", "--get", "credential.https://github.com/o/r.git.helper"], &[]);
    assert!(settings.output.contains("cat '") && !settings.output.contains("s3cr3t"), "{}", settings.output);
}

#[test]
fn a_submodule_that_a_pull_request_names_on_the_same_server_is_shown_no_token() {
    let (origin, other) = (Origin::new(), Origin::new());
    let server = PrivateServer::start(&[("o/r.git", origin.folder.path()), ("o/other.git", other.folder.path())]);
    let module = format!("[submodule \"s\"]\n\tpath = s\n\turl = {}/o/other.git\n", server.address);
    fs::write(origin.folder.path().join(".gitmodules"), module).unwrap();
    let commit = other.git(&["rev-parse", "HEAD"]);
    origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},s")]);
    origin.git(&["add", ".gitmodules"]);
    origin.git(&["commit", "--quiet", "-m", "submodule"]);
    for repository in [&origin, &other] {
        repository.git(&["update-server-info"]);
    }

    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    fs::write(&token_file, "s3cr3t\n").unwrap();
    let address = format!("{}/o/r.git", server.address);
    let refs = Refs { clone_uri: address.clone(), ..origin.refs(Vec::new()) };
    let records = cloned_as(&[Credentials { address, token_file }], &[refs], &folder.path().join("w"));
    assert!(records[0].reason.contains("`git submodule"), "{}", text(&records));
    assert_eq!(read(&folder.path().join("w"), "a.txt").as_deref(), Some("base\n"), "{}", text(&records));
    let shown: Vec<bool> = server.asked("/o/other.git").into_iter().map(|(_, shown)| shown).collect();
    assert!(!shown.is_empty() && !shown.contains(&true), "{shown:?}: {}", text(&records));
}

#[test]
fn a_password_in_a_clone_address_is_published_nowhere() {
    let origin = Origin::new();
    let server = PrivateServer::start(&[]);
    let clone_uri = format!("{}/o/r.git", server.address.replace("://", "://bot:s3cr3t@"));
    let folder = tempfile::tempdir().unwrap();
    let records = cloned(&[Refs { clone_uri, ..origin.refs(Vec::new()) }], folder.path());
    assert!(records[0].failed && server.asked("/o/r.git").iter().any(|(_, shown)| *shown), "{}", text(&records));
    for published in [serde_json::to_string(&records).unwrap(), text(&records)] {
        assert!(published.contains("/o/r.git") && !published.contains("s3cr3t"), "{published}");
    }
    // Nor where it is refused before git has seen it.
    let refused = Refs { clone_uri: "ftp://bot:s3cr3t@host/o/r".into(), ..origin.refs(Vec::new()) };
    let records = serde_json::to_string(&cloned(&[refused], folder.path())).unwrap();
    assert!(records.contains("ftp://host/o/r") && !records.contains("s3cr3t"), "{records}");
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let origin = Origin::new();
    origin.git(&["update-server-info"]);
    let folder = tempfile::tempdir().unwrap();
    let (token_file, home) = (folder.path().join("token"), folder.path().join("home"));
    fs::write(&token_file, "s3cr3t\n").unwrap();
    fs::create_dir(&home).unwrap();
    // An address of its own on this machine's loopback, which nobody else takes meanwhile.
    let at = format!("127.83.{}.{}:8080", std::process::id() / 250 % 250, 1 + std::process::id() % 250);
    let address = format!("http://{at}/o/r.git");
    let refs = Refs { clone_uri: address.clone(), ..origin.refs(Vec::new()) };
    let server = std::sync::OnceLock::new();
    let asked = std::sync::atomic::AtomicU32::new(0);
    let records = Cloner {
        root: folder.path(),
        git: Git { folder: folder.path(), home: &home, credentials: None, mark: ("MARK", "test") },
        credentials: &[Credentials { address, token_file }],
        retries: &[],
        patience: Duration::from_secs(60),
        // Asked before `init` and `fetch`, and then while it waits: only then does the server start.
        stop: &|| {
            if asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 4 {
                assert!(server.set(PrivateServer::start_at(&at, &[("o/r.git", origin.folder.path())])).is_ok());
            }
            false
        },
    }
    .clone_all(&[refs]);
    assert!(!records[0].failed && server.get().is_some(), "{}", text(&records));
    assert!(!text(&records).contains("onnect"), "what came to nothing is not told: {}", text(&records));
}
