//! The catalogue of bundled plugins: what each crate's `[package.metadata.bowsprit]` says, with the component's digest.
//! The host reads it so that a plain Prow plugins.yaml needs no `modules`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `catalogue.json`, beside the components.
#[derive(Debug, Serialize, PartialEq)]
pub(crate) struct Catalogue {
    /// The version of this file's shape.
    pub(crate) version: u32,
    /// By name.
    pub(crate) plugins: Vec<Entry>,
}

/// One bundled plugin.
#[derive(Debug, Serialize, PartialEq)]
pub(crate) struct Entry {
    /// As it stands in plugins.yaml.
    pub(crate) name: String,
    /// Relative to the catalogue.
    pub(crate) file: String,
    /// SHA-256 of the component, 64 hex digits.
    pub(crate) digest: String,
    #[serde(flatten)]
    pub(crate) terms: Terms,
}

/// What an operator would write under `modules.NAME`: checked here only for its shape, by the host for its meaning.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terms {
    /// `permission = "read" | "write"`, spelled as in plugins.yaml.
    pub(crate) grants: BTreeMap<String, Value>,
    /// Where the plugin needs other limits than the host's defaults.
    #[serde(default)]
    pub(crate) limits: BTreeMap<String, Value>,
}

/// One plugin's crate, as cargo knows it.
#[derive(Debug, PartialEq)]
pub(crate) struct PluginCrate {
    pub(crate) name: String,
    /// The library's file name without `.wasm`; cargo writes `_` for `-`.
    pub(crate) module: String,
    pub(crate) terms: Terms,
}

/// As much of `cargo metadata` as tells a plugin from the kit.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    metadata: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Metadata {
    /// Every crate that yields a core module, by name.
    ///
    /// # Errors
    /// When one of them says nothing, or something else, under `[package.metadata.bowsprit]`.
    pub(crate) fn plugin_crates(self) -> anyhow::Result<Vec<PluginCrate>> {
        let mut found = Vec::new();
        for package in self.packages {
            let Some(library) = package.targets.iter().find(|it| it.crate_types.iter().any(|kind| kind == "cdylib"))
            else {
                continue;
            };
            let said = package.metadata.and_then(|mut tables| tables.remove("bowsprit"));
            let place = package.manifest_path.display();
            let terms = serde_json::from_value(said.unwrap_or(Value::Null)).with_context(|| {
                format!("{place}: [package.metadata.bowsprit] must hold `grants`, and may hold `limits`")
            })?;
            found.push(PluginCrate { module: library.name.replace('-', "_"), name: package.name, terms });
        }
        ensure!(!found.is_empty(), "the plugins' workspace has no crate of type cdylib");
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(bowsprit: Value, crate_types: &[&str]) -> anyhow::Result<Vec<PluginCrate>> {
        let package = json!({
            "name": "label-sync", "manifest_path": "/w/plugins/label-sync/Cargo.toml",
            "targets": [{ "name": "label_sync", "crate_types": crate_types }],
            "metadata": { "bowsprit": bowsprit },
        });
        serde_json::from_value::<Metadata>(json!({ "packages": [package] })).unwrap().plugin_crates()
    }

    #[test]
    fn a_plugin_states_its_grants_in_its_manifest() {
        let found = read(json!({ "grants": { "issues": "write" } }), &["cdylib", "rlib"]).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].module.as_str()), ("label-sync", "label_sync"));
        assert_eq!(found[0].terms.grants["issues"], "write");
    }

    #[test]
    fn a_plugin_without_grants_or_with_a_misspelt_key_stops_the_build() {
        for said in [Value::Null, json!({}), json!({ "grants": {}, "limit": {} })] {
            let error = format!("{:#}", read(said.clone(), &["cdylib"]).unwrap_err());
            assert!(error.contains("/w/plugins/label-sync/Cargo.toml"), "{said}: {error}");
        }
    }

    #[test]
    fn the_kit_is_no_plugin() {
        assert!(read(Value::Null, &["lib"]).unwrap_err().to_string().contains("no crate of type cdylib"));
    }

    #[test]
    fn an_entry_is_flat() {
        let terms = Terms { grants: [("issues".into(), "write".into())].into(), limits: BTreeMap::new() };
        let entry = Entry { name: "hold".into(), file: "hold.wasm".into(), digest: "00".into(), terms };
        let want = json!({ "name": "hold", "file": "hold.wasm", "digest": "00", "grants": { "issues": "write" }, "limits": {} });
        assert_eq!(serde_json::to_value(entry).unwrap(), want);
    }
}
