//! The bare repositories behind the world, through the git command. Every name that comes from a caller stands behind
//! `--end-of-options`, and neither system nor user configuration is read.

mod parse;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use parse::{parse_commit, parse_numstat, parse_raw, parse_tree_entry, split_patch};

/// The name of no commit.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// The configuration of every repository. `hideRefs`: as on GitHub, refs/pull can be fetched but not pushed to. Nothing is
/// packed behind our back: a repository lives for a test or a demonstration.
const CONFIG: &str = "\
[core]
    bare = true
    repositoryformatversion = 0
[http]
    receivepack = true
[receive]
    hideRefs = refs/pull
    autogc = false
    unpackLimit = 10000
[uploadpack]
    allowAnySHA1InWant = true
    allowFilter = true
[gc]
    auto = 0
[fastimport]
    unpackLimit = 10000
";

/// Where the bare repositories are.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    root: PathBuf,
}

/// A git command that failed, with what it said.
#[derive(Debug, thiserror::Error)]
#[error("git {what}: {said}")]
pub(crate) struct GitError {
    what: String,
    said: String,
}

/// Who a commit is by.
#[derive(Debug, Clone)]
pub(crate) struct Author {
    /// The login.
    pub(crate) name: String,
    /// The address that GitHub gives accounts that hide theirs.
    pub(crate) email: String,
}

/// A commit as the API shows it.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    /// 40 hex digits.
    pub(crate) sha: String,
    /// The tree's sha.
    pub(crate) tree: String,
    /// The parents' shas.
    pub(crate) parents: Vec<String>,
    /// Name, address and RFC 3339 time of the author.
    pub(crate) author: (String, String, String),
    /// Name, address and RFC 3339 time of the committer.
    pub(crate) committer: (String, String, String),
    /// The whole message.
    pub(crate) message: String,
}

/// A file that differs between two commits.
#[derive(Debug, Clone)]
pub(crate) struct FileChange {
    /// GitHub's word: added, removed, modified or renamed.
    pub(crate) status: &'static str,
    /// The path now.
    pub(crate) path: String,
    /// The path before, for a rename.
    pub(crate) previous: Option<String>,
    /// The blob's sha (the old one for a removed file).
    pub(crate) blob: String,
    /// Lines added.
    pub(crate) additions: u64,
    /// Lines removed.
    pub(crate) deletions: u64,
    /// The hunks, without git's header; none for binary content.
    pub(crate) patch: Option<String>,
}

/// An entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct TreeEntry {
    /// The mode, six octal digits.
    pub(crate) mode: String,
    /// `blob`, `tree` or `commit`.
    pub(crate) kind: String,
    /// Its sha.
    pub(crate) sha: String,
    /// Bytes, for a blob.
    pub(crate) size: u64,
    /// The whole path.
    pub(crate) path: String,
}

/// What merging two commits gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Merge {
    /// The tree's sha.
    Tree(String),
    /// Both sides changed the same lines.
    Conflict,
}

impl Git {
    /// Repositories below `root`, which is made on the first one.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory that holds all repositories.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of `owner/name`, which must already be a key of the world.
    pub(crate) fn dir(&self, repo: &str) -> PathBuf {
        self.root.join(format!("{repo}.git"))
    }

    /// Makes an empty bare repository that may be cloned, pushed to and fetched from by commit.
    pub(crate) fn init(&self, repo: &str, default_branch: &str) -> Result<(), GitError> {
        let dir = self.dir(repo);
        std::fs::create_dir_all(&dir).map_err(|error| failed("init", &error.to_string()))?;
        run(command(&dir).args(["init", "-q", "--bare", "."]), "init", None)?;
        let write = |name: &str, text: &str| {
            std::fs::write(dir.join(name), text).map_err(|error| failed("init", &error.to_string()))
        };
        write("config", CONFIG)?;
        write("HEAD", &format!("ref: refs/heads/{default_branch}\n"))
    }

    /// All refs and what they point to.
    pub(crate) fn refs(&self, repo: &str) -> Result<BTreeMap<String, String>, GitError> {
        let out = self.text(repo, &["for-each-ref", "--format=%(objectname) %(refname)"])?;
        Ok(out.lines().filter_map(|line| line.split_once(' ')).map(|(sha, name)| (name.into(), sha.into())).collect())
    }

