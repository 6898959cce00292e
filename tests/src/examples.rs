//! The greeter of `plugins/examples` in each language, built from its source as its author would.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};

use crate::programs::Programs;

/// Their folders, by language.
pub const GREETERS: [(&str, &str); 5] =
    [("rust", "greeter"), ("js", "greeter-js"), ("python", "greeter-python"), ("c", "greeter-c"), ("go", "greeter-go")];

/// What a component is made of besides its own folder, below the checkout.
const MADE_WITH: [&str; 6] = [
    "wit",
    "cli/src/plugin/build.rs",
    "cli/src/plugin/build",
    "cli/src/plugin/contract.rs",
    "crates/componentize/src",
    "plugins/kit/src",
];

/// The checkout.
#[must_use]
pub fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' crate lies in the checkout")
}

/// The component that `bowsprit plugin build` makes of this folder below the checkout. Kept by the content of all that it is
/// made of: nothing is built twice. None where a tool is not on this machine: then `test` is noted as
/// skipped.
///
/// # Errors
/// If it does not build; the text has what the tools said.
pub fn component(test: &str, folder: &str) -> anyhow::Result<Option<PathBuf>> {
    let programs = Programs::find()?;
    let source = checkout().join(folder);
    let kept = kept(&programs);
    fs::create_dir_all(&kept).with_context(|| format!("making {}", kept.display()))?;
    let name = named(folder);
    // Two tests that want the same one: the second finds what the first has built.
    let lock = File::create(kept.join(format!("{name}.lock"))).context("making a lock")?;
    flock(&lock, FlockOperation::LockExclusive).context("waiting for another build")?;
    let parts = MADE_WITH.iter().map(|part| checkout().join(part)).chain([source.clone(), counterparts::directory()]);
    let file = kept.join(format!("{name}-{}.wasm", &content(parts)?[..16]));
    if file.is_file() {
        return Ok(Some(file));
    }
    let is_rust = source.join("Cargo.toml").is_file();
    // Where the bundled plugins are built, std for their target is there already.
    let work = if is_rust { programs.plugins.with_file_name("plugins") } else { kept.join(&name) };
    let output = Command::new(&programs.bowsprit)
        .args(["plugin", "build"])
        .arg(&source)
        .arg("--output")
        .arg(&file)
        .arg("--work")
        .arg(work)
        .env("PATH", path()?)
        .output()
        .context("starting `bowsprit plugin build`")?;
    if output.status.success() {
        return Ok(Some(file));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    match said.lines().find(|line| line.contains("` is missing: ")) {
        Some(line) => {
            counterparts::skip(test, line);
            Ok(None)
        }
        None => bail!("{folder} does not build: {said}"),
    }
}

/// What is left of a component's build besides the component; for C, `core.wasm`.
///
/// # Errors
/// If nothing has been built.
pub fn work(folder: &str) -> anyhow::Result<PathBuf> {
    Ok(kept(&Programs::find()?).join(named(folder)))
}

/// PATH with the tools that `cargo xtask setup` installs before all others.
///
/// # Errors
/// If a directory's name has a colon in it.
pub fn path() -> anyhow::Result<OsString> {
    let tools = counterparts::directory();
    let own = ["wit-bindgen/bin", "componentize-py/bin", "componentize-qjs/node_modules/.bin", "go/bin", ""];
    let own = own.map(|dir| tools.join(dir));
    let before = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(own.into_iter().chain(std::env::split_paths(&before))).context("a colon in a directory's name")
}

fn kept(programs: &Programs) -> PathBuf {
    programs.plugins.with_file_name("plugins-built")
}

fn named(folder: &str) -> String {
    folder.replace('/', "-")
}

/// The SHA-256 of all files below these paths, their names included. Of the tools only what is pinned.
fn content(parts: impl Iterator<Item = PathBuf>) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    for part in parts {
        let pins = part == counterparts::directory();
        let mut files = if part.is_file() { vec![part.clone()] } else { Vec::new() };
        walk(&part, if pins { 1 } else { 8 }, &mut files)?;
        files.retain(|file| !pins || file.ends_with("pins"));
        files.sort();
        for file in files {
            let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            digest.update(file.to_string_lossy().as_bytes());
            digest.update((bytes.len() as u64).to_le_bytes());
            digest.update(bytes);
        }
    }
    Ok(hex::encode(digest.finalize()))
}

/// All files so many folders deep, without what tools leave in a plugin's folder.
fn walk(dir: &Path, depth: u32, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let path = entry.context("reading a folder")?.path();
        let left =
            path.file_name().is_some_and(|name| ["target", "node_modules", "__pycache__"].iter().any(|it| name == *it));
        if path.is_dir() && !left && depth > 0 {
            walk(&path, depth - 1, files)?;
        } else if path.is_file() && path.extension().is_none_or(|it| it != "wasm") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_content_is_another_component() {
        let dir = tempfile::tempdir().unwrap();
        let of = || content([dir.path().to_owned()].into_iter()).unwrap();
        let empty = of();
        fs::write(dir.path().join("plugin.js"), "1").unwrap();
        let one = of();
        fs::create_dir(dir.path().join("target")).unwrap();
        fs::write(dir.path().join("target/made"), "by a tool").unwrap();
        fs::write(dir.path().join("greeter.wasm"), "made").unwrap();
        assert_eq!(of(), one);
        fs::write(dir.path().join("plugin.js"), "2").unwrap();
        assert!(of() != one && one != empty);
    }

    #[test]
    fn every_greeter_has_its_folder_and_its_readme() {
        for (_, folder) in GREETERS {
            let readme = checkout().join("plugins/examples").join(folder).join("README.md");
            assert!(readme.is_file(), "{} is not there", readme.display());
        }
    }
}
