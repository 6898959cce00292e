//! Repositories to mirror, and mirrors of them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use git::{Access, Committer, CredentialSource, Credentials, Mirrors, Options, Repo, Repository};
use tempfile::TempDir;
use tokio::sync::Semaphore;

/// A name for what nobody has.
pub(crate) const NOWHERE: &str = "0123456789abcdef0123456789abcdef01234567";

/// A bare repository `my-org/hello`, as a server has it, and a folder for its mirror.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) gate: Arc<Gate>,
}

/// Counts the commands that talk to the far side, and holds them up while it is shut.
pub(crate) struct Gate {
    pub(crate) asked: AtomicUsize,
    pub(crate) open: Semaphore,
}

impl CredentialSource for Gate {
    fn credentials<'a>(&'a self, _: &'a Repo, _: Access) -> BoxFuture<'a, git::Result<Option<Credentials>>> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let _pass = self.open.acquire().await;
            Ok(None)
        })
    }
}

impl Gate {
    pub(crate) fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) async fn shut(&self) {
        self.open.acquire_many(1000).await.unwrap().forget();
    }

    pub(crate) fn reopen(&self) {
        self.open.add_permits(1000);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = folder.path().join("far/my-org/hello.git");
        std::fs::create_dir_all(&origin).unwrap();
        let gate = Arc::new(Gate { asked: AtomicUsize::new(0), open: Semaphore::new(1000) });
        let world = Self { folder, gate };
        world.git(&["init", "-q", "--bare", "--initial-branch=main", "."]);
        world.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        world
    }

    pub(crate) fn origin(&self) -> PathBuf {
        self.folder.path().join("far/my-org/hello.git")
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.folder.path().join("mirrors/my-org/hello.git")
    }

    pub(crate) fn options(&self) -> Options {
        let far = format!("file://{}", self.folder.path().join("far").display());
        let mut options = Options::new(self.folder.path().join("mirrors"), far);
        (options.local_files, options.credentials) = (true, self.gate.clone());
        options
    }

    pub(crate) fn mirrors(&self) -> Mirrors {
        Mirrors::open(self.options()).unwrap()
    }

    pub(crate) fn repository(&self) -> Repository {
        self.mirrors().repository(&repo())
    }

    /// git at the far side.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.origin(), args, "")
    }

    /// Commits on a branch: on these parents, the first of which has the files to begin with. A file without content is
    /// removed.
    pub(crate) fn commit(&self, branch: &str, parents: &[&str], files: &[(&str, Option<&str>)]) -> String {
        self.commit_with_links(branch, parents, files, &[])
    }

    /// The same, with symbolic links and what they say.
    pub(crate) fn commit_with_links(
        &self,
        branch: &str,
        parents: &[&str],
        files: &[(&str, Option<&str>)],
        links: &[(&str, &str)],
    ) -> String {
        let named: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        let message = format!("Change {}\n\nBody\n", named.join(", "));
        let mut stream = format!(
            "commit refs/heads/{branch}\nauthor Anna <anna@example.com> 1700000000 +0200\n\
             committer Carl <carl@example.com> 1700000001 +0000\ndata {}\n{message}\n",
            message.len()
        );
        for (at, parent) in parents.iter().enumerate() {
            writeln!(stream, "{} {parent}", if at == 0 { "from" } else { "merge" }).unwrap();
        }
        for (path, content) in files {
            match content {
                None => writeln!(stream, "D {path}").unwrap(),
                Some(text) => writeln!(stream, "M 100644 inline {path}\ndata {}\n{text}", text.len()).unwrap(),
            }
        }
        for (path, text) in links {
            writeln!(stream, "M 120000 inline {path}\ndata {}\n{text}", text.len()).unwrap();
        }
        // Without a parent a branch that is there would go on.
        if parents.is_empty() {
            stream = format!("reset refs/heads/{branch}\n{stream}");
        }
        git_in(&self.origin(), &["fast-import", "--quiet", "--force"], &stream);
        self.git(&["rev-parse", &format!("refs/heads/{branch}")])
    }
}

pub(crate) fn git_in(folder: &Path, args: &[&str], input: &str) -> String {
    let mut command = Command::new("git");
    command.args(args).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
}

pub(crate) fn repo() -> Repo {
    Repo::new("my-org", "hello").unwrap()
}

pub(crate) fn bot() -> Committer {
    let at = "2026-01-02T03:04:05Z".parse().unwrap();
    Committer { name: "bowsprit-bot".to_owned(), email: "bot@example.com".to_owned(), at }
}

/// `lines` lines of text, the one at `changed` (from 1 on) different.
pub(crate) fn text(lines: usize, changed: usize, to: &str) -> String {
    (1..=lines).map(|line| if line == changed { format!("{to}\n") } else { format!("line {line}\n") }).collect()
}
