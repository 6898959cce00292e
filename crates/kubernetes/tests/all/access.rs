//! What a user may do, by RBAC.

use apiserver::{ADMIN, ApiServer, NOBODY, WORKER};
use kubernetes::ClusterError;
use prow::prowjob::{ProwJob, ProwJobSpec, ProwJobType};
use serde_json::json;
use store::{Selector, StoreError};

use crate::harness;

/// Allows the worker in `namespace` what `rules` say, and waits until the server has noticed.
fn allow(server: &ApiServer, test: &str, namespace: &str, resources: &str) -> Option<()> {
    let kubectl = || harness::kubectl(test, &server.kubeconfig(ADMIN));
    let verbs = "--verb=get,list,watch,create,update,patch,delete";
    let role = ["create", "role", "works", verbs, resources, "--namespace", namespace];
    harness::output(kubectl()?.args(role));
    let binding = ["create", "rolebinding", "works", "--role=works", "--group=workers", "--namespace", namespace];
    harness::output(kubectl()?.args(binding));
    let mut asked = harness::kubectl(test, &server.kubeconfig(WORKER))?;
    let resource = resources.trim_start_matches("--resource=").split(',').next().unwrap();
    asked.args(["auth", "can-i", "patch", resource, "--namespace", namespace]);
    assert_eq!(harness::output(&mut asked).trim(), "yes");
    Some(())
}

#[tokio::test]
async fn a_role_is_enough_and_without_one_it_is_said_who_lacks_what() {
    const TEST: &str = "a_role_is_enough_and_without_one_it_is_said_who_lacks_what";
    let Some(server) = harness::server(TEST).await else { return };
    let namespace = harness::namespace();
    if allow(server, TEST, &namespace, "--resource=prowjobs.prow.k8s.io,configmaps").is_none() {
        return;
    }
    let worker = harness::prowjobs(&server.kubeconfig(WORKER), &namespace).await;
    let job = ProwJob::new("a", ProwJobSpec::new(ProwJobType::Periodic, "j"));
    worker.create(&job).await.unwrap();
    worker.patch("a", &json!({ "status": { "state": "triggered" } })).await.unwrap();
    assert_eq!(worker.list(&Selector::default()).await.unwrap().len(), 1);
    let mut watch = worker.watch(store::Revision::START);
    watch.next().await.unwrap();
    assert!(worker.delete("a").await.unwrap());

    let nobody = harness::prowjobs(&server.kubeconfig(NOBODY), &namespace).await;
    let refused = [
        nobody.create(&job).await.err(),
        nobody.get("a").await.err(),
        nobody.list(&Selector::default()).await.err(),
        nobody.patch("a", &json!({})).await.err(),
        nobody.delete("a").await.err(),
    ];
    for refused in refused {
        let told = matches!(&refused, Some(StoreError::Refused { message, .. })
            if message.contains("nobody") && message.contains("prowjobs") && message.contains(&namespace));
        assert!(told, "{refused:?}");
    }
    // A watch tries on, since roles come and go, and tells.
    let told = nobody.watch(store::Revision::START).next().await;
    assert!(matches!(told, Err(StoreError::Refused { .. })), "{told:?}");

    let cluster = harness::cluster(&server.kubeconfig(WORKER)).await;
    for (outcome, word) in [
        (cluster.get_config_map("elsewhere", "x").await.err(), "elsewhere"),
        (cluster.get_pod(&namespace, "x").await.err(), "pods"),
    ] {
        assert!(matches!(&outcome, Some(ClusterError::Denied(text)) if text.contains(word)), "{outcome:?}");
    }
    let absent = cluster.get_config_map(&namespace, "x").await.err();
    assert!(matches!(absent, Some(ClusterError::NotFound(_))), "{absent:?}");
}
