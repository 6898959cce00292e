//! Jobs, one by one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Subject, check, compare, config, find, job, rerun_commands, unreachable_clusters};

/// The same job as a presubmit, a postsubmit and a periodic.
fn three(more: Value) -> Value {
    let mut periodic = job("j", more.clone());
    periodic["interval"] = json!("1h");
    json!({"presubmits": {"o/r": [job("j", more.clone())]}, "postsubmits": {"o/r": [job("j", more)]},
        "periodics": [periodic]})
}

const PLACES: [&str; 3] = ["presubmits.o/r[0]", "postsubmits.o/r[0]", "periodics[0]"];

#[track_caller]
fn check_three(name: &str, more: Value, key: &str, words: &str) {
    let want = PLACES.map(|place| format!("c: {place}{key} | {words}"));
    check(name, three(more), &want.each_ref().map(String::as_str));
}

#[test]
fn pods_that_are_not_decorated() {
    check("non-decorated-jobs", three(json!({})), &[]);
    check_three("non-decorated-jobs", json!({"decorate": null}), ".decorate", "`j` is not decorated");
    let own = json!({"decorate": false, "decoration_config": {"timeout": "1h"}});
    check_three("non-decorated-jobs", own, ".decorate", "not decorated");
    let mut all = three(json!({"decorate": null}));
    all["decorate_all_jobs"] = json!(true);
    check("non-decorated-jobs", all, &[]);
    check("non-decorated-jobs", three(json!({"agent": "jenkins", "spec": null, "decorate": null})), &[]);
}

#[test]
fn names_that_are_longer_than_a_label() {
    check("long-job-names", three(json!({"name": "x".repeat(63)})), &[]);
    check_three("long-job-names", json!({"name": "x".repeat(64)}), ".name", "64 characters");
    let jenkins = json!({"name": "x".repeat(64), "agent": "jenkins", "spec": null, "decorate": null});
    check("long-job-names", three(jenkins), &[]);
}

#[test]
fn repositories_that_are_cloned_twice() {
    let refs = |names: &[&str]| {
        let all: Vec<_> = names.iter().map(|name| json!({"org": "o", "repo": name, "base_ref": "main"})).collect();
        json!({ "extra_refs": all })
    };
    check("duplicate-job-refs", three(refs(&["a", "b"])), &[]);
    let at = |index: usize| format!("c: presubmits.o/r[0].extra_refs[{index}] | clones it twice");
    check("duplicate-job-refs", three(refs(&["a", "r"])), &[&at(1)]);
    check("duplicate-job-refs", three(refs(&["a", "b", "a"])), &[&at(2)]);
}

#[test]
fn periodics_have_no_repository_of_their_own() {
    check("periodic-default-clone-config", three(json!({})), &[]);
    let own = json!({"clone_depth": 1, "path_alias": "a", "clone_uri": "https://example.com/a"});
    check(
        "periodic-default-clone-config",
        three(own),
        &["c: periodics[0].clone_depth", "c: periodics[0].clone_uri", "c: periodics[0].path_alias | `extra_refs`"],
    );
}

#[test]
fn annotations_that_every_job_must_have() {
    check("required-job-annotations", three(json!({"annotations": {"owner": "a", "team": "", "more": "b"}})), &[]);
    check_three("required-job-annotations", json!({"annotations": {"team": "b"}}), ".annotations", "add `owner`");
    check_three("required-job-annotations", json!({}), ".annotations", "add `owner`, `team`");
}

#[test]
fn clusters_by_agent() {
    check("validate-cluster-field", three(json!({"cluster": "any"})), &[]);
    let jenkins = |cluster: &str| json!({"agent": "jenkins", "spec": null, "decorate": null, "cluster": cluster});
    check("validate-cluster-field", three(jenkins("default")), &[]);
    check_three("validate-cluster-field", jenkins("any"), ".cluster", "knows no clusters");
}

#[test]
fn clusters_by_what_was_published() {
    let state = |cluster: &str, state: &str| (cluster.to_owned(), state.to_owned());
    let known: BTreeMap<_, _> = [state("default", "Reachable"), state("away", "No Manager")].into();
    let found = |cluster: &str| {
        let config = config(json!({"periodics": [job("j", json!({"cluster": cluster, "interval": "1h"}))]}));
        let subject = Subject {
            config: &config,
            config_file: "c",
            plugins: None,
            required_annotations: &[],
            clusters: Some(&known),
        };
        (find("validate-cluster-field", &subject), unreachable_clusters(&subject))
    };
    let (unknown, away) = found("other");
    compare(&unknown, &["c: periodics[0].cluster | no cluster `other`"]);
    compare(&away, &[]);
    let (unknown, away) = found("away");
    compare(&unknown, &[]);
    compare(&away, &["c: periodics[0].cluster | was No Manager"]);
    let (unknown, away) = found("default");
    assert!(unknown.is_empty() && away.is_empty());
}

#[test]
fn what_prow_s_utilities_need() {
    let images = json!({"clonerefs": "a", "initupload": "b", "entrypoint": "c", "sidecar": "d"});
    let storage = json!({"bucket": "gs://b", "path_strategy": "explicit"});
    let full = json!({"decoration_config": {"utility_images": images, "gcs_configuration": storage}});
    check("valid-decoration-config", three(full), &[]);
    check("valid-decoration-config", three(json!({"decorate": false})), &[]);
    let half = json!({"utility_images": {"clonerefs": "a", "sidecar": ""}, "gcs_configuration": storage});
    let words = "`initupload`, `entrypoint`, `sidecar`";
    check_three("valid-decoration-config", json!({"decoration_config": half}), ".decoration_config", words);
    let images = json!({"clonerefs": "a", "initupload": "b", "entrypoint": "c", "sidecar": "d"});
    let no_bucket = json!({"decoration_config": {"utility_images": images}});
    check_three("valid-decoration-config", no_bucket, ".decoration_config", "no bucket");
}

#[test]
fn rerun_commands_that_gerrit_would_not_hear() {
    let found = |pattern: Option<&str>| {
        let mut raw = json!({"presubmits": {"o/r": [job("j", json!({}))]}});
        if let Some(pattern) = pattern {
            raw["gerrit"] = json!({"allowed_presubmit_trigger_re": pattern});
        }
        let config = config(raw);
        rerun_commands(&config, config.presubmits("o", "r"))
    };
    compare(&found(None), &[]);
    compare(&found(Some("^/test ")), &[]);
    compare(&found(Some("^/run ")), &["c: presubmits.o/r[0].rerun_command | `/test j` of the job `j`"]);
}
