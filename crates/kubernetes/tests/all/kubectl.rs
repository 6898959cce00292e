//! What `kubectl get prowjobs` shows: Prow's columns, by `kubectl` itself and by the table that it asks the server for.

use std::path::Path;

use apiserver::ADMIN;
use jiff::{SignedDuration, Timestamp};
use prow::prowjob::ProwJob;
use serde_json::{Value, json};

use crate::harness;

const HEADER: [&str; 10] =
    ["NAME", "JOB", "BUILDID", "TYPE", "ORG", "REPO", "PULLS", "STARTTIME", "COMPLETIONTIME", "STATE"];
const ROW: [&str; 10] = ["one", "unit", "1234", "presubmit", "my-org", "hello", "7", "3m", "61s", "success"];

/// Makes the job that the row is of.
async fn one(kubeconfig: &Path, namespace: &str) {
    let ago = |seconds| Timestamp::now() - SignedDuration::from_secs(seconds);
    let job: ProwJob = serde_json::from_value(json!({
        "metadata": { "name": "one" },
        "spec": { "type": "presubmit", "job": "unit", "refs": { "org": "my-org", "repo": "hello",
            "pulls": [{ "number": 7, "author": "a", "sha": "s" }, { "number": 9, "author": "b", "sha": "t" }] } },
        "status": { "state": "success", "build_id": "1234", "startTime": ago(180), "completionTime": ago(61) },
    }))
    .unwrap();
    harness::prowjobs(kubeconfig, namespace).await.create(&job).await.unwrap();
}

/// A row without its ages: they move on while this is printed, and whole minutes may come with their seconds.
fn ageless<T: AsRef<str>>(row: &[T]) -> Vec<&str> {
    let ages = |at: &usize| !(7..9).contains(at);
    row.iter().enumerate().filter(|(at, _)| ages(at)).map(|(_, cell)| cell.as_ref()).collect()
}

#[tokio::test]
async fn kubectl_prints_prow_s_columns() {
    const TEST: &str = "kubectl_prints_prow_s_columns";
    let Some(server) = harness::server(TEST).await else { return };
    let (kubeconfig, namespace) = (server.kubeconfig(ADMIN), harness::namespace());
    one(&kubeconfig, &namespace).await;
    let Some(mut kubectl) = harness::kubectl(TEST, &kubeconfig) else { return };
    let printed = harness::output(kubectl.args(["get", "prowjobs", "--namespace", &namespace]));
    let table: Vec<Vec<&str>> = printed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(table[0], HEADER, "{printed}");
    assert_eq!(ageless(&table[1]), ageless(&ROW), "{printed}");
}

#[tokio::test]
async fn the_server_s_own_table_has_prow_s_columns() {
    let Some(server) = harness::server("the_server_s_own_table_has_prow_s_columns").await else { return };
    let (kubeconfig, namespace) = (server.kubeconfig(ADMIN), harness::namespace());
    one(&kubeconfig, &namespace).await;
    let request = http::Request::get(format!("/apis/prow.k8s.io/v1/namespaces/{namespace}/prowjobs"))
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .body(Vec::new())
        .unwrap();
    let table: Value = harness::client(&kubeconfig).await.request(request).await.unwrap();
    assert_eq!(table["kind"], "Table", "{table}");
    let texts = |cells: &Value, text: fn(&Value) -> String| cells.as_array().unwrap().iter().map(text).collect();
    let columns: Vec<String> = texts(&table["columnDefinitions"], |it| it["name"].as_str().unwrap().to_uppercase());
    assert_eq!(columns, HEADER);
    let cells: Vec<String> = texts(&table["rows"][0]["cells"], |it| match it {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    assert_eq!(ageless(&cells), ageless(&ROW), "{table}");
}
