//! `cargo xtask plugins`: the plugins' workspace compiled for the guest target, each module made a component.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use componentize::toolchain::{self, TARGET};

use crate::catalogue::{Catalogue, Entry, Metadata, PluginCrate};
use crate::children;
use crate::workspace::Workspace;

const CATALOGUE: &str = "catalogue.json";

/// Beside the bundled plugins: what plugins.yaml has to name by its file.
const EXAMPLES: &str = "examples";

/// Builds every plugin and leaves the components with their catalogue in [`Workspace::plugins_dist`]. Files that came
/// out as they were keep their timestamps.
pub(crate) fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let manifest = workspace.plugins_manifest();
    let crates = children::metadata::<Metadata>(&manifest)?.plugin_crates()?;
    compile(workspace, &crates)?;

    let modules = workspace.plugins_target().join(TARGET).join("release");
    let dist = workspace.plugins_dist();
    let examples = dist.join(EXAMPLES);
    fs::create_dir_all(&examples).with_context(|| format!("cannot create {}", examples.display()))?;
    let (bundled, of_examples): (Vec<_>, Vec<_>) = crates.into_iter().partition(|plugin| plugin.terms.is_some());
    let mut plugins = Vec::new();
    for plugin in bundled {
        let (file, digest) = componentize(&plugin, &modules, &dist)?;
        let terms = plugin.terms.expect("bundled plugins are those with terms");
        plugins.push(Entry { name: plugin.name, file, digest, terms });
    }
    let mut kept = Vec::new();
    for plugin in of_examples {
        kept.push(componentize(&plugin, &modules, &examples)?.0);
    }

    // Components first, catalogue second: it never names a digest that is not there yet.
    let catalogue = Catalogue { version: 1, plugins };
    let mut json = serde_json::to_vec_pretty(&catalogue).context("cannot write the catalogue")?;
    json.push(b'\n');
    componentize::write(&dist.join(CATALOGUE), &json).context("cannot write the catalogue")?;
    sweep(&examples, &kept)?;
    sweep(&dist, &catalogue.plugins.iter().map(|plugin| plugin.file.clone()).collect::<Vec<_>>())?;
    eprintln!("xtask: {} plugins in {}", catalogue.plugins.len(), dist.display());
    Ok(())
}

fn compile(workspace: &Workspace, crates: &[PluginCrate]) -> anyhow::Result<()> {
    let guest = toolchain::detect()
        .map_err(|why| anyhow!("no toolchain for plugins: {why}; `cargo xtask setup` brings one"))?;
    let mut cargo = guest.build(children::cargo());
    // The working directory, not --manifest-path, is where cargo looks for the workspace's own config file.
    cargo.current_dir(workspace.root.join("plugins")).arg("--target-dir").arg(workspace.plugins_target());
    for plugin in crates {
        cargo.args(["--package", &plugin.name]);
    }
    children::run("build plugins", &mut cargo)
}

/// The component's file name and digest.
fn componentize(plugin: &PluginCrate, modules: &Path, dir: &Path) -> anyhow::Result<(String, String)> {
    let built = modules.join(&plugin.module).with_extension("wasm");
    let core = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let component = componentize::encode(&core).with_context(|| format!("plugin `{}`", plugin.name))?;
    let digest = componentize::digest(&component);
    let file = format!("{}.wasm", plugin.name);
    let changed = componentize::write(&dir.join(&file), &component).with_context(|| format!("cannot write {file}"))?;
    let (short, size) = (&digest[..12], component.len());
    eprintln!("  {:<20} {size:>9} bytes  sha256 {short}…{}", plugin.name, if changed { "  new" } else { "" });
    Ok((file, digest))
}

/// Takes away the components of plugins that are no more.
fn sweep(dir: &Path, kept: &[String]) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let known =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| kept.iter().any(|it| it == name));
        if path.extension().is_some_and(|it| it == "wasm") && !known {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_that_is_no_more_leaves_no_component_behind() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["gone.wasm", "kept.wasm", "catalogue.json"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        sweep(dir.path(), &["kept.wasm".to_owned()]).unwrap();
        let mut left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["catalogue.json", "kept.wasm"]);
    }
}
