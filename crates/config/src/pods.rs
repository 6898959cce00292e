//! What is Kubernetes' own in files of jobs, held against its types: Prow's reader refuses what does not fit them, and drops
//! keys that they do not have.
//!
//! The values go on as JSON, so that a key that is newer than these types reaches the cluster all the same.

use k8s_openapi::api::core::v1::{Affinity, EnvVar, PodSpec, ResourceRequirements, Toleration, Volume, VolumeMount};
use prow::problem::KeyPath;
use serde::de::DeserializeOwned;

use crate::de::{NodeReader, ReadError, Unread, field_name};
use crate::node::{Kind, Node};

/// The keys of pods, presets and decoration in a job file, or in config.yaml, that Kubernetes does not know.
///
/// # Errors
/// The first value that has another type in Kubernetes.
pub(crate) fn unknown_keys(document: &Node) -> Result<Vec<Unread>, ReadError> {
    let pods = Pods { reader: NodeReader::new() };
    let root = KeyPath::root();
    for (key, node) in entries(document) {
        let at = root.key(key);
        match field_name(key, &["presubmits", "postsubmits", "periodics", "presets", "plank"]) {
            "presubmits" | "postsubmits" => {
                for (name, jobs) in entries(node) {
                    pods.jobs(jobs, &at.key(name))?;
                }
            }
            "periodics" => pods.jobs(node, &at)?,
            "presets" => pods.presets(node, &at)?,
            "plank" => pods.plank(node, &at)?,
            _ => {}
        }
    }
    Ok(pods.reader.into_unread())
}

/// The same for a file of jobs in a repository, where jobs are not by repositories.
///
/// # Errors
/// The first value that has another type in Kubernetes.
pub(crate) fn unknown_keys_of_own(document: &Node) -> Result<Vec<Unread>, ReadError> {
    let pods = Pods { reader: NodeReader::new() };
    for (key, node) in entries(document) {
        let at = KeyPath::root().key(key);
        match field_name(key, &["presubmits", "postsubmits", "presets"]) {
            "presubmits" | "postsubmits" => pods.jobs(node, &at)?,
            "presets" => pods.presets(node, &at)?,
            _ => {}
        }
    }
    Ok(pods.reader.into_unread())
}

struct Pods {
    reader: NodeReader,
}

impl Pods {
    fn check<T: DeserializeOwned>(&self, node: &Node, at: KeyPath) -> Result<(), ReadError> {
        if node.kind == Kind::Null { Ok(()) } else { self.reader.read_at::<T>(node, &at).map(drop) }
    }

    fn jobs(&self, jobs: &Node, at: &KeyPath) -> Result<(), ReadError> {
        for (index, job) in items(jobs).iter().enumerate() {
            for (key, node) in entries(job) {
                match field_name(key, &["spec", "decoration_config"]) {
                    "spec" => self.check::<PodSpec>(node, at.index(index).key(key))?,
                    "decoration_config" => self.decoration(node, &at.index(index).key(key))?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn presets(&self, presets: &Node, at: &KeyPath) -> Result<(), ReadError> {
        for (index, preset) in items(presets).iter().enumerate() {
            for (key, node) in entries(preset) {
                let at = at.index(index).key(key);
                match field_name(key, &["env", "volumes", "volumeMounts", "tolerations"]) {
                    "env" => self.check::<Vec<EnvVar>>(node, at)?,
                    "volumes" => self.check::<Vec<Volume>>(node, at)?,
                    "volumeMounts" => self.check::<Vec<VolumeMount>>(node, at)?,
                    "tolerations" => self.check::<Vec<Toleration>>(node, at)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn plank(&self, plank: &Node, at: &KeyPath) -> Result<(), ReadError> {
        for (key, node) in entries(plank) {
            let at = at.key(key);
            match field_name(key, &["default_decoration_configs", "default_decoration_config_entries"]) {
                "default_decoration_configs" => {
                    for (name, config) in entries(node) {
                        self.decoration(config, &at.key(name))?;
                    }
                }
                "default_decoration_config_entries" => {
                    for (index, entry) in items(node).iter().enumerate() {
                        for (key, config) in entries(entry).filter(|(key, _)| field_name(key, &["config"]) == "config")
                        {
                            self.decoration(config, &at.index(index).key(key))?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn decoration(&self, config: &Node, at: &KeyPath) -> Result<(), ReadError> {
        for (key, node) in entries(config) {
            let at = at.key(key);
            match field_name(key, &["resources", "scheduling_options"]) {
                "resources" => self.resources(node, &at)?,
                "scheduling_options" => self.scheduling(node, &at)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl Pods {
    fn resources(&self, utilities: &Node, at: &KeyPath) -> Result<(), ReadError> {
        const UTILITIES: &[&str] = &["clonerefs", "initupload", "place_entrypoint", "sidecar"];
        for (key, node) in entries(utilities).filter(|(key, _)| UTILITIES.contains(&field_name(key, UTILITIES))) {
            self.check::<ResourceRequirements>(node, at.key(key))?;
        }
        Ok(())
    }

    fn scheduling(&self, options: &Node, at: &KeyPath) -> Result<(), ReadError> {
        for (key, node) in entries(options) {
            match field_name(key, &["affinity", "tolerations"]) {
                "affinity" => self.check::<Affinity>(node, at.key(key))?,
                "tolerations" => self.check::<Vec<Toleration>>(node, at.key(key))?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn items(node: &Node) -> &[Node] {
    if let Kind::List(items) = &node.kind { items } else { &[] }
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = if let Kind::Map(entries) = &node.kind { entries.as_slice() } else { &[] };
    entries.iter().map(|(key, value)| (key.text.as_str(), value))
}
