//! A git repository as GitHub would keep it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use prow::refs::{Pull, Refs};
use tempfile::TempDir;

pub(crate) struct Origin(TempDir);

impl Origin {
    pub(crate) fn new() -> Self {
        let origin = Self(tempfile::tempdir().unwrap());
        origin.git(&["init", "--quiet", "--initial-branch=main"]);
        origin.commit("base.txt", "base\n");
        origin
    }

    /// Its work tree, ready to be served as plain files.
    pub(crate) fn as_files(&self) -> PathBuf {
        self.git(&["update-server-info"]);
        self.0.path().to_owned()
    }

    fn git(&self, args: &[&str]) -> String {
        let run = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b"])
            .args(args)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(run.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        fs::write(self.0.path().join(file), text).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", file]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// The refs of a pull request that changes one file, from the first commit on.
    pub(crate) fn pull(&self, number: u64, file: &str, text: &str) -> Refs {
        let first = self.git(&["rev-list", "--max-parents=0", "main"]);
        self.git(&["checkout", "--quiet", "--detach", &first]);
        let sha = self.commit(file, text);
        self.git(&["update-ref", &format!("refs/pull/{number}/head"), &sha]);
        self.git(&["checkout", "--quiet", "main"]);
        Refs {
            org: "o".into(),
            repo: "r".into(),
            base_ref: "main".into(),
            base_sha: self.git(&["rev-parse", "main"]),
            clone_uri: format!("file://{}", self.0.path().display()),
            pulls: vec![Pull { number, author: "alice".into(), sha, ..Pull::default() }],
            ..Refs::default()
        }
    }
}
