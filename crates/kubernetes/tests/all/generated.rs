//! Objects made by chance of the schema that Prow installs: what its definition takes, ours takes, unchanged.

use apiserver::{ADMIN, ApiServer, Options};
use prow::prowjob::{ProwJob, ProwJobSpec, ProwJobType};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use crate::harness;

const SEED: u64 = 20_260_701;
const OBJECTS: usize = 300;

/// Prow's definition, from the data that others wrote; `None` where that is absent, with the skip of `test` noted.
pub(crate) fn prow_definition(test: &str) -> Option<Value> {
    let path = counterparts::data(test, "prow/prowjob-crd.yaml")?;
    Some(serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

struct Generator(StdRng);

impl Generator {
    /// Some value that fits a schema; the deeper, the barer.
    fn value(&mut self, schema: &Value, depth: u32) -> Value {
        if let Some(words) = schema["enum"].as_array() {
            return words[self.0.random_range(0..words.len())].clone();
        }
        if schema["x-kubernetes-int-or-string"] == true {
            let quantities = [json!(5), json!("100m"), json!("1.5Gi"), json!("8080"), json!("0")];
            return quantities[self.0.random_range(0..quantities.len())].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, depth),
            Some("array") => {
                let keys = schema["x-kubernetes-list-map-keys"].is_array();
                // Of a list that is a map by its keys, one element cannot be there twice.
                let most = if keys || depth > 4 { 1 } else { 2 };
                (0..self.0.random_range(0..=most)).map(|_| self.value(&schema["items"], depth + 1)).collect()
            }
            Some("integer") => {
                let least = schema["minimum"].as_i64().unwrap_or(-3);
                json!(self.0.random_range(least..1 << 30))
            }
            Some("number") => json!(self.0.random_range(0..1000)),
            Some("boolean") => json!(self.0.random_bool(0.5)),
            Some("string") => self.text(schema),
            _ => json!({ "free": [1, 2.5, "x", { "deep": true }] }),
        }
    }

    fn object(&mut self, schema: &Value, depth: u32) -> Value {
        let mut object = Map::new();
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let chance = 0.75_f64.powi(i32::try_from(depth).unwrap());
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            if required.contains(&key.as_str()) || self.0.random_bool(chance) {
                object.insert(key.clone(), self.value(inner, depth + 1));
            }
        }
        if schema["additionalProperties"].is_object() {
            for key in ["one", "example.com/two"] {
                object.insert(key.to_owned(), self.value(&schema["additionalProperties"], depth + 1));
            }
        }
        if schema["x-kubernetes-preserve-unknown-fields"] == true {
            object.insert("free".to_owned(), json!({ "any": ["thing", 1.5, { "deep": { "er": true } }] }));
        }
        Value::Object(object)
    }

    fn text(&mut self, schema: &Value) -> Value {
        if schema["format"] == "date-time" {
            let seconds = self.0.random_range(1_700_000_000..1_800_000_000);
            return json!(jiff::Timestamp::from_second(seconds).unwrap());
        }
        let words =
            ["", "word", "two words", "Ünïcödé 🚢", "line\nbreak", "{{ .Spec.Job }}", "null", "007", "1e3", "~"];
        json!(words[self.0.random_range(0..words.len())])
    }

    fn prowjob(&mut self, schema: &Value, number: usize) -> Value {
        let mut status = self.value(&schema["properties"]["status"], 1);
        if ["success", "failure", "error"].contains(&status["state"].as_str().unwrap_or_default()) {
            status["completionTime"] = json!("2026-01-02T03:04:05Z");
        }
        json!({
            "apiVersion": "prow.k8s.io/v1",
            "kind": "ProwJob",
            "metadata": { "name": format!("generated-{number:03}"), "labels": { "made-by": "chance" } },
            "spec": self.value(&schema["properties"]["spec"], 1),
            "status": status,
        })
    }
}

fn objects(definition: &Value) -> Vec<Value> {
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut generator = Generator(StdRng::seed_from_u64(SEED));
    (0..OBJECTS).map(|number| generator.prowjob(schema, number)).collect()
}

/// Without keys whose values are as good as absent, at every level.
fn pruned(value: &Value) -> Value {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(true) => false,
    };
    match value {
        Value::Object(object) => {
            let kept = object.iter().map(|(key, value)| (key.clone(), pruned(value)));
            Value::Object(kept.filter(|(_, value)| !empty(value)).collect())
        }
        Value::Array(items) => items.iter().map(pruned).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn what_prow_s_definition_takes_ours_takes_unchanged() {
    const TEST: &str = "what_prow_s_definition_takes_ours_takes_unchanged";
    let Some(prow) = prow_definition(TEST) else { return };
    let Some(server) = harness::server(TEST).await else { return };
    let namespace = harness::namespace();
    let client = harness::client(&server.kubeconfig(ADMIN)).await;
    let jobs = harness::prowjobs(&server.kubeconfig(ADMIN), &namespace).await;
    for object in objects(&prow) {
        let stored =
            harness::create(&client, &namespace, &object).await.unwrap_or_else(|error| panic!("{error}: {object:#}"));
        for part in ["spec", "status"] {
            assert_eq!(stored[part], object[part], "{part} of {object:#}");
        }
        let name = object["metadata"]["name"].as_str().unwrap();
        let read: ProwJob = jobs.get(name).await.unwrap().unwrap_or_else(|| panic!("{name} is not there"));
        let again = serde_json::to_value(&read).unwrap();
        for part in ["spec", "status"] {
            assert_eq!(pruned(&again[part]), pruned(&object[part]), "{part} of {object:#}");
        }
    }
    assert_eq!(jobs.list(&store::Selector::default()).await.unwrap().len(), OBJECTS);
}

/// So that the test above means something: Prow's own definition takes these objects.
#[tokio::test]
async fn prow_s_definition_takes_what_is_generated() {
    const TEST: &str = "prow_s_definition_takes_what_is_generated";
    let Some(prow) = prow_definition(TEST) else { return };
    let Some(program) = apiserver::find(TEST) else { return };
    let server = ApiServer::start(&program, Options::default()).await.unwrap();
    let kubeconfig = server.kubeconfig(ADMIN);
    harness::cluster(&kubeconfig).await.apply_definition(&prow).await.unwrap();
    let client = harness::client(&kubeconfig).await;
    for object in objects(&prow) {
        harness::create(&client, "default", &object).await.unwrap_or_else(|error| panic!("{error}: {object:#}"));
    }
    // And it is one that our own writes pass, with its rules on states and without a status subresource.
    let jobs = harness::prowjobs(&kubeconfig, "ours").await;
    crate::prowjobs_suite::a_stale_version_is_a_conflict(&jobs, &jobs.clone()).await;
    jobs.create(&ProwJob::new("bare", ProwJobSpec::new(ProwJobType::Periodic, "j"))).await.unwrap();
}
