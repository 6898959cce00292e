use serde_json::{Value, json};

use super::*;

fn config(core: Value) -> Config {
    let raw = serde_json::from_value(core).unwrap();
    Config::check(Named { file: "config.yaml".to_owned(), raw }, Vec::new()).unwrap()
}

fn files(all: &[Value]) -> Vec<Named<RawProwYaml>> {
    let named = |(at, raw): (usize, &Value)| Named {
        file: format!(".prow/{at}.yaml"),
        raw: serde_json::from_value(raw.clone()).unwrap(),
    };
    all.iter().enumerate().map(named).collect()
}

/// A job with a pod, and these keys.
fn job(name: &str, keys: Value) -> Value {
    let mut job = json!({"name": name, "spec": {"containers": [{"command": ["make"]}]}});
    job.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    job
}

/// Each problem as `file: path: message` begins with and holds what is wanted, separated by ` … `.
#[track_caller]
fn check_refused(core: Value, own: &[Value], want: &[&str]) {
    let found = config(core).check_own_jobs("o", "r", files(own)).map(|_| "it loads").unwrap_err();
    let found: Vec<_> = found.iter().map(Problem::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (start, part) = want.split_once(" … ").unwrap();
        assert!(found.starts_with(start) && found.contains(part), "{found:?} is not {want:?}");
    }
}

#[track_caller]
fn check_enabled(enabled: Value, want: bool) {
    let config = config(json!({"in_repo_config": {"enabled": enabled}}));
    assert_eq!(config.core.in_repo_config.enabled("o", "r"), want, "{enabled}");
}

#[test]
fn the_narrowest_key_says_whether_a_repository_may_define_jobs() {
    check_enabled(json!(null), false);
    check_enabled(json!({}), false);
    check_enabled(json!({"*": true}), true);
    check_enabled(json!({"o": true}), true);
    check_enabled(json!({"o/r": true}), true);
    check_enabled(json!({"*": true, "o": false}), false);
    check_enabled(json!({"o": true, "o/r": false}), false);
    check_enabled(json!({"*": false, "o": false, "o/r": true}), true);
    check_enabled(json!({"o": true, "o/r": null}), true);
    check_enabled(json!({"other": true, "o/other": true, "r": true}), false);
}

#[track_caller]
fn check_clusters(allowed: Value, want: &[&str]) {
    let config = config(json!({"in_repo_config": {"allowed_clusters": allowed}}));
    let allows = |cluster: &&str| config.core.in_repo_config.allows_cluster("o", "r", cluster);
    let all: Vec<_> = ["default", "a", "b", "c", "d"].into_iter().filter(allows).collect();
    assert_eq!(all, want, "{allowed}");
}

#[test]
fn allowed_clusters_add_up() {
    check_clusters(json!(null), &["default"]);
    check_clusters(json!({"o/r": ["a"], "o": ["b"], "*": ["c"], "other": ["d"]}), &["a", "b", "c"]);
    check_clusters(json!({"o/r": ["a"]}), &["default", "a"]);
    check_clusters(json!({"*": null}), &["default"]);
    check_clusters(json!({"*": []}), &[]);
    check_clusters(json!({"*": [], "o/r": ["default"]}), &["default"]);
}

