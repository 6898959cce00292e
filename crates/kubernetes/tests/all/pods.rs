//! Pods of a build cluster.

use std::io::Write as _;
use std::process::Stdio;

use apiserver::{ADMIN, ApiServer};
use kubernetes::ClusterError;
use serde_json::{Value, json};

use crate::harness;

/// Puts objects there as somebody else does.
fn apply(server: &ApiServer, test: &str, objects: &[Value]) -> Option<()> {
    let mut kubectl = harness::kubectl(test, &server.kubeconfig(ADMIN))?;
    let mut child = kubectl
        .args(["create", "--validate=false", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    child.stdin.take().unwrap().write_all(list.to_string().as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    Some(())
}

fn pod(namespace: &str, name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "namespace": namespace, "name": name, "labels": { "app": app } },
        "spec": { "containers": [{ "name": "test", "image": "none" }] },
    })
}

#[tokio::test]
async fn pods_are_got_listed_and_deleted() {
    let Some(server) = harness::server("pods_are_got_listed_and_deleted").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    let namespace = harness::namespace();
    let pods = [("b", "one"), ("a", "one"), ("c", "two")].map(|(name, app)| pod(&namespace, name, app));
    if apply(server, "pods_are_got_listed_and_deleted", &pods).is_none() {
        return;
    }
    let one = cluster.get_pod(&namespace, "a").await.unwrap();
    assert_eq!((one.namespace.as_str(), one.name.as_str(), one.phase.as_str()), (&*namespace, "a", "Pending"));
    assert_eq!(one.labels["app"], "one");
    assert!(one.created_at > jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1));

    for (selector, want) in [
        ("", &["a", "b", "c"][..]),
        ("app=one", &["a", "b"]),
        ("app in (two, three)", &["c"]),
        ("app!=one", &["c"]),
        ("!app", &[]),
    ] {
        let found = cluster.list_pods(&namespace, selector).await.unwrap();
        assert_eq!(found.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(), want, "{selector:?}");
    }
    let broken = cluster.list_pods(&namespace, "app in one").await;
    assert!(matches!(broken, Err(ClusterError::Invalid(_))), "{broken:?}");

    cluster.delete_pod(&namespace, "a").await.unwrap();
    cluster.delete_pod(&namespace, "a").await.unwrap();
    let gone = cluster.get_pod(&namespace, "a").await;
    assert!(matches!(gone, Err(ClusterError::NotFound(_))), "{gone:?}");
}

/// Lists come in pages of five hundred.
#[tokio::test]
async fn a_long_list_is_whole() {
    let Some(server) = harness::server("a_long_list_is_whole").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    let namespace = harness::namespace();
    let jobs = harness::prowjobs(&server.kubeconfig(ADMIN), &namespace).await;
    let spec = prow::prowjob::ProwJobSpec::new(prow::prowjob::ProwJobType::Periodic, "j");
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (jobs, spec) = (jobs.clone(), spec.clone());
        writers.spawn(async move {
            for job in 0..64 {
                jobs.create(&prow::prowjob::ProwJob::new(format!("j-{writer}-{job:02}"), spec.clone())).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let all = jobs.list(&store::Selector::default()).await.unwrap();
    assert_eq!(all.len(), 512);
    assert!(all.windows(2).all(|pair| pair[0].name() < pair[1].name()));
    assert!(cluster.list_pods(&namespace, "").await.unwrap().is_empty());
}
