//! Manifests: CNCF's layout for WebAssembly, and which layer of it is the component.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The media type of an image manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of the config of a WebAssembly artifact.
pub const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a WebAssembly layer.
pub const LAYER_TYPE: &str = "application/wasm";
/// An index, too, so that what it is can be said.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// An OCI image manifest, as far as it is read or written here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) schema_version: u32,
    #[serde(default)]
    pub(crate) media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<Descriptor>,
    #[serde(default)]
    pub(crate) layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// What a manifest says of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    /// With its algorithm; ours is always SHA-256.
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads one.
    ///
    /// # Errors
    /// Says what it is instead.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("its manifest cannot be read: {error}"))
    }

    /// The layer that is the component.
    ///
    /// # Errors
    /// Says what the artifact is instead.
    pub(crate) fn component(&self) -> Result<&Descriptor, String> {
        let Some(config) = &self.config else {
            let kind = self.media_type.as_deref().unwrap_or("of an unknown type");
            return Err(format!("its manifest is {kind}: name one artifact by its digest"));
        };
        if config.media_type != CONFIG_TYPE {
            return Err(format!("its config is `{}`, not `{CONFIG_TYPE}`", config.media_type));
        }
        let mut layers = self.layers.iter().filter(|layer| layer.media_type == LAYER_TYPE);
        match (layers.next(), layers.next()) {
            (Some(layer), None) => Ok(layer),
            (None, _) => Err(format!("it has no layer of `{LAYER_TYPE}`")),
            (Some(_), Some(_)) => Err(format!("it has more than one layer of `{LAYER_TYPE}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn layer(media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", "a".repeat(64)), "size": 3})
    }

    #[track_caller]
    fn check(manifest: &Value, want: Result<u64, &str>) {
        let parsed = Manifest::parse(manifest.to_string().as_bytes());
        let got = parsed.and_then(|manifest| manifest.component().map(|layer| layer.size));
        match (&got, want) {
            (Ok(got), Ok(want)) => assert_eq!(*got, want),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            _ => panic!("{manifest}: {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn only_a_single_wasm_layer_is_a_component() {
        let of =
            |config: &str, layers: &[Value]| json!({"schemaVersion": 2, "config": layer(config), "layers": layers});
        check(&of(CONFIG_TYPE, &[layer(LAYER_TYPE)]), Ok(3));
        check(&of(CONFIG_TYPE, &[layer("text/plain"), layer(LAYER_TYPE)]), Ok(3));
        check(&of(CONFIG_TYPE, &[]), Err("no layer"));
        check(&of(CONFIG_TYPE, &[layer(LAYER_TYPE), layer(LAYER_TYPE)]), Err("more than one"));
        check(&of("application/vnd.oci.image.config.v1+json", &[layer(LAYER_TYPE)]), Err("its config is"));
        let index =
            json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []});
        check(&index, Err("image.index.v1+json: name one"));
        check(&json!({}), Err("cannot be read"));
    }
}
