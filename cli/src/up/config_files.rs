//! Whether the files that the parts will ask for are there: said once here, rather than by a part that ends.

use std::path::Path;

use anyhow::bail;

use super::UpArgs;

pub(super) fn check(args: &UpArgs, plugins_dir: &Path) -> anyhow::Result<()> {
    for (path, flag) in [(&args.config_path, "--config-path"), (&args.plugin_config, "--plugin-config")] {
        if !path.is_file() {
            bail!("{} is not there: start in a directory that has it, or give {flag}", path.display());
        }
    }
    if !plugins_dir.is_dir() {
        bail!(
            "no bundled plugins in {}: build them with `cargo xtask plugins`, or give --plugins-dir",
            plugins_dir.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use config::{Loaded, Sources};

    #[test]
    fn the_examples_at_the_root_are_without_fault() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources = Sources {
            config_path: root.join("config.yaml"),
            job_config_path: None,
            plugin_config: Some(root.join("plugins.yaml")),
            ..Sources::default()
        };
        let loaded = Loaded::from_sources(&sources).unwrap_or_else(|error| panic!("{error}"));
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        assert_eq!(loaded.plugins.effective("my-org", "hello"), ["trigger", "lgtm", "approve", "hold", "help"]);
    }
}
