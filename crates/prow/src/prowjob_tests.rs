use std::fs;

use serde_json::{Value, json};

use super::*;

/// What a ProwJob may leave out without losing a meaning: nulls, empty strings and lists, `false` and 0.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), pruned(value)))
                .filter(|(_, value)| {
                    !(value.is_null()
                        || *value == json!("")
                        || *value == json!([])
                        || *value == json!(false)
                        || *value == json!(0)
                        || *value == json!({}))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(pruned).collect()),
        other => other.clone(),
    }
}

#[track_caller]
fn check_round_trip(object: &Value) {
    let job: ProwJob = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{e}: {object:#}"));
    let back = serde_json::to_value(&job).unwrap();
    assert_eq!(pruned(&back), pruned(object));
}

/// Sets every leaf of `value` to null, one at a time, and hands over what comes of it.
fn with_each_null(value: &Value, at: &str, check: &mut impl FnMut(&str, &Value)) {
    let paths: Vec<String> = match value {
        Value::Object(map) => map.keys().map(|key| format!("{at}/{key}")).collect(),
        _ => return,
    };
    for path in paths {
        check(&path, &Value::Null);
        let key = path.rsplit('/').next().unwrap();
        with_each_null(&value[key], &path, check);
    }
}

#[test]
fn a_null_is_as_good_as_absent() {
    let job = json!({
        "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
        "metadata": {"name": "x", "namespace": "n", "labels": {}, "annotations": {}, "uid": "u"},
        "spec": {
            "type": "presubmit", "agent": "kubernetes", "cluster": "default", "job": "unit", "context": "unit",
            "refs": {"org": "o", "repo": "r", "base_ref": "main", "base_sha": "a", "pulls": [], "workdir": true,
                "path_alias": "p", "clone_uri": "c", "clone_depth": 1, "skip_submodules": true},
            "extra_refs": [], "report": true, "rerun_command": "/test unit", "max_concurrency": 1, "hidden": true,
            "namespace": "n", "pod_spec": {}, "error_on_eviction": true,
        },
        "status": {"state": "pending", "description": "d", "url": "u", "pod_name": "p", "build_id": "b",
            "prev_report_states": {}, "startTime": "2026-01-02T03:04:05Z"},
    });
    let mut checked = 0;
    with_each_null(&job, "", &mut |path, null| {
        // Without these two it is no ProwJob, in Prow as here.
        if matches!(path, "/spec" | "/spec/type") {
            return;
        }
        let mut changed = job.clone();
        *changed.pointer_mut(path).unwrap() = null.clone();
        serde_json::from_value::<ProwJob>(changed).unwrap_or_else(|error| panic!("{path}: {error}"));
        checked += 1;
    });
    assert!(checked > 35, "{checked} keys were tried");
}

#[test]
fn prow_s_own_examples_survive() {
    let Some(folder) = counterparts::data("prow_s_own_examples_survive", "prow/decorated-pods") else {
        return;
    };
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("TestProwJobToPod") && name.ends_with(".input.yaml")) {
            continue;
        }
        let object: Value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        check_round_trip(&object);
        seen += 1;
    }
    assert!(seen >= 7, "only {seen} examples found");
}

/// A value that fits a schema of the custom resource definition, telling in each leaf.
fn example(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|e| e.last()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let mut object = Map::new();
            for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
                object.insert(key.clone(), example(schema));
            }
            if schema["additionalProperties"].is_object() {
                object.insert("some-key".into(), example(&schema["additionalProperties"]));
            }
            if schema["x-kubernetes-preserve-unknown-fields"] == true {
                object.insert("free".into(), json!({"form": [1, 2.5, null]}));
            }
            Value::Object(object)
        }
        Some("array") => json!([example(&schema["items"])]),
        Some("integer") => json!(7),
        Some("boolean") => json!(true),
        Some("string") if schema["format"] == "date-time" => json!("2026-01-02T03:04:05Z"),
        _ => json!("text"),
    }
}

#[test]
fn every_field_of_the_definition_survives() {
    let Some(path) = counterparts::data("every_field_of_the_definition_survives", "prow/prowjob-crd.yaml") else {
        return;
    };
    let definition: Value = serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    let object = json!({
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": "x", "generation": 3, "creationTimestamp": null, "managedFields": [{"manager": "kubectl"}]},
        "spec": example(&schema["spec"]),
        "status": example(&schema["status"]),
        "ours": {"later": 1}
    });
    check_round_trip(&object);

    // And those of spec, status and refs have a field of their own here.
    let job: ProwJob = serde_json::from_value(object).unwrap();
    let refs = job.spec.refs.as_ref().unwrap();
    for rest in [&job.spec.rest, &job.status.rest, &refs.rest, &refs.pulls[0].rest] {
        assert!(rest.is_empty(), "not typed: {rest:?}");
    }
}

#[test]
fn unknown_keys_survive_at_every_level() {
    check_round_trip(&json!({
        "new": 1,
        "metadata": {"name": "n", "new": {"a": [1]}},
        "spec": {
            "type": "batch", "job": "j", "new": "x",
            "refs": {"org": "o", "repo": "r", "new": 1.5, "pulls": [{"number": 1, "author": "a", "sha": "s", "new": {}, "newer": [0]}]}
        },
        "status": {"state": "pending", "new": ["y"]}
    }));
}

#[test]
fn each_state_and_type_has_its_word() {
    for state in ProwJobState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        assert_eq!(serde_json::from_value::<ProwJobState>(json!(state.as_str())).unwrap(), state);
    }
    for job_type in [ProwJobType::Presubmit, ProwJobType::Postsubmit, ProwJobType::Periodic, ProwJobType::Batch] {
        assert_eq!(serde_json::to_value(job_type).unwrap(), job_type.as_str());
    }
    assert!(serde_json::from_value::<ProwJobState>(json!("running")).is_err());
}

#[test]
fn only_the_completion_time_makes_it_complete() {
    let mut job = ProwJob::new("x", ProwJobSpec::new(ProwJobType::Periodic, "j"));
    job.status.state = ProwJobState::Aborted;
    assert!(!job.is_complete());
    job.status.state = ProwJobState::Pending;
    job.status.completion_time = Some(Timestamp::UNIX_EPOCH);
    assert!(job.is_complete());
}
