//! What a job may see and change: bubblewrap, where the kernel lets it work.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::job_dir::JobDir;

/// A sandbox for jobs: everything is read-only but the job's own tree; home and `/tmp` are the job's own; it sees no
/// process but its own; it has no capability, also where it is run by root; the network is the machine's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sandbox {
    /// The bubblewrap program.
    pub bwrap: PathBuf,
    /// The home of the user who runs the jobs; another is put in its place.
    pub home: PathBuf,
    /// Folders that jobs see empty: where all jobs and all state are.
    pub empty: Vec<PathBuf>,
    /// Files that jobs see empty: tokens and keys.
    pub blank: Vec<PathBuf>,
}

impl Sandbox {
    /// A sandbox, if bubblewrap is there and works: it is tried once, with what a job would get.
    ///
    /// # Errors
    /// Why there is none.
    pub fn probe(empty: Vec<PathBuf>, blank: Vec<PathBuf>) -> Result<Self, String> {
        let bwrap = find("bwrap").ok_or("bubblewrap (`bwrap`) is not installed")?;
        let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let absolute = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
            paths.into_iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect()
        };
        let sandbox = Self { bwrap, home, empty: absolute(empty), blank: absolute(blank) };
        let trial = tempfile::tempdir().map_err(|e| format!("no folder to try it in: {e}"))?;
        let dir = JobDir::new(trial.path());
        dir.create_folders().map_err(|e| format!("no folder to try it in: {e}"))?;
        let tried = Command::new(&sandbox.bwrap)
            .args(sandbox.arguments(&dir, &dir.work()))
            .arg("true")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{} cannot be run: {e}", sandbox.bwrap.display()))?;
        if tried.status.success() {
            return Ok(sandbox);
        }
        let said = String::from_utf8_lossy(&tried.stderr);
        Err(format!("bubblewrap does not work here: {}", said.lines().next().unwrap_or("it said nothing")))
    }

    /// bubblewrap's arguments for this run, up to where the command begins.
    pub fn arguments(&self, dir: &JobDir, start: &Path) -> Vec<OsString> {
        let mut mounts: Vec<(PathBuf, Vec<OsString>)> = Vec::new();
        let mut mount = |at: &Path, option: &str, source: Option<&Path>| {
            let mut args: Vec<OsString> = vec![option.into()];
            args.extend(source.map(Into::into));
            args.push(at.into());
            mounts.push((at.to_owned(), args));
        };
        if self.home != Path::new("/") {
            mount(&self.home, "--bind", Some(&dir.home()));
        }
        mount(Path::new("/tmp"), "--bind", Some(&dir.tmp()));
        for folder in &self.empty {
            mount(folder, "--tmpfs", None);
        }
        for file in &self.blank {
            mount(file, "--ro-bind", Some(Path::new("/dev/null")));
        }
        mount(&dir.work(), "--bind", Some(&dir.work()));
        mount(&dir.artifacts(), "--bind", Some(&dir.artifacts()));
        // A mount hides what was mounted below it before, so the shorter paths come first.
        mounts.sort_by_key(|(at, _)| at.components().count());

        let mut args: Vec<OsString> = ["--die-with-parent", "--new-session", "--unshare-pid", "--ro-bind", "/", "/"]
            .into_iter()
            .chain(["--dev", "/dev", "--proc", "/proc"])
            // Run by root, bubblewrap would leave the job all of root's, and with them a remount undoes every line here.
            .chain(["--cap-drop", "ALL"])
            .map(Into::into)
            .collect();
        args.extend(mounts.into_iter().flat_map(|(_, args)| args));
        args.push("--chdir".into());
        args.push(start.into());
        args.push("--".into());
        args
    }
}

/// The program of this name on the search path.
pub fn find(name: &str) -> Option<PathBuf> {
    find_in(name, &std::env::var_os("PATH")?)
}

/// The program of this name on a search path.
pub fn find_in(name: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether this is a file that can be run.
pub fn is_program(file: &Path) -> bool {
    rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_s_own_tree_is_mounted_over_what_hides_the_others() {
        let sandbox = Sandbox {
            bwrap: "/usr/bin/bwrap".into(),
            home: "/home/ci".into(),
            empty: vec!["/home/ci/state".into()],
            blank: vec!["/etc/token".into()],
        };
        let dir = JobDir::new("/home/ci/state/jobs/pj");
        let args = sandbox.arguments(&dir, &dir.work());
        let lines: Vec<String> = args
            .iter()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join(" ")
            .split(" --")
            .map(str::to_owned)
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        --die-with-parent
        new-session
        unshare-pid
        ro-bind / /
        dev /dev
        proc /proc
        cap-drop ALL
        bind /home/ci/state/jobs/pj/tmp /tmp
        bind /home/ci/state/jobs/pj/home /home/ci
        ro-bind /dev/null /etc/token
        tmpfs /home/ci/state
        bind /home/ci/state/jobs/pj/work /home/ci/state/jobs/pj/work
        bind /home/ci/state/jobs/pj/artifacts /home/ci/state/jobs/pj/artifacts
        chdir /home/ci/state/jobs/pj/work
        ");
    }
}
