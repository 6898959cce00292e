//! Go, by its ordinary toolchain. The plugin's folder is the package `export_wit_world` of the module `wit_component`, as
//! `wit-bindgen` lays it out; the bindings come beside it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::{Project, adapter, bindgen, made};
use crate::plugin::tool::{self, Missing};

/// The package that the bindings call.
const PACKAGE: &str = "export_wit_world";

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

/// The plugin's folder as the bindings expect it: its module's files at the top, and all else, folders included, as the package
/// that the bindings call.
fn copy(from: &Path, module: &Path) -> anyhow::Result<()> {
    tree(from, &module.join(PACKAGE))?;
    for name in ["go.mod", "go.sum"] {
        let file = module.join(PACKAGE).join(name);
        if file.is_file() {
            fs::rename(&file, module.join(name)).with_context(|| format!("cannot move {}", file.display()))?;
        }
    }
    Ok(())
}

/// Copies a folder, without what is hidden and what was built.
fn tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", from.display()))?.path();
        let Some(name) = path.file_name().filter(|name| !is_left_out(name)) else { continue };
        let copy = to.join(name);
        if path.is_dir() {
            // A link to a folder could lead to the folder that it lies in.
            if !path.is_symlink() {
                tree(&path, &copy)?;
            }
        } else if path.is_file() {
            fs::copy(&path, copy).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// Hidden files and folders, `target`, and components.
fn is_left_out(name: &OsStr) -> bool {
    let built = name == "target" || Path::new(name).extension().is_some_and(|it| it == "wasm");
    built || name.as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_tree_is_the_package_and_the_modules_files_lie_above_it() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = [
            "plugin.go",
            "go.mod",
            "go.sum",
            "text/answers.txt",
            "inner/inner.go",
            "inner/go.mod",
            "target/core.wasm",
            "greeter.wasm",
            ".git/config",
            ".hidden",
            "inner/target/made",
        ];
        for file in files {
            let path = from.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        std::os::unix::fs::symlink("..", from.path().join("inner/up")).unwrap();
        copy(from.path(), to.path()).unwrap();
        let mut found = Vec::new();
        let mut folders = vec![to.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(to.path()).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        let package = ["inner/go.mod", "inner/inner.go", "plugin.go", "text/answers.txt"];
        let mut want: Vec<String> = package.iter().map(|file| format!("{PACKAGE}/{file}")).collect();
        want.extend(["go.mod".to_owned(), "go.sum".to_owned()]);
        assert_eq!(found, want);
    }
}
