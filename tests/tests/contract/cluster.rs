//! A cluster with a pod in it, and what can be seen there.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kubernetes::Cluster;
use serde_json::{Value, json};

/// The namespace that is granted.
const NAMESPACE: &str = "trial";

/// The API server's program; `None` where it or kubectl is missing: then that is noted as a skip of `test`.
pub(crate) fn program(test: &str) -> Option<PathBuf> {
    if Command::new("kubectl").args(["version", "--client"]).stdout(Stdio::null()).status().is_err() {
        counterparts::skip(test, "no clusters: kubectl is not installed");
        return None;
    }
    apiserver::find(test)
}

/// Puts a pod there as somebody else does.
pub(crate) fn start_pod(kubeconfig: &Path) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "namespace": NAMESPACE, "name": "runs", "labels": { "app": "trial" } },
        "spec": { "containers": [{ "name": "test", "image": "none" }] },
    });
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(kubeconfig).env("HOME", kubeconfig.parent().unwrap());
    kubectl.args(["create", "--validate=false", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = kubectl.spawn().unwrap();
    child.stdin.take().unwrap().write_all(pod.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// What calls could change.
pub(crate) async fn state(cluster: &Cluster) -> Value {
    let pods = cluster.list_pods(NAMESPACE, "").await.unwrap();
    let mut state = json!({ "pods": pods.into_iter().map(|pod| pod.name).collect::<Vec<_>>() });
    for name in ["map", "other"] {
        // What is not there is seen as that.
        let map = cluster.get_config_map(NAMESPACE, name).await.map_or(Value::Null, |map| json!(map.data));
        state[name] = map;
    }
    state
}
