//! Which clusters the flags find.

use std::path::Path;

use kubernetes::{ClusterError, Clusters, KubernetesFlags, LoadError};

use crate::harness;

/// A kubeconfig with these contexts, each of a server of its own; the first one is current.
fn kubeconfig(contexts: &[&str]) -> String {
    let list = |entry: &dyn Fn(&str) -> String| contexts.iter().map(|name| entry(name)).collect::<String>();
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: {}\nclusters:\n{}contexts:\n{}users:\n{}",
        contexts[0],
        list(&|name| format!("- name: {name}\n  cluster: {{ server: 'https://{name}.example:6443' }}\n")),
        list(&|name| format!("- name: {name}\n  context: {{ cluster: {name}, user: {name} }}\n")),
        list(&|name| format!("- name: {name}\n  user: {{ token: t }}\n")),
    )
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).unwrap();
}

/// Each cluster's name with its server's, the service cluster first.
fn shown(clusters: &Clusters) -> Vec<String> {
    let short = |server: &str| server.trim_start_matches("https://").split('.').next().unwrap_or_default().to_owned();
    let service = clusters.service().map_or("none".to_owned(), |cluster| short(cluster.server()));
    let build = clusters.list_clusters();
    let build = build.iter().map(|name| format!("{name}={}", short(clusters.build(name).unwrap().server())));
    std::iter::once(service).chain(build).collect()
}

#[tokio::test]
async fn each_context_is_a_build_cluster() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "one", &kubeconfig(&["service", "build01", "build02"]));
    write(dir.path(), "two", &kubeconfig(&["default", "arm"]));
    let found = harness::clusters(Some(dir.path().join("one")), None).await;
    assert_eq!(shown(&found), ["service", "build01=build01", "build02=build02", "default=service", "service=service"]);
    assert_eq!(found.build("").unwrap().server(), found.service().unwrap().server());
    let unknown = found.build("gpu").err();
    assert!(matches!(&unknown, Some(ClusterError::NotFound(text)) if text.contains("`gpu`")), "{unknown:?}");
    let found = harness::clusters(Some(dir.path().join("two")), None).await;
    assert_eq!(shown(&found), ["default", "arm=arm", "default=default"]);
    let found = harness::clusters(None, None).await;
    assert_eq!(shown(&found), ["none"], "unless $KUBECONFIG is set where this runs");
    assert!(found.service().err().unwrap().to_string().contains("--kubeconfig"));
}

#[tokio::test]
async fn a_directory_gives_the_files_that_end_in_the_suffix() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "b.kubeconfig", &kubeconfig(&["build02"]));
    write(dir.path(), "a.kubeconfig", &kubeconfig(&["build01"]));
    write(dir.path(), "..data.kubeconfig", &kubeconfig(&["volume"]));
    write(dir.path(), "README", "not: [a, kubeconfig");
    std::fs::create_dir(dir.path().join("sub.kubeconfig")).unwrap();
    let flags = KubernetesFlags {
        kubeconfig_dir: Some(dir.path().to_owned()),
        kubeconfig_suffix: Some(".kubeconfig".to_owned()),
        no_in_cluster_config: true,
        ..KubernetesFlags::default()
    };
    let found = Clusters::load(&flags).await.unwrap();
    assert_eq!(shown(&found), ["build01", "build01=build01", "build02=build02", "default=build01"]);

    let all = KubernetesFlags { kubeconfig_suffix: None, ..flags.clone() };
    let error = Clusters::load(&all).await.err().unwrap();
    assert!(matches!(&error, LoadError::File { file, .. } if file.ends_with("README")), "{error}");
    std::fs::remove_file(dir.path().join("README")).unwrap();

    write(dir.path(), "c.kubeconfig", &kubeconfig(&["build01"]));
    let error = Clusters::load(&all).await.err().unwrap().to_string();
    assert!(error.contains("`build01`") && error.contains("a.kubeconfig") && error.contains("c.kubeconfig"), "{error}");
}

/// One cluster's broken credentials do not keep the others away.
#[tokio::test]
async fn a_cluster_that_cannot_be_used_is_left_out_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let config = kubeconfig(&["good", "bad"]).replace(
        "server: 'https://bad.example:6443'",
        "server: 'https://bad.example:6443', certificate-authority: absent.crt",
    );
    write(dir.path(), "config", &config);
    let found = harness::clusters(Some(dir.path().join("config")), None).await;
    assert_eq!(shown(&found), ["good", "default=good", "good=good"]);
    let why = found.build("bad").err();
    assert!(matches!(&why, Some(ClusterError::Other(text)) if text.contains("absent.crt")), "{why:?}");
}