    /// The commit that a sha, a branch, a tag or a full ref names, in GitHub's order.
    pub(crate) fn resolve(&self, repo: &str, name: &str) -> Option<String> {
        let hex = name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let plain = ["refs/heads/", "refs/tags/", "refs/"].map(|prefix| format!("{prefix}{name}"));
        let candidates = if hex { vec![name.to_lowercase()] } else { plain.to_vec() };
        candidates.iter().find_map(|candidate| self.commit_of(repo, candidate)).or_else(|| {
            let short = (7..40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
            short.then(|| self.commit_of(repo, name)).flatten()
        })
    }

    /// The commit that a branch points to.
    pub(crate) fn tip(&self, repo: &str, branch: &str) -> Option<String> {
        self.commit_of(repo, &format!("refs/heads/{branch}"))
    }

    fn commit_of(&self, repo: &str, name: &str) -> Option<String> {
        let wanted = format!("{name}^{{commit}}");
        let out = self.text(repo, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).ok()?;
        // rev-parse prints the option itself when it has --verify in older releases: the sha is the last line.
        out.lines().last().map(str::to_owned).filter(|sha| sha.len() == 40)
    }

    /// Points a ref at a commit; `old` must be what it points to now ([`ZERO`] if it must not be there).
    pub(crate) fn update_ref(&self, repo: &str, name: &str, new: &str, old: Option<&str>) -> Result<(), GitError> {
        let mut args = vec!["update-ref", "--end-of-options", name, new];
        args.extend(old);
        self.text(repo, &args).map(drop)
    }

    /// Removes a ref.
    pub(crate) fn delete_ref(&self, repo: &str, name: &str) -> Result<(), GitError> {
        self.text(repo, &["update-ref", "-d", "--end-of-options", name]).map(drop)
    }

    /// Whether git would take this as the name of a ref.
    pub(crate) fn valid_ref(&self, name: &str) -> bool {
        let mut check = command(Path::new("/"));
        check.args(["check-ref-format", name]).stdout(Stdio::null()).stderr(Stdio::null());
        !name.starts_with('-') && check.status().is_ok_and(|status| status.success())
    }

    /// Commits file changes on `parent` (none: a first commit), sets `refs/heads/<branch>` to it, and gives its sha.
    /// A path with no content is deleted; content that begins with `#!` is made executable.
    pub(crate) fn commit(
        &self,
        repo: &str,
        branch: &str,
        parent: Option<&str>,
        author: &Author,
        message: &str,
        files: &BTreeMap<String, Option<String>>,
    ) -> Result<String, GitError> {
        let seconds = jiff::Timestamp::now().as_second();
        let name = author.name.replace(['<', '>', '\n'], "");
        let mut stream = format!("commit refs/heads/{branch}\n");
        for line in ["author", "committer"] {
            stream += &format!("{line} {name} <{}> {seconds} +0000\n", author.email);
        }
        stream += &format!("data {}\n{message}\n", message.len());
        if let Some(parent) = parent {
            stream += &format!("from {parent}\n");
        }
        for (path, content) in files {
            let quoted = quote(path);
            match content {
                None => stream += &format!("D {quoted}\n"),
                Some(text) => {
                    let mode = if text.starts_with("#!") { "100755" } else { "100644" };
                    stream += &format!("M {mode} inline {quoted}\ndata {}\n{text}\n", text.len());
                }
            }
        }
        let mut import = command(&self.dir(repo));
        import.args(["fast-import", "--quiet", "--done"]);
        run(&mut import, "fast-import", Some(format!("{stream}\ndone\n").as_bytes()))?;
        self.tip(repo, branch).ok_or_else(|| failed("fast-import", "the branch is not there"))
    }

    /// Brings a commit of another of our repositories over.
    pub(crate) fn fetch(&self, into: &str, from: &str, sha: &str) -> Result<(), GitError> {
        if into == from {
            return Ok(());
        }
        let source = self.dir(from);
        let source = source.to_string_lossy();
        self.text(into, &["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--", &source, sha]).map(drop)
    }

    /// Copies all branches of one repository to another.
    pub(crate) fn copy_branches(&self, from: &str, into: &str) -> Result<(), GitError> {
        let source = self.dir(from);
        let source = source.to_string_lossy();
        self.text(into, &["fetch", "-q", "--", &source, "+refs/heads/*:refs/heads/*"]).map(drop)
    }

    /// The best common ancestor, if there is one.
    pub(crate) fn merge_base(&self, repo: &str, a: &str, b: &str) -> Option<String> {
        let out = self.text(repo, &["merge-base", "--end-of-options", a, b]).ok()?;
        Some(out.trim().to_owned()).filter(|sha| sha.len() == 40)
    }

    /// Whether `descendant` holds all that `ancestor` does.
    pub(crate) fn is_ancestor(&self, repo: &str, ancestor: &str, descendant: &str) -> bool {
        let args = ["merge-base", "--is-ancestor", "--end-of-options", ancestor, descendant];
        self.text(repo, &args).is_ok()
    }

    /// Merges without a work tree.
    pub(crate) fn merge(&self, repo: &str, ours: &str, theirs: &str) -> Result<Merge, GitError> {
        let mut merge = command(&self.dir(repo));
        merge.args(["merge-tree", "--write-tree", "--no-messages", "--allow-unrelated-histories"]).args([ours, theirs]);
        let out = merge.output().map_err(|error| failed("merge-tree", &error.to_string()))?;
        let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        match out.status.code() {
            Some(0) => Ok(Merge::Tree(text)),
            Some(1) => Ok(Merge::Conflict),
            _ => Err(failed("merge-tree", &String::from_utf8_lossy(&out.stderr))),
        }
    }

    /// Makes a commit of a tree and gives its sha; no ref is touched.
    pub(crate) fn commit_tree(
        &self,
        repo: &str,
        tree: &str,
        parents: &[&str],
        author: &Author,
        message: &str,
    ) -> Result<String, GitError> {
        let mut commit = command(&self.dir(repo));
        commit.args(["commit-tree", tree, "-F", "-"]);
        for parent in parents {
            commit.args(["-p", parent]);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            commit.env(format!("GIT_{who}_NAME"), &author.name).env(format!("GIT_{who}_EMAIL"), &author.email);
        }
        Ok(run(&mut commit, "commit-tree", Some(message.as_bytes()))?.trim().to_owned())
    }

    /// The commits that `to` has and `from` has not, oldest first, at most `limit`.
    pub(crate) fn log(&self, repo: &str, from: &[&str], to: &str, limit: usize) -> Result<Vec<Commit>, GitError> {
        let limit = format!("--max-count={limit}");
        let format = "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1e";
        let mut args = vec!["log", "--topo-order", format, &limit, "--end-of-options", to];
        let not: Vec<String> = from.iter().map(|sha| format!("^{sha}")).collect();
        args.extend(not.iter().map(String::as_str));
        let out = self.text(repo, &args)?;
        let mut commits: Vec<Commit> =
            out.split('\u{1e}').filter_map(|record| parse_commit(record.trim_start())).collect();
        commits.reverse();
        Ok(commits)
    }

    /// One commit.
    pub(crate) fn show(&self, repo: &str, sha: &str) -> Result<Commit, GitError> {
        self.log(repo, &[], sha, 1)?.pop().ok_or_else(|| failed("log", "no such commit"))
    }

    /// What changed from one commit to the other, by path; `from` may be the empty tree.
    pub(crate) fn diff(&self, repo: &str, from: &str, to: &str) -> Result<Vec<FileChange>, GitError> {
        let range = ["--end-of-options", from, to];
        let base = ["diff-tree", "-r", "-M", "-z", "--no-commit-id"];
        let raw = self.bytes(repo, &[&base[..], &["--raw", "--no-abbrev"], &range].concat())?;
        let mut changes = parse_raw(&raw);
        let numstat = self.bytes(repo, &[&base[..], &["--numstat"], &range].concat())?;
        for (path, additions, deletions) in parse_numstat(&numstat) {
            if let Some(change) = changes.iter_mut().find(|change| change.path == path) {
                (change.additions, change.deletions) = (additions, deletions);
            }
        }
        let patch =
            self.text(repo, &[&["diff-tree", "-r", "-M", "-p", "--no-commit-id", "--no-color"], &range[..]].concat())?;
        for (change, hunks) in changes.iter_mut().zip(split_patch(&patch)) {
            change.patch = hunks;
        }
        Ok(changes)
    }

    /// The entry at a path of a commit; with a slash at its end, or empty, the entries of that directory.
    pub(crate) fn ls_tree(&self, repo: &str, commit: &str, path: &str) -> Result<Vec<TreeEntry>, GitError> {
        let mut args = vec!["ls-tree", "-l", "-z", "--end-of-options", commit];
        args.extend(Some(path).filter(|path| !path.is_empty()));
        let out = self.bytes(repo, &args)?;
        Ok(String::from_utf8_lossy(&out).split('\0').filter_map(parse_tree_entry).collect())
    }

    /// A blob's content.
    pub(crate) fn blob(&self, repo: &str, sha: &str) -> Result<Vec<u8>, GitError> {
        self.bytes(repo, &["cat-file", "blob", sha])
    }

    /// Replays `commits` (oldest first) on `onto` and gives the new tip. Empty commits are kept out.
    pub(crate) fn rebase(
        &self,
        repo: &str,
        onto: &str,
        commits: &[Commit],
        committer: &Author,
    ) -> Result<Option<String>, GitError> {
        let dir = tempfile::tempdir().map_err(|error| failed("rebase", &error.to_string()))?;
        let tree = dir.path().join("tree");
        let path = tree.to_string_lossy().into_owned();
        self.text(repo, &["worktree", "add", "-q", "--detach", &path, onto])?;
        let mut tip = Ok(());
        for commit in commits {
            let mut pick = command(&tree);
            pick.env("GIT_COMMITTER_NAME", &committer.name).env("GIT_COMMITTER_EMAIL", &committer.email);
            tip = run(pick.args(["cherry-pick", "--allow-empty", &commit.sha]), "cherry-pick", None).map(drop);
            if tip.is_err() {
                break;
            }
        }
        let head = run(command(&tree).args(["rev-parse", "HEAD"]), "rev-parse", None);
        self.text(repo, &["worktree", "remove", "--force", &path])?;
        Ok(tip.and(head).ok().map(|sha| sha.trim().to_owned()))
    }

    fn text(&self, repo: &str, args: &[&str]) -> Result<String, GitError> {
        run(command(&self.dir(repo)).args(args), args.first().unwrap_or(&""), None)
    }

    fn bytes(&self, repo: &str, args: &[&str]) -> Result<Vec<u8>, GitError> {
        Ok(output(command(&self.dir(repo)).args(args), args.first().unwrap_or(&""), None)?.stdout)
    }
}

/// A git command in `dir` that reads no configuration but the repository's own and never asks for anything.
pub(crate) fn command(dir: &Path) -> Command {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            git.env_remove(name);
        }
    }
    git.current_dir(dir)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        // A container's checkout may belong to another user than the one that runs us.
        .args(["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"]);
    git
}

fn run(git: &mut Command, what: &str, stdin: Option<&[u8]>) -> Result<String, GitError> {
    let out = output(git, what, stdin)?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

pub(crate) fn output(git: &mut Command, what: &str, stdin: Option<&[u8]>) -> Result<Output, GitError> {
    git.stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    git.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().map_err(|error| failed(what, &format!("cannot be started: {error}")))?;
    let pipe = child.stdin.take();
    // Written beside the reading: a git that answers before it has read everything would wait for us for ever.
    let out = std::thread::scope(|scope| {
        scope.spawn(|| {
            if let (Some(mut pipe), Some(bytes)) = (pipe, stdin) {
                // A git that ends early closes the pipe; its own message says why.
                let _ = pipe.write_all(bytes);
            }
        });
        child.wait_with_output()
    });
    let out = out.map_err(|error| failed(what, &error.to_string()))?;
    if out.status.success() { Ok(out) } else { Err(failed(what, String::from_utf8_lossy(&out.stderr).trim())) }
}

fn failed(what: &str, said: &str) -> GitError {
    GitError { what: what.to_owned(), said: said.to_owned() }
}

fn quote(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
