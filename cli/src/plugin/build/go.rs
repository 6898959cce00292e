//! Go, by its ordinary toolchain. The plugin's folder is the package `export_wit_world` of the module `wit_component`, as
//! `wit-bindgen` lays it out; the bindings come beside it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::{Project, adapter, bindgen, files, made};
use crate::plugin::tool::{self, Missing};

pub(super) fn build(project: &Project<'_>) -> anyhow::Result<Vec<u8>> {
    let go =
        tool::find(&["go"], &[]).ok_or(Missing { tool: "go", how: "version 1.25 or newer, from https://go.dev/dl" })?;
    let module = bindgen::generate(project, "go")?;
    copy(project.dir, &module)?;
    let core = project.work.join("core.wasm");
    let mut command = Command::new(go);
    command
        .args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w -checklinkname=0", "-o"])
        .arg(&core)
        .arg(".");
    command.env("GOOS", "wasip1").env("GOARCH", "wasm").env_remove("GOFLAGS").current_dir(&module);
    tool::run(&mut command)?;
    let mut core = made(&core)?;
    componentize::embed(&mut core, &project.world.resolve, project.world.id)?;
    componentize::encode_with(&core, &adapter::stub()?)
}

/// The plugin's sources and its module's files, where the bindings expect them.
fn copy(from: &Path, module: &Path) -> anyhow::Result<()> {
    let package = module.join("export_wit_world");
    fs::create_dir_all(&package).with_context(|| format!("cannot make {}", package.display()))?;
    let put = |file: &Path, dir: &Path| {
        let name = file.file_name().expect("a file of a folder has a name");
        fs::copy(file, dir.join(name)).with_context(|| format!("cannot copy {}", file.display()))
    };
    for file in files(from, "go")? {
        put(&file, &package)?;
    }
    for file in ["go.mod", "go.sum"].map(|name| from.join(name)).iter().filter(|file| file.is_file()) {
        put(file, module)?;
    }
    Ok(())
}
