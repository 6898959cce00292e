//! Config maps. A write leaves the key of the effect that it is in an annotation, so that one whose answer was lost is found.

use std::collections::BTreeMap;

use kube_core::params::{GetParams, PostParams};
use kube_core::request::Request;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, path};
use crate::error::{CallError, ClusterError};
use crate::names;

/// Who wrote an object last, as far as it was one of us: the effect's key.
pub const EFFECT_ANNOTATION: &str = "bowsprit.dev/effect";

/// How often an update of whatever is there is made anew because somebody was faster.
const ATTEMPTS: usize = 10;

/// A config map, as far as plugins see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigMap {
    /// Where it is.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its texts.
    pub data: BTreeMap<String, String>,
    /// Its other content.
    pub binary_data: BTreeMap<String, Vec<u8>>,
    /// The version that was read; an update of any other is a conflict. `None`: an update of whatever is there.
    pub resource_version: Option<String>,
}

impl Cluster {
    /// One config map.
    ///
    /// # Errors
    /// `NotFound`, and what any call can meet.
    pub async fn get_config_map(&self, namespace: &str, name: &str) -> Result<ConfigMap, ClusterError> {
        names::check(namespace, name)?;
        Ok(read(&self.config_map(namespace, name).await?))
    }

    /// Makes a config map. `effect` is the key of this effect: if the map is there and bears it, it is this call's own work
    /// of before, and all is well.
    ///
    /// # Errors
    /// `Conflict` if there is one already; `NotFound` if the namespace is not there; and what any call can meet.
    pub async fn create_config_map(&self, config_map: &ConfigMap, effect: &str) -> Result<(), ClusterError> {
        let ConfigMap { namespace, name, .. } = config_map;
        names::check(namespace, name)?;
        let mut object =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "namespace": namespace, "name": name } });
        write(&mut object, config_map, effect);
        let body = object.to_string().into_bytes();
        match self.call(Request::new(place(namespace)).create(&PostParams::default(), body)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_conflict() => match self.config_map(namespace, name).await {
                Ok(there) if made_by(&there, effect) => Ok(()),
                _ => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces labels and data of a config map; its other metadata stays. `effect` is as in
    /// [`Cluster::create_config_map`]. Two calls: one to look, one to write.
    ///
    /// # Errors
    /// `NotFound` if there is none; `Conflict` if it is not at `resource_version`; and what any call can meet.
    pub async fn update_config_map(&self, config_map: &ConfigMap, effect: &str) -> Result<(), ClusterError> {
        let ConfigMap { namespace, name, resource_version, .. } = config_map;
        names::check(namespace, name)?;
        let mut attempts = 0;
        loop {
            let mut object = self.config_map(namespace, name).await?;
            if made_by(&object, effect) {
                return Ok(());
            }
            let current = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
            if let Some(read) = resource_version
                && read != current
            {
                return Err(ClusterError::Conflict(format!(
                    "config map {namespace}/{name} is at version {current} and no longer at {read}: read it again"
                )));
            }
            write(&mut object, config_map, effect);
            let body = object.to_string().into_bytes();
            attempts += 1;
            match self.call(Request::new(place(namespace)).replace(name, &PostParams::default(), body)).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() && resource_version.is_none() && attempts < ATTEMPTS => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<Value, CallError> {
        self.call(Request::new(place(namespace)).get(name, &GetParams::default())).await
    }
}

fn place(namespace: &str) -> String {
    path("api/v1", namespace, "configmaps")
}

fn made_by(object: &Value, effect: &str) -> bool {
    object["metadata"]["annotations"][EFFECT_ANNOTATION] == effect
}

fn read(object: &Value) -> ConfigMap {
    let metadata = &object["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let binary = object["binaryData"].as_object().into_iter().flatten();
    ConfigMap {
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
        labels: texts(&metadata["labels"]),
        data: texts(&object["data"]),
        binary_data: binary.filter_map(|(key, value)| Some((key.clone(), decode(value.as_str()?)?))).collect(),
        resource_version: metadata["resourceVersion"].as_str().map(str::to_owned),
    }
}

/// A map of texts, as labels and data are.
pub(crate) fn texts(map: &Value) -> BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn write(object: &mut Value, wanted: &ConfigMap, effect: &str) {
    let binary: Map<_, _> = wanted.binary_data.iter().map(|(key, bytes)| (key.clone(), encode(bytes).into())).collect();
    object["metadata"]["labels"] = json!(wanted.labels);
    if !object["metadata"]["annotations"].is_object() {
        object["metadata"]["annotations"] = json!({});
    }
    object["metadata"]["annotations"][EFFECT_ANNOTATION] = effect.into();
    object["data"] = json!(wanted.data);
    object["binaryData"] = Value::Object(binary);
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
