//! `cargo xtask plugins`: the plugins' workspace compiled for the guest target, each module made a component.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::catalogue::{Catalogue, Entry, Metadata, PluginCrate};
use crate::children;
use crate::guest::{self, TARGET};
use crate::workspace::Workspace;

const CATALOGUE: &str = "catalogue.json";

/// Builds every plugin and leaves the components with their catalogue in [`Workspace::plugins_dist`]. Files that came
/// out as they were keep their timestamps.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let manifest = workspace.plugins_manifest();
    let crates = children::metadata::<Metadata>(&manifest)?.plugin_crates()?;
    compile(workspace, &crates)?;

    let modules = workspace.plugins_target().join(TARGET).join("release");
    let dist = workspace.plugins_dist();
    fs::create_dir_all(&dist).with_context(|| format!("cannot create {}", dist.display()))?;
    let plugins: Vec<Entry> =
        crates.into_iter().map(|plugin| componentize(plugin, &modules, &dist)).collect::<anyhow::Result<_>>()?;

    // Components first, catalogue second: it never names a digest that is not there yet.
    let catalogue = Catalogue { version: 1, plugins };
    let mut json = serde_json::to_vec_pretty(&catalogue).context("cannot write the catalogue")?;
    json.push(b'\n');
    componentize::write(&dist.join(CATALOGUE), &json).context("cannot write the catalogue")?;
    sweep(&dist, &catalogue)?;
    eprintln!("xtask: {} plugins in {}", catalogue.plugins.len(), dist.display());
    Ok(())
}

fn compile(workspace: &Workspace, crates: &[PluginCrate]) -> anyhow::Result<()> {
    let guest =
        guest::detect().map_err(|why| anyhow!("no toolchain for plugins: {why}; `cargo xtask setup` brings one"))?;
    let mut cargo = guest.build();
    // The working directory, not --manifest-path, is where cargo looks for the workspace's own config file.
    cargo.current_dir(workspace.root.join("plugins")).arg("--target-dir").arg(workspace.plugins_target());
    for plugin in crates {
        cargo.args(["--package", &plugin.name]);
    }
    children::run("build plugins", &mut cargo)
}

fn componentize(plugin: PluginCrate, modules: &Path, dist: &Path) -> anyhow::Result<Entry> {
    let built = modules.join(&plugin.module).with_extension("wasm");
    let core = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let component = componentize::encode(&core).with_context(|| format!("plugin `{}`", plugin.name))?;
    let digest = componentize::digest(&component);
    let file = format!("{}.wasm", plugin.name);
    let changed = componentize::write(&dist.join(&file), &component).with_context(|| format!("cannot write {file}"))?;
    let (short, size) = (&digest[..12], component.len());
    eprintln!("  {:<20} {size:>9} bytes  sha256 {short}…{}", plugin.name, if changed { "  new" } else { "" });
    Ok(Entry { name: plugin.name, file, digest, terms: plugin.terms })
}

/// Takes away the components of plugins that are no more.
fn sweep(dist: &Path, catalogue: &Catalogue) -> anyhow::Result<()> {
    for entry in fs::read_dir(dist)? {
        let path = entry?.path();
        let known = |name: &str| catalogue.plugins.iter().any(|plugin| plugin.file == name);
        let stale = path.extension().is_some_and(|it| it == "wasm")
            && !path.file_name().and_then(|name| name.to_str()).is_some_and(known);
        if stale {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
