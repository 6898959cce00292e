//! `wit-bindgen c|go WIT -w WORLD --out-dir DIR`, as the published program of that name takes it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [language, wit, "-w", world, "--out-dir", out] = args.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        bail!("usage: wit-bindgen c|go WIT -w WORLD --out-dir DIR");
    };
    let mut generator = match language {
        "c" => wit_bindgen_c::Opts::default().build(),
        "go" => wit_bindgen_go::Opts::default().build(),
        other => bail!("`{other}` is neither c nor go"),
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    generator.generate(&mut resolve, world, &mut files)?;
    for (name, content) in files.iter() {
        let path = PathBuf::from(out).join(name);
        let dir = path.parent().context("a generated file has a folder")?;
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        std::fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
