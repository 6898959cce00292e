//! Config maps and pods of the clusters that the host's flags name.

use jiff::Timestamp;
use kubernetes::{Cluster, ClusterError};
use prow::grants::{Access, Permission};
use store::EffectKind;
use wasmtime::component::Resource;

use super::{Answer, granted};
use crate::agent::ClientAgent;
use crate::contract::build_cluster_read::Pod;
use crate::contract::cluster_types::ConfigMap;
use crate::contract::types::{ApiError, ErrorKind};
use crate::contract::{build_cluster_read, build_cluster_write, kubernetes_read, kubernetes_write};
use crate::convert;
use crate::guest::GuestState;
use crate::journal::{Doubt, EffectKey, Fault};

/// Ends the function that this stands in with `denied` if the grants do not cover the namespace.
macro_rules! within {
    ($self:ident, $namespace:expr, $whose:expr) => {
        if let Some(denied) = $self.beyond($namespace, $whose)? {
            return Ok(Err(denied));
        }
    };
}

/// Which cluster is asked, the one that is served or one that jobs run in: each has its own namespace in the configuration.
#[derive(Clone, Copy)]
enum Whose {
    Service,
    Build,
}

/// How a failed call ends: what passes with time parks the task, the rest is the guest's to know.
fn fault(error: ClusterError) -> Fault {
    let kind = match &error {
        ClusterError::Later { after, .. } => {
            return Fault::Later { until: Timestamp::now() + *after, why: error.to_string() };
        }
        ClusterError::Denied(_) => ErrorKind::Denied,
        ClusterError::NotFound(_) => ErrorKind::NotFound,
        ClusterError::Conflict(_) => ErrorKind::Conflict,
        ClusterError::Invalid(_) => ErrorKind::Invalid,
        ClusterError::Other(_) => ErrorKind::Other,
    };
    Fault::answer(kind, error.to_string())
}

/// What is done to a config map.
#[derive(Clone, Copy)]
enum Write {
    Create,
    Update,
}

impl GuestState {
    /// The refusal, if this namespace is not granted.
    fn beyond(&mut self, namespace: &str, whose: Whose) -> wasmtime::Result<Option<ApiError>> {
        let facts = &self.task().facts;
        let core = &facts.loaded.config.core;
        let configured = match whose {
            Whose::Service => &core.prowjob_namespace,
            Whose::Build => &core.pod_namespace,
        };
        if facts.grants.covers_namespace(namespace, configured) {
            return Ok(None);
        }
        let message = format!(
            "the namespace `{namespace}` is not granted (`{configured}` is without a list): add it to `namespaces` under `grants`"
        );
        self.deny(message).map(Some)
    }

    fn service_cluster(&mut self) -> Result<Cluster, Fault> {
        self.task().facts.clients.clusters.service().cloned().map_err(fault)
    }

    /// By its name alone: the empty one would be the service cluster's, which is another grant's.
    fn build_cluster(&mut self, name: &str) -> Result<Cluster, Fault> {
        if name.is_empty() {
            return Err(Fault::answer(ErrorKind::NotFound, "a build cluster has a name: it is empty here"));
        }
        self.task().facts.clients.clusters.build(name).cloned().map_err(fault)
    }

    /// Reads a config map; `of` is the build cluster's name, and empty for the service cluster.
    async fn read_config_map(
        &mut self,
        op: &'static str,
        cluster: Result<Cluster, Fault>,
        of: &str,
        namespace: &str,
        name: &str,
    ) -> Answer<ConfigMap> {
        let map = async { cluster?.get_config_map(namespace, name).await.map(convert::config_map).map_err(fault) };
        Ok(self.task().journal.read(op, &(of, namespace, name), map).await?)
    }

    /// Writes a config map; `name` is the build cluster's, and empty for the service cluster.
    async fn write_config_map(
        &mut self,
        op: &'static str,
        write: Write,
        cluster: Result<Cluster, Fault>,
        name: &str,
        wanted: ConfigMap,
    ) -> Answer<()> {
        let dry_run = self.task().facts.clients.dry_run;
        let sizes = self.task().facts.clients.config_map_sizes.clone();
        let make = |key: EffectKey, _: Doubt| {
            let wanted = convert::wanted_config_map(wanted.clone());
            async move {
                let cluster = cluster?;
                if dry_run {
                    let (server, namespace, name) = (cluster.server(), &wanted.namespace, &wanted.name);
                    tracing::info!(server, namespace, name, op, "dry run: would write a config map");
                    return Ok(());
                }
                let effect = key.uuid().to_string();
                match write {
                    Write::Create => cluster.create_config_map(&wanted, &effect).await.map_err(fault)?,
                    Write::Update => cluster.update_config_map(&wanted, &effect).await.map_err(fault)?,
                }
                sizes.wrote(&wanted);
                Ok(())
            }
        };
        Ok(self.task().journal.effect(EffectKind::Findable, op, &(name, &wanted), make).await?)
    }
}

