//! Settings of the config-updater plugin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The block `config_updater`. Behaviour: Prow pkg/plugins/config.go, `ConfigUpdater`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigUpdaterSettings {
    /// By a glob of paths: the config map that such files go to.
    pub maps: BTreeMap<String, ConfigMapSpec>,
    /// Clusters and namespaces, by a name that `maps` may use.
    pub cluster_groups: BTreeMap<String, ClusterGroup>,
    /// Files are packed, unless their entry says otherwise.
    pub gzip: bool,
}

/// Where files go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigMapSpec {
    /// The config map's name.
    pub name: String,
    /// The names of several, among which the files are divided.
    pub partitioned_names: Vec<String>,
    /// The key; empty for the file's name.
    pub key: String,
    /// Whether the file is packed; as the block says if nothing is said.
    pub gzip: Option<bool>,
    /// By build cluster: the namespaces; an empty one is where ProwJobs live.
    pub clusters: BTreeMap<String, Vec<String>>,
    /// Names of groups that stand for `clusters`.
    pub cluster_groups: Vec<String>,
    /// The key is the whole path, with `-` for `/`.
    pub use_full_path_as_key: bool,
    /// Orgs and org/repos whose files count; none for all.
    pub allowed_repos: Vec<String>,
    /// Orgs and org/repos whose files do not.
    pub denied_repos: Vec<String>,
}

/// Clusters with one set of namespaces.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterGroup {
    /// Build clusters.
    pub clusters: Vec<String>,
    /// Namespaces in each of them.
    pub namespaces: Vec<String>,
}

impl ConfigUpdaterSettings {
    /// Fills in what was left out, groups left as they are.
    #[must_use]
    pub fn completed(mut self) -> Self {
        if self.maps.is_empty() {
            let named = |name: &str| ConfigMapSpec { name: name.to_owned(), ..ConfigMapSpec::default() };
            self.maps.insert("config/prow/config.yaml".to_owned(), named("config"));
            self.maps.insert("config/prow/plugins.yaml".to_owned(), named("plugins"));
        }
        let without = |spec: &&mut ConfigMapSpec| spec.clusters.is_empty() && spec.cluster_groups.is_empty();
        for spec in self.maps.values_mut().filter(without) {
            spec.clusters.insert("default".to_owned(), vec![String::new()]);
        }
        self
    }

    /// Writes the groups out as clusters. All else that an entry says stays, who may use it above all.
    #[must_use]
    pub fn resolved(mut self) -> Self {
        for spec in self.maps.values_mut() {
            for group in
                std::mem::take(&mut spec.cluster_groups).iter().filter_map(|name| self.cluster_groups.get(name))
            {
                for cluster in &group.clusters {
                    spec.clusters.entry(cluster.clone()).or_default().extend_from_slice(&group.namespaces);
                }
            }
        }
        self.cluster_groups.clear();
        self
    }
}
