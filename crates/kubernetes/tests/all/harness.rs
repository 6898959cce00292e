//! One API server for all tests of this binary, each in a namespace of its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use apiserver::{ADMIN, ApiServer, Options};
use kube_core::params::PostParams;
use kube_core::request::Request;
use kubernetes::{Cluster, Clusters, KubernetesFlags};
use serde_json::Value;
use store::ProwJobs;
use tokio::sync::OnceCell;

static SERVER: OnceCell<ApiServer> = OnceCell::const_new();
static NAMESPACES: AtomicUsize = AtomicUsize::new(0);

/// The server with the ProwJobs' definition applied; `None` where it is not built.
pub(crate) async fn server(test: &str) -> Option<&'static ApiServer> {
    let program = apiserver::find(test)?;
    Some(SERVER.get_or_init(|| start(&program, Options::default())).await)
}

/// A server of one's own, to do harm to.
pub(crate) async fn own_server(test: &str, options: Options) -> Option<ApiServer> {
    Some(start(&apiserver::find(test)?, options).await)
}

async fn start(program: &Path, options: Options) -> ApiServer {
    let server = ApiServer::start(program, options).await.unwrap();
    cluster(&server.kubeconfig(ADMIN)).await.apply_definition(&kubernetes::definition()).await.unwrap();
    server
}

/// A namespace that no other test uses.
pub(crate) fn namespace() -> String {
    format!("test-{}", NAMESPACES.fetch_add(1, Ordering::SeqCst))
}

/// The service cluster of a kubeconfig.
pub(crate) async fn cluster(kubeconfig: &Path) -> Cluster {
    clusters(Some(kubeconfig.to_owned()), None).await.service().unwrap().clone()
}

pub(crate) async fn clusters(kubeconfig: Option<PathBuf>, kubeconfig_dir: Option<PathBuf>) -> Clusters {
    let flags =
        KubernetesFlags { kubeconfig, kubeconfig_dir, no_in_cluster_config: true, ..KubernetesFlags::default() };
    Clusters::load(&flags).await.unwrap()
}

/// ProwJobs of a namespace, by a client of their own.
pub(crate) async fn prowjobs(kubeconfig: &Path, namespace: &str) -> ProwJobs {
    kubernetes::prowjobs(cluster(kubeconfig).await, namespace)
}

/// Creates an object as it is, and gives what the server has made of it.
pub(crate) async fn create(client: &kube::Client, namespace: &str, object: &Value) -> Result<Value, kube::Error> {
    let place = Request::new(format!("/apis/prow.k8s.io/v1/namespaces/{namespace}/prowjobs"));
    let body = object.to_string().into_bytes();
    client.request(place.create(&PostParams::default(), body).map_err(kube::Error::BuildRequest)?).await
}

/// A client without anything of ours.
pub(crate) async fn client(kubeconfig: &Path) -> kube::Client {
    let read = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(read, &kube::config::KubeConfigOptions::default()).await.unwrap();
    kube::Client::try_from(config).unwrap()
}

/// `kubectl` as the administrator; `None` where it is not installed, with the skip of `test` noted.
pub(crate) fn kubectl(test: &str, kubeconfig: &Path) -> Option<std::process::Command> {
    let mut kubectl = std::process::Command::new("kubectl");
    if kubectl.args(["version", "--client"]).output().is_err() {
        counterparts::skip(test, "kubectl is not installed");
        return None;
    }
    let mut kubectl = std::process::Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(kubeconfig).env("HOME", kubeconfig.parent().expect("a file has a directory"));
    Some(kubectl)
}

/// What a command prints; it must succeed.
#[track_caller]
pub(crate) fn output(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