#[test]
fn jobs_of_a_repository_get_central_defaults_and_both_kinds_of_presets() {
    let core = json!({
        "decorate_all_jobs": true,
        "plank": {"default_decoration_configs": {"*": {"timeout": "5m"}, "o/r": {"grace_period": "7s"}}},
        "pod_namespace": "pods",
        "presets": [{"labels": {"central": "yes"}, "env": [{"name": "A", "value": "1"}]}],
    });
    let own = [
        json!({
            "presets": [{"labels": {"own": "yes"}, "env": [{"name": "B", "value": "2"}]}],
            "presubmits": [job("unit", json!({"labels": {"central": "yes", "own": "yes"}}))],
        }),
        json!({"postsubmits": [job("deploy", json!({"labels": {"own": "yes"}}))], "presubmits": [job("lint", json!({}))]}),
    ];
    let jobs = config(core).check_own_jobs("o", "r", files(&own)).unwrap();
    let names: Vec<_> = jobs.presubmits.iter().map(|job| job.base.name.as_str()).collect();
    assert_eq!(names, ["unit", "lint"]);
    let unit = &jobs.presubmits[0];
    assert_eq!((unit.context.as_str(), unit.rerun_command.as_str()), ("unit", "/test unit"));
    let env = unit.base.pod_spec.as_ref().unwrap().value()["containers"][0]["env"].clone();
    assert_eq!(env, json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
    assert_eq!((unit.base.namespace.as_str(), unit.base.cluster.as_str()), ("pods", "default"));
    let decoration = unit.base.decoration_config.as_ref().unwrap().value();
    assert_eq!((&decoration["timeout"], &decoration["grace_period"]), (&json!("5m"), &json!("7s")));
    let deploy = &jobs.postsubmits[0];
    assert_eq!(deploy.base.pod_spec.as_ref().unwrap().value()["containers"][0]["env"][0]["name"], "B");
    assert_eq!(format!("{}: {}", deploy.base.place.file, deploy.base.place.path), ".prow/1.yaml: postsubmits[0]");
}

#[test]
fn a_cluster_that_is_not_allowed_keeps_all_out() {
    let core = json!({"in_repo_config": {"allowed_clusters": {"o/other": ["build"]}}});
    let own = json!({
        "presubmits": [job("unit", json!({})), job("far", json!({"cluster": "build"}))],
        "postsubmits": [job("deploy", json!({"cluster": "build"}))],
    });
    let want = [
        ".prow/0.yaml: presubmits[1].cluster … the cluster `build`",
        ".prow/0.yaml: postsubmits[0].cluster … has for o/r",
    ];
    check_refused(core, &[own], &want);
}

#[test]
fn names_and_contexts_are_shared_with_central_jobs() {
    let core = || {
        json!({
            "presubmits": {"o/r": [job("unit", json!({"branches": ["main"]})), job("lint", json!({"context": "ci"}))]},
            "postsubmits": {"o/r": [job("deploy", json!({}))]},
        })
    };
    let own = json!({
        "presubmits": [job("unit", json!({})), job("other", json!({"context": "ci"}))],
        "postsubmits": [job("deploy", json!({}))],
    });
    let want = [
        ".prow/0.yaml: presubmits[0].name … (presubmits.o/r[0] in config.yaml)",
        ".prow/0.yaml: presubmits[1] … `lint` and `other` of o/r both report as `ci`",
        ".prow/0.yaml: postsubmits[0].name … the postsubmit `deploy` of o/r exists already",
    ];
    check_refused(core(), &[own], &want);
    // Two files of one repository are no different.
    let one = json!({"presubmits": [job("twice", json!({}))]});
    check_refused(core(), &[one.clone(), one], &[".prow/1.yaml: presubmits[0].name … presubmits[0] in .prow/0.yaml"]);
    // Where they cannot meet, a name is free.
    let apart = json!({"presubmits": [job("unit", json!({"branches": ["release"]}))]});
    assert_eq!(config(core()).check_own_jobs("o", "r", files(&[apart])).unwrap().presubmits.len(), 1);
}

#[test]
fn what_central_jobs_may_not_do_these_may_not() {
    let own = json!({"presubmits": [
        job("a b", json!({})),
        job("c", json!({"trigger": "(", "rerun_command": "/c"})),
        job("d", json!({"namespace": "kube-system"})),
        job("e", json!({"labels": {"prow.k8s.io/id": "x"}})),
        job("f", json!({"job_queue_name": "q"})),
        job("g", json!({"labels": {"prow.k8s.io/refs.pull": "7"}})),
    ]});
    let want = [
        ".prow/0.yaml: presubmits[0].name … `a b`",
        ".prow/0.yaml: presubmits[1].trigger … unclosed group",
        ".prow/0.yaml: presubmits[2].namespace … `kube-system`",
        ".prow/0.yaml: presubmits[3].labels.prow.k8s.io/id … reserved",
        ".prow/0.yaml: presubmits[4].job_queue_name … `q` is not defined",
        ".prow/0.yaml: presubmits[5].labels.prow.k8s.io/refs.pull … reserved",
    ];
    check_refused(json!({}), &[own], &want);
}
