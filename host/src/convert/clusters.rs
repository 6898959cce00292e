//! What Kubernetes says, as the contract has it.

use crate::contract::build_cluster_read::Pod;
use crate::contract::cluster_types::ConfigMap;

pub(crate) fn config_map(map: kubernetes::ConfigMap) -> ConfigMap {
    ConfigMap {
        namespace: map.namespace,
        name: map.name,
        labels: map.labels.into_iter().collect(),
        data: map.data.into_iter().collect(),
        binary_data: map.binary_data.into_iter().collect(),
        resource_version: map.resource_version,
    }
}

pub(crate) fn wanted_config_map(map: ConfigMap) -> kubernetes::ConfigMap {
    kubernetes::ConfigMap {
        namespace: map.namespace,
        name: map.name,
        labels: map.labels.into_iter().collect(),
        data: map.data.into_iter().collect(),
        binary_data: map.binary_data.into_iter().collect(),
        resource_version: map.resource_version,
    }
}

pub(crate) fn pod(pod: kubernetes::Pod) -> Pod {
    Pod {
        namespace: pod.namespace,
        name: pod.name,
        labels: pod.labels.into_iter().collect(),
        phase: pod.phase,
        reason: pod.reason,
        message: pod.message,
        created_at: super::fetched::millis(Some(pod.created_at)),
    }
}
