//! Which clusters there are: the one that is served, and those that jobs run in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kube::Config;
use kube::config::KubeconfigError;
use tracing::{debug, warn};

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::flags::KubernetesFlags;
use crate::kubeconfig;

/// The alias that jobs without `cluster` run in.
const DEFAULT: &str = "default";

/// All clusters, by their names. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clusters {
    service: Option<Cluster>,
    build: BTreeMap<String, Cluster>,
    /// Those that are named and cannot be used, with the reason.
    unusable: BTreeMap<String, String>,
}

/// The clusters cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A kubeconfig cannot be read.
    #[error("the kubeconfig {file} cannot be read")]
    File {
        /// Which.
        file: PathBuf,
        /// Why not.
        #[source]
        source: KubeconfigError,
    },
    /// The directory of kubeconfigs cannot be read.
    #[error("the directory of kubeconfigs {dir} cannot be read")]
    Dir {
        /// Which.
        dir: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// One name for two clusters.
    #[error("the context `{context}` is in {one} and in {other}: rename one of them, since it names a build cluster")]
    Twice {
        /// The context.
        context: String,
        /// One file.
        one: PathBuf,
        /// Another file.
        other: PathBuf,
    },
}

impl Clusters {
    /// Finds the clusters as Prow does: each context of the kubeconfigs is a build cluster of that name; the service cluster
    /// is the one that this runs in, or outside of a pod the current context's; it is the build cluster `default` too, unless
    /// a context is called so. Without flags and pod, `$KUBECONFIG` counts. No server is asked. A cluster whose credentials
    /// cannot be used is left out, and said so.
    ///
    /// # Errors
    /// If a kubeconfig cannot be read, or two clusters have one name.
    pub async fn load(flags: &KubernetesFlags) -> Result<Self, LoadError> {
        let files = kubeconfig::files(flags)?;
        let in_cluster = in_cluster(flags);
        let contexts = if files.is_empty() && in_cluster.is_none() {
            kubeconfig::from_env().await?
        } else {
            kubeconfig::read(&files).await?
        };
        let mut clusters = Self::default();
        for (name, config) in contexts.by_name {
            clusters.add(name, config.map_err(|error| error.to_string()));
        }
        clusters.service = match in_cluster {
            Some(config) => Cluster::new(config).inspect_err(|error| warn!(%error, "this cluster cannot be used")).ok(),
            None => contexts.current.and_then(|name| clusters.build.get(&name).cloned()),
        };
        if let (Some(service), false) = (&clusters.service, clusters.unusable.contains_key(DEFAULT)) {
            clusters.build.entry(DEFAULT.to_owned()).or_insert_with(|| service.clone());
        }
        Ok(clusters)
    }

    /// The cluster that is served, where ProwJobs and config maps are.
    ///
    /// # Errors
    /// `NotFound` if there is none; the text says how to name one.
    pub fn service(&self) -> Result<&Cluster, ClusterError> {
        self.service.as_ref().ok_or_else(|| {
            ClusterError::NotFound(
                "there is no service cluster: run in a pod, or give a --kubeconfig with a `current-context`".to_owned(),
            )
        })
    }

    /// The names of the build clusters that can be used, in order.
    #[must_use]
    pub fn list_clusters(&self) -> Vec<String> {
        self.build.keys().cloned().collect()
    }

    /// A build cluster. The empty name is the service cluster's.
    ///
    /// # Errors
    /// `NotFound` if none is called so; `Other` if its credentials cannot be used.
    pub fn build(&self, name: &str) -> Result<&Cluster, ClusterError> {
        if name.is_empty() {
            return self.service();
        }
        match (self.build.get(name), self.unusable.get(name)) {
            (Some(cluster), _) => Ok(cluster),
            (None, Some(why)) => Err(ClusterError::Other(format!("the build cluster `{name}` cannot be used: {why}"))),
            (None, None) => Err(ClusterError::NotFound(format!("no context of a kubeconfig is named `{name}`"))),
        }
    }

    fn add(&mut self, name: String, config: Result<Config, String>) {
        match config.and_then(|config| Cluster::new(config).map_err(|error| error.to_string())) {
            Ok(cluster) => drop(self.build.insert(name, cluster)),
            Err(why) => {
                warn!(cluster = %name, %why, "this build cluster cannot be used");
                self.unusable.insert(name, why);
            }
        }
    }
}

fn in_cluster(flags: &KubernetesFlags) -> Option<Config> {
    if flags.no_in_cluster_config {
        return None;
    }
    match Config::incluster() {
        Ok(mut config) => {
            if let Some(file) = flags.token_file() {
                config.auth_info.token = None;
                config.auth_info.token_file = Some(file.display().to_string());
            }
            Some(config)
        }
        Err(error) => {
            debug!(%error, "this does not run in a pod");
            None
        }
    }
}