impl kubernetes_read::Host for GuestState {
    async fn get_config_map(
        &mut self,
        agent: Resource<ClientAgent>,
        namespace: String,
        name: String,
    ) -> Answer<ConfigMap> {
        let _ = granted!(self, agent, Permission::Kubernetes, Access::Read);
        within!(self, &namespace, Whose::Service);
        let cluster = self.service_cluster();
        self.read_config_map("kubernetes-read.get-config-map", cluster, "", &namespace, &name).await
    }
}

impl kubernetes_write::Host for GuestState {
    async fn create_config_map(&mut self, agent: Resource<ClientAgent>, config_map: ConfigMap) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Kubernetes, Access::Write);
        within!(self, &config_map.namespace, Whose::Service);
        let cluster = self.service_cluster();
        self.write_config_map("kubernetes-write.create-config-map", Write::Create, cluster, "", config_map).await
    }

    async fn update_config_map(&mut self, agent: Resource<ClientAgent>, config_map: ConfigMap) -> Answer<()> {
        let _ = granted!(self, agent, Permission::Kubernetes, Access::Write);
        within!(self, &config_map.namespace, Whose::Service);
        let cluster = self.service_cluster();
        self.write_config_map("kubernetes-write.update-config-map", Write::Update, cluster, "", config_map).await
    }
}

impl build_cluster_read::Host for GuestState {
    async fn list_clusters(&mut self, agent: Resource<ClientAgent>) -> Answer<Vec<String>> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Read);
        let names = self.task().facts.clients.clusters.list_clusters();
        Ok(self.task().journal.read("build-cluster-read.list-clusters", &(), async { Ok(names) }).await?)
    }

    async fn get_config_map(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        namespace: String,
        name: String,
    ) -> Answer<ConfigMap> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Read);
        within!(self, &namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        self.read_config_map("build-cluster-read.get-config-map", api, &cluster, &namespace, &name).await
    }

    async fn get_pod(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        namespace: String,
        name: String,
    ) -> Answer<Pod> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Read);
        within!(self, &namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        let pod = async { api?.get_pod(&namespace, &name).await.map(convert::pod).map_err(fault) };
        let args = (&cluster, &namespace, &name);
        Ok(self.task().journal.read("build-cluster-read.get-pod", &args, pod).await?)
    }

    async fn list_pods(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        namespace: String,
        selector: String,
    ) -> Answer<Vec<Pod>> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Read);
        within!(self, &namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        let pods = async {
            let pods = api?.list_pods(&namespace, &selector).await.map_err(fault)?;
            Ok(pods.into_iter().map(convert::pod).collect())
        };
        let args = (&cluster, &namespace, &selector);
        Ok(self.task().journal.read("build-cluster-read.list-pods", &args, pods).await?)
    }
}

impl build_cluster_write::Host for GuestState {
    async fn create_config_map(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        config_map: ConfigMap,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Write);
        within!(self, &config_map.namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        self.write_config_map("build-cluster-write.create-config-map", Write::Create, api, &cluster, config_map).await
    }

    async fn update_config_map(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        config_map: ConfigMap,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Write);
        within!(self, &config_map.namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        self.write_config_map("build-cluster-write.update-config-map", Write::Update, api, &cluster, config_map).await
    }

    async fn delete_pod(
        &mut self,
        agent: Resource<ClientAgent>,
        cluster: String,
        namespace: String,
        name: String,
    ) -> Answer<()> {
        let _ = granted!(self, agent, Permission::BuildCluster, Access::Write);
        within!(self, &namespace, Whose::Build);
        let api = self.build_cluster(&cluster);
        let dry_run = self.task().facts.clients.dry_run;
        let make = |_, _: Doubt| async {
            let api = api?;
            if dry_run {
                tracing::info!(cluster, namespace, name, "dry run: would delete a pod");
                return Ok(());
            }
            api.delete_pod(&namespace, &name).await.map_err(fault)
        };
        let args = (&cluster, &namespace, &name);
        Ok(self.task().journal.effect(EffectKind::Idempotent, "build-cluster-write.delete-pod", &args, make).await?)
    }
}
