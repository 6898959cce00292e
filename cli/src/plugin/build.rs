//! `bowsprit plugin build`: a component from a plugin's folder, by the ordinary tools of its language.

mod adapter;
mod bindgen;
mod c;
mod go;
mod javascript;
mod python;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;

use super::contract::{self, World};
use super::language::Language;
use crate::output;

/// Build the plugin in a folder.
///
/// The language is told by the files: Cargo.toml (Rust), go.mod (Go), plugin.py (Python), plugin.js (JavaScript) or
/// plugin.c (C). But for Rust, plugin.wit in the same folder says what the plugin may call, each import a request that
/// an operator grants or not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit plugin build plugins/examples/greeter-js
  bowsprit plugin build . --output /etc/bowsprit/greeter.wasm

What it needs is an ordinary tool of the language:
  Rust        cargo, with `rustup target add wasm32-unknown-unknown`
  Go          go 1.25 or newer, and wit-bindgen
  Python      pip install componentize-py==0.25.1
  JavaScript  npm install componentize-qjs@0.4.5
  C           clang with wasi-libc, and wit-bindgen
wit-bindgen: cargo install wit-bindgen-cli@0.61.1 --locked

What of the folder is built: of Go all of it, packages and embedded files in
folders below included, but for `target` and what is hidden; they are imported
as wit_component/export_wit_world/FOLDER. Of C the *.c files of the folder
itself, with the headers that they include. Of Python plugin.py and what it
imports. Of JavaScript plugin.js, which a bundler may have made.")]
pub(crate) struct BuildArgs {
    /// The plugin's folder.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where the component goes; if left out, into the plugin's folder, by the plugin's name.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where what is made on the way is kept for the next time; if left out, `target` in the plugin's folder.
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
}

/// A component that was built.
pub(crate) struct Built {
    /// What the project calls it.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) component: Vec<u8>,
}

pub(crate) fn run(args: &BuildArgs) -> anyhow::Result<()> {
    let built = build(&args.dir, args.work.as_deref())?;
    let file = args.output.clone().unwrap_or_else(|| args.dir.join(format!("{}.wasm", built.name)));
    componentize::write(&file, &built.component).with_context(|| format!("cannot write {}", file.display()))?;
    let digest = componentize::digest(&built.component);
    output::print(&format!("{}  {} bytes  sha256:{digest}\n", file.display(), built.component.len()))
}

/// Builds what is in `dir`, telling of it on standard error.
///
/// # Errors
/// A [`Missing`](super::tool::Missing) for a tool that is not here; what the tool says, if it fails.
pub(crate) fn build(dir: &Path, work: Option<&Path>) -> anyhow::Result<Built> {
    let started = Instant::now();
    let dir = dir.canonicalize().with_context(|| format!("there is no folder {}", dir.display()))?;
    let language = Language::of(&dir)?;
    eprintln!("building {} ({language}) …", dir.display());
    let built = match language {
        Language::Rust => rust::build(&dir, work),
        Language::Go => foreign(&dir, work, go::build),
        Language::Python => foreign(&dir, work, python::build),
        Language::JavaScript => foreign(&dir, work, javascript::build),
        Language::C => foreign(&dir, work, c::build),
    }?;
    eprintln!("built {} in {:.1} s", built.name, started.elapsed().as_secs_f64());
    Ok(built)
}

/// What a language's builder gets.
struct Project<'a> {
    /// The plugin's folder, absolute.
    dir: &'a Path,
    /// A directory for what is made on the way.
    work: PathBuf,
    /// The plugin's world.
    world: World,
}

fn foreign(
    dir: &Path,
    work: Option<&Path>,
    build: fn(&Project<'_>) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Built> {
    let work = work.map_or_else(|| dir.join("target"), Path::to_owned);
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let work = work.canonicalize().with_context(|| format!("cannot use {}", work.display()))?;
    let world = contract::lay(dir, &work)?;
    let project = Project { dir, work, world };
    let component = build(&project)?;
    Ok(Built { name: project.world.name, component })
}

/// Reads what a tool was to write.
fn made(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("the tool has not made {}", file.display()))
}

/// The files of a directory that end so, in the order of their names.
fn files(dir: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for file in fs::read_dir(dir)? {
            let path = file?.path();
            if path.extension().is_some_and(|it| it == extension) {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    };
    read().with_context(|| format!("cannot read {}", dir.display()))
}

/// An empty directory of this name: what an earlier build left there is gone.
fn fresh(dir: PathBuf) -> anyhow::Result<PathBuf> {
    let made = match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(&dir),
    };
    made.with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}
