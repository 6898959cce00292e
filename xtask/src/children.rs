//! Starting cargo and other programs, and saying how long they took.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;

use crate::workspace::Workspace;

/// The cargo that runs us, so that `cargo +toolchain xtask …` stays with its toolchain.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    // What the outer cargo says of this package, some build scripts take for a change of theirs (ring's): without this,
    // every turn between `cargo build` and `cargo xtask` compiles half the dependencies again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// What `cargo metadata` says about one workspace and its own crates.
pub(crate) fn metadata<T: DeserializeOwned>(manifest: &Path) -> anyhow::Result<T> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`cargo metadata --manifest-path {}` failed", manifest.display());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata answered something else")
}

/// Runs to the end with our own streams, prints the seconds.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    eprintln!("xtask: {what} …");
    let started = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{what}: {:?} ended with {status}", command.get_program());
    }
    eprintln!("xtask: {what}: {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Builds every program of the root workspace. Always the same selection: with another one cargo would unify features
/// differently and compile half of the dependencies a second time.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    run("build programs", cargo().args(["build", "--workspace", "--bins"]).current_dir(&workspace.root))
}

/// Builds what makes components that nobody wrote: a workspace of its own, beside everything else in the target directory.
pub(crate) fn build_smith(workspace: &Workspace) -> anyhow::Result<()> {
    let mut build = cargo();
    build.args(["build", "--locked", "--target-dir"]).arg(workspace.target.join("smith"));
    run("build smith", build.current_dir(workspace.root.join("tests").join("smith")))
}
