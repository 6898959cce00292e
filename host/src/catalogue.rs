//! The catalogue of bundled plugins: a file that the build writes beside the components, so that a plain Prow plugins.yaml
//! works as it is. The host starts without it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// `catalogue.json`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The version of the file's shape; 1.
    #[serde(default)]
    pub version: u32,
    /// The bundled plugins.
    pub plugins: Vec<CatalogueEntry>,
}

/// One bundled plugin.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// As it stands in plugins.yaml.
    pub name: String,
    /// The component, relative to the catalogue.
    pub file: PathBuf,
    /// SHA-256 of the component, in lower-case hexadecimal.
    pub digest: String,
    /// What it may do, as under `modules.NAME.grants`.
    #[serde(default)]
    pub grants: serde_json::Value,
    /// What it may import and need not be granted, in the same form: an operator who wants that of it grants it.
    #[serde(default = "nothing")]
    pub optional: serde_json::Value,
    /// What one call may use, as under `modules.NAME.limits`.
    #[serde(default)]
    pub limits: serde_json::Value,
}

fn nothing() -> serde_json::Value {
    serde_json::json!({})
}

/// The catalogue's file name.
pub const FILE: &str = "catalogue.json";

impl Catalogue {
    /// Reads `dir/catalogue.json`; empty if there is no such file.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is damaged: build the plugins again (`cargo xtask plugins`)", path.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Catalogue::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }
}
