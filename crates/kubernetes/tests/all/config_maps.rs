//! Config maps, and the effects that made them.

use std::collections::BTreeMap;

use apiserver::ADMIN;
use kubernetes::{Cluster, ClusterError, ConfigMap, EFFECT_ANNOTATION};

use crate::harness;

fn map(namespace: &str, name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: BTreeMap::from([("app".to_owned(), "prow".to_owned())]),
        data: BTreeMap::from([("key".to_owned(), value.to_owned()), (value.to_owned(), "own".to_owned())]),
        binary_data: BTreeMap::from([("bytes".to_owned(), vec![0, 159, 146, 150])]),
        resource_version: None,
    }
}

async fn content(cluster: &Cluster, namespace: &str) -> Result<ConfigMap, ClusterError> {
    cluster.get_config_map(namespace, "config").await.map(|read| ConfigMap { resource_version: None, ..read })
}

#[tokio::test]
async fn a_config_map_is_made_read_and_replaced() {
    let Some(server) = harness::server("a_config_map_is_made_read_and_replaced").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    let namespace = harness::namespace();
    let not_found = |outcome: &Result<_, ClusterError>| matches!(outcome, Err(ClusterError::NotFound(_)));
    assert!(not_found(&content(&cluster, &namespace).await));
    assert!(not_found(
        &cluster.update_config_map(&map(&namespace, "config", "x"), "e0").await.map(|()| map("", "", ""))
    ));

    cluster.create_config_map(&map(&namespace, "config", "one"), "e1").await.unwrap();
    assert_eq!(content(&cluster, &namespace).await.unwrap(), map(&namespace, "config", "one"));
    let again = cluster.create_config_map(&map(&namespace, "config", "two"), "e2").await;
    assert!(matches!(again, Err(ClusterError::Conflict(_))), "{again:?}");

    let mut less = map(&namespace, "config", "two");
    less.labels.clear();
    less.binary_data.clear();
    cluster.update_config_map(&less, "e3").await.unwrap();
    assert_eq!(content(&cluster, &namespace).await.unwrap(), less, "replaced, not merged");
}

/// The answer to a write may be lost: made again, it is found by its key.
#[tokio::test]
async fn an_effect_in_doubt_is_found() {
    let Some(server) = harness::server("an_effect_in_doubt_is_found").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    let namespace = harness::namespace();
    let config_map = map(&namespace, "config", "one");
    cluster.create_config_map(&config_map, "made").await.unwrap();
    let made = cluster.get_config_map(&namespace, "config").await.unwrap();
    cluster.create_config_map(&config_map, "made").await.unwrap();
    assert_eq!(cluster.get_config_map(&namespace, "config").await.unwrap(), made, "nothing was written twice");

    let update = ConfigMap { resource_version: made.resource_version.clone(), ..map(&namespace, "config", "two") };
    cluster.update_config_map(&update, "changed").await.unwrap();
    let changed = cluster.get_config_map(&namespace, "config").await.unwrap();
    // The version has moved on because of this very effect, which is no conflict.
    cluster.update_config_map(&update, "changed").await.unwrap();
    assert_eq!(cluster.get_config_map(&namespace, "config").await.unwrap(), changed);
    let stale = cluster.update_config_map(&update, "another").await;
    assert!(matches!(stale, Err(ClusterError::Conflict(_))), "{stale:?}");
}

/// Two writers replace whatever is there, at once: each comes through, and other annotations stay.
#[tokio::test]
async fn updates_of_whatever_is_there_do_not_fail_each_other() {
    let Some(server) = harness::server("updates_of_whatever_is_there_do_not_fail_each_other").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    let namespace = harness::namespace();
    cluster.create_config_map(&map(&namespace, "config", "start"), "start").await.unwrap();
    let write = |who: &'static str| {
        let (cluster, namespace) = (cluster.clone(), namespace.clone());
        async move {
            for round in 0..10 {
                let value = format!("{who}-{round}");
                cluster.update_config_map(&map(&namespace, "config", &value), &value).await.unwrap();
            }
        }
    };
    tokio::join!(write("a"), write("b"));
    let last = content(&cluster, &namespace).await.unwrap();
    assert!(["a-9", "b-9"].contains(&last.data["key"].as_str()), "{last:?}");

    let Some(mut kubectl) = harness::kubectl("updates…: the annotation", &server.kubeconfig(ADMIN)) else { return };
    let shown = harness::output(kubectl.args(["get", "configmap", "config", "-o", "yaml", "-n", &namespace]));
    assert!(shown.contains(&format!("{EFFECT_ANNOTATION}: {}", last.data["key"])), "{shown}");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_refused() {
    let Some(server) = harness::server("names_that_lead_elsewhere_are_refused").await else { return };
    let cluster = harness::cluster(&server.kubeconfig(ADMIN)).await;
    for (namespace, name) in [("default", "../secrets/x"), ("default/configmaps/y?", "x"), ("", "x"), ("default", "")] {
        let read = cluster.get_config_map(namespace, name).await;
        assert!(matches!(read, Err(ClusterError::Invalid(_))), "{namespace:?} {name:?}: {read:?}");
        let written = cluster.create_config_map(&map(namespace, name, "x"), "e").await;
        assert!(matches!(written, Err(ClusterError::Invalid(_))), "{namespace:?} {name:?}: {written:?}");
    }
    let big = ConfigMap { data: BTreeMap::from([("k".into(), "x".repeat(2 << 20))]), ..map("default", "big", "x") };
    let refused = cluster.create_config_map(&big, "e").await;
    assert!(matches!(refused, Err(ClusterError::Invalid(_))), "{refused:?}");
}
