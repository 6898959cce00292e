//! The catalogue of bundled plugins: what each crate's `[package.metadata.bowsprit]` says, with the component's digest.
//! The host reads it so that a plain Prow plugins.yaml needs no `modules`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
    /// What the plugin can do without: it is loaded without these grants, and such calls are denied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) optional: BTreeMap<String, Value>,
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
    /// `None` for what lies under `examples/`: it is built like a plugin and not bundled.
    pub(crate) terms: Option<Terms>,
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
            let Some(module) = package.module() else {
                continue;
            };
            let terms = if package.is_example() { None } else { Some(package.terms()?) };
            found.push(PluginCrate { module, name: package.name, terms });
        }
        ensure!(!found.is_empty(), "the plugins' workspace has no crate of type cdylib");
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }
}

impl Package {
    fn module(&self) -> Option<String> {
        let library = self.targets.iter().find(|it| it.crate_types.iter().any(|kind| kind == "cdylib"))?;
        Some(library.name.replace('-', "_"))
    }

    fn is_example(&self) -> bool {
        self.manifest_path.parent().and_then(Path::parent).is_some_and(|it| it.ends_with("examples"))
    }

    fn terms(&self) -> anyhow::Result<Terms> {
        let said = self.metadata.as_ref().and_then(|tables| tables.get("bowsprit")).cloned();
        serde_json::from_value(said.unwrap_or(Value::Null)).with_context(|| {
            let place = self.manifest_path.display();
            format!("{place}: [package.metadata.bowsprit] must hold `grants`, and may hold `optional` and `limits`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(bowsprit: Value, crate_types: &[&str]) -> anyhow::Result<Vec<PluginCrate>> {
        read_at("/w/plugins/label-sync/Cargo.toml", bowsprit, crate_types)
    }

    fn read_at(manifest: &str, bowsprit: Value, crate_types: &[&str]) -> anyhow::Result<Vec<PluginCrate>> {
        let package = json!({
            "name": "label-sync", "manifest_path": manifest,
            "targets": [{ "name": "label_sync", "crate_types": crate_types }],
            "metadata": { "bowsprit": bowsprit },
        });
        serde_json::from_value::<Metadata>(json!({ "packages": [package] })).unwrap().plugin_crates()
    }

    #[test]
    fn a_plugin_states_its_grants_in_its_manifest() {
        let found = read(json!({ "grants": { "issues": "write" } }), &["cdylib", "rlib"]).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].module.as_str()), ("label-sync", "label_sync"));
        assert_eq!(found[0].terms.as_ref().unwrap().grants["issues"], "write");
    }

    #[test]
    fn an_example_is_built_and_not_bundled() {
        let found = read_at("/w/plugins/examples/label-sync/Cargo.toml", Value::Null, &["cdylib"]).unwrap();
        assert_eq!(found[0].terms, None);
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
        let mut terms = Terms {
            grants: [("issues".into(), "write".into())].into(),
            optional: BTreeMap::new(),
            limits: BTreeMap::new(),
        };
        let entry = |terms: &Terms| {
            let entry =
                Entry { name: "hold".into(), file: "hold.wasm".into(), digest: "00".into(), terms: terms.clone() };
            serde_json::to_value(entry).unwrap()
        };
        let mut want = json!({ "name": "hold", "file": "hold.wasm", "digest": "00", "grants": { "issues": "write" }, "limits": {} });
        assert_eq!(entry(&terms), want);
        terms.optional.insert("actions".into(), "write".into());
        want["optional"] = json!({ "actions": "write" });
        assert_eq!(entry(&terms), want);
    }
}
