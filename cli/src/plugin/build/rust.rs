//! Rust, by cargo, for a target without WASI.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, bail};
use componentize::toolchain::{self, TARGET};
use serde::Deserialize;

use super::{Built, made};
use crate::plugin::tool;

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

pub(super) fn build(dir: &Path, work: Option<&Path>) -> anyhow::Result<Built> {
    let guest = toolchain::detect().map_err(|why| {
        anyhow!("no toolchain for plugins in Rust: {why}; with rustup, `rustup target add {TARGET}` brings one")
    })?;
    let metadata = metadata(dir)?;
    let manifest = dir.join("Cargo.toml");
    let package = metadata.packages.iter().find(|package| package.manifest_path == manifest);
    let package = package.with_context(|| format!("{} is no package's", manifest.display()))?;
    let library = package.targets.iter().find(|target| target.crate_types.iter().any(|it| it == "cdylib"));
    let Some(library) = library else {
        bail!("{} makes no component: add `crate-type = [\"cdylib\"]` under [lib]", manifest.display());
    };
    let target = work.map_or(metadata.target_directory, Path::to_owned);
    std::fs::create_dir_all(&target).with_context(|| format!("cannot make {}", target.display()))?;
    let target = target.canonicalize().with_context(|| format!("cannot use {}", target.display()))?;
    let mut cargo = guest.build(Command::new("cargo"));
    // The working directory, not --manifest-path, is where cargo looks for the project's own config file.
    cargo.current_dir(dir).args(["--package", &package.name, "--target-dir"]).arg(&target);
    tool::run_openly(&mut cargo)?;
    let module = target.join(TARGET).join("release").join(library.name.replace('-', "_")).with_extension("wasm");
    Ok(Built { name: package.name.clone(), component: componentize::encode(&made(&module)?)? })
}

fn metadata(dir: &Path) -> anyhow::Result<Metadata> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version=1"])
        .current_dir(dir)
        .output()
        .context("cannot start cargo (https://rustup.rs brings it)")?;
    if !output.status.success() {
        bail!("cargo cannot read {}:\n{}", dir.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata answered something else")
}
