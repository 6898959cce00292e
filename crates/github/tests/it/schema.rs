//! GraphQL requests and the stand-in's answers, held to GitHub's published schema by the reference implementation.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use github::{Auth, Client, Options};
use serde_json::{Value, json};

use crate::every_method::world;
use crate::every_talk::every_talk;

/// Node, and the folder of the packages, as `cargo xtask setup` installs them; none, after saying so, where they are not
/// there.
fn packages() -> Option<(PathBuf, PathBuf)> {
    let test = counterparts::this_test();
    let node = counterparts::find(&test, "node")?;
    counterparts::find(&test, "graphql/node_modules/@octokit/graphql-schema/schema.json")?;
    Some((node, counterparts::directory().join("graphql")))
}

/// What the schema has against the exchanges, a line each.
fn problems((node, dir): &(PathBuf, PathBuf), exchanges: &Value) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/schema.mjs");
    let mut node =
        Command::new(node).arg(script).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(exchanges.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The operations in the source.
fn operations_there_are() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let names = text.split("= operation!(").skip(1).filter_map(|rest| rest.split(',').next());
        found.extend(names.map(|name| name.trim().to_owned()));
    }
    found
}

#[tokio::test]
async fn every_operation_is_one_that_github_knows() {
    let Some(dir) = packages() else { return };
    let world = world().await;
    let token = world.sim.client().user("bowsprit-bot").await.unwrap().token().to_owned();
    let options = Options { endpoints: vec![world.proxy.url.clone()], ..Options::new(Auth::Token(token.into())) };
    let api = Client::new(options).unwrap().for_org("my-org");
    every_talk(&api, &api, &world, "bowsprit-bot").await;

    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let exchanges = world.graphql.lock().unwrap().clone();
    let exchanges: Vec<Value> =
        exchanges.iter().map(|(request, answer)| json!({ "request": read(request), "answer": read(answer) })).collect();
    let succeeded = exchanges.iter().filter(|exchange| exchange["answer"].get("errors").is_none());
    let seen: BTreeSet<String> =
        succeeded.map(|exchange| exchange["request"]["operationName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(problems(&dir, &json!(exchanges)), Vec::<String>::new());
    println!(
        "GraphQL operations: {}, validated: {}, exchanges: {}",
        operations_there_are().len(),
        seen.len(),
        exchanges.len()
    );
    assert_eq!(seen, operations_there_are());
    world.sim.shutdown().await;
}

#[test]
fn what_github_does_not_know_is_seen() {
    let Some(dir) = packages() else { return };
    let check = |query: &str, variables: Value, answer: Value, want: &str| {
        let request = json!({ "operationName": "A", "query": query, "variables": variables });
        let found = problems(&dir, &json!([{ "request": request, "answer": { "data": answer } }]));
        assert!(found.iter().any(|problem| problem.contains(want)), "{found:?}");
    };
    let good = "query A($id: ID!) { node(id: $id) { __typename ... on Issue { isPinned } } }";
    let id = json!({ "id": "I_1" });
    check("query A { nothing }", json!({}), json!({}), "Cannot query field");
    check("query A { viewer ", json!({}), json!({}), "Syntax Error");
    let issue = |is_pinned: Value| json!({ "node": { "__typename": "Issue", "isPinned": is_pinned } });
    check(good, id.clone(), issue(json!("perhaps")), "Boolean cannot represent");
    let lacking = "query A($id: ID!) { node(id: $id) { ... on Issue { title } } }";
    check(lacking, id.clone(), issue(json!(true)), "Cannot return null for non-nullable");
    let request = json!({ "operationName": "A", "query": good, "variables": id });
    let exchange = json!([{ "request": request, "answer": { "data": issue(json!(true)) } }]);
    assert_eq!(problems(&dir, &exchange), Vec::<String>::new());
}
