//! What the parts of one job may say beside one another.

use std::time::Duration;

use serde_json::{Value, json};

use super::{check_presubmit_refused, check_refused, job, load, one, presubmits};
use crate::periodic::Schedule;

#[test]
fn jobs_have_a_tenant() {
    let defaults = |core: Value, keys: Value| {
        let config = load(core, &[presubmits(&[job(keys)])]).unwrap();
        config.presubmits("o", "r")[0].base.prowjob_defaults.as_ref().unwrap().value()
    };
    assert_eq!(defaults(json!({}), json!({})), json!({"tenant_id": "GlobalDefaultID"}));
    let entries = json!({"prowjob_default_entries": [{"repo": "o", "config": {"tenant_id": "t"}}]});
    assert_eq!(defaults(entries.clone(), json!({})), json!({"tenant_id": "t"}));
    assert_eq!(defaults(entries, json!({"prowjob_defaults": {"tenant_id": "own"}})), json!({"tenant_id": "own"}));
}

#[test]
fn agents_take_what_is_theirs() {
    let tekton = |keys: Value| {
        let mut all = json!({"agent": "tekton-pipeline", "spec": null, "namespace": "any",
            "tekton_pipeline_run_spec": {"v1beta1": {"pipelineSpec": {"tasks": []}}}});
        all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        all
    };
    assert_eq!(one(tekton(json!({}))).base.namespace, "any");
    check_presubmit_refused(tekton(json!({"tekton_pipeline_run_spec": null})), ": … has no `tekton_pipeline_run_spec`");
    check_presubmit_refused(tekton(json!({"decorate": true})), ": … decoration is for the agent `kubernetes`");
    check_presubmit_refused(json!({"pipeline_run_spec": {}}), ": … a pipeline run is for the agent");
    let tasks = |name: &str| json!({"v1beta1": {"pipelineSpec": {"tasks": [{"taskRef": {"name": name}}]}}});
    let refs = json!([{"org": "o", "repo": "x"}]);
    let with = |name: &str| tekton(json!({"extra_refs": refs, "tekton_pipeline_run_spec": tasks(name)}));
    assert_eq!(one(with("PROW_EXTRA_GIT_REF_0")).base.extra_refs.len(), 1);
    check_presubmit_refused(with("other"), ".extra_refs[0]: … no task refers to `PROW_EXTRA_GIT_REF_0`");
    let beyond = tekton(json!({"tekton_pipeline_run_spec": tasks("PROW_EXTRA_GIT_REF_3")}));
    check_presubmit_refused(beyond, ": … which `extra_refs` does not have");
    let zero = tekton(json!({"tekton_pipeline_run_spec": tasks("PROW_EXTRA_GIT_REF_01")}));
    check_presubmit_refused(zero, ": … leading zero");
    let implicit = job(tekton(json!({"cron": "@daily", "tekton_pipeline_run_spec": tasks("PROW_IMPLICIT_GIT_REF")})));
    check_refused(json!({"periodics": [implicit]}), &[], &["config.yaml: periodics[0]: … no repository of its own"]);
    let config = load(json!({}), &[presubmits(&[job(json!({"agent": "robot", "spec": null}))])]).unwrap();
    assert!(
        config.warnings[0].to_string().contains("[0].agent: the agent `robot` is not known"),
        "{:?}",
        config.warnings
    );
}

#[test]
fn decoration_is_checked_with_its_defaults() {
    let decorated = |config: Value| json!({"decorate": true, "decoration_config": config});
    let storage = |keys: Value| decorated(json!({"gcs_configuration": keys}));
    one(storage(json!({"bucket": "b", "path_strategy": "explicit"})));
    check_presubmit_refused(storage(json!({"bucket": "b"})), ".decoration_config … no `path_strategy`");
    check_presubmit_refused(storage(json!({"path_strategy": "legacy"})), ".decoration_config … `default_org`");
    let both = decorated(json!({"ssh_key_secrets": ["k"], "oauth_token_secret": {"name": "t", "key": "k"}}));
    check_presubmit_refused(both, ".decoration_config … exclude each other");
    let own = one(json!({"decoration_config": {"timeout": "1h"}}));
    assert_eq!(own.base.decoration_config.map(|config| config.value()), Some(json!({"timeout": "1h"})));
    let mut keys = decorated(json!({"oauth_token_secret": {"name": "t", "key": "k"}}));
    keys["clone_uri"] = json!("git@github.com:o/r.git");
    check_presubmit_refused(keys, ".clone_uri … no http(s) URL");
    check_presubmit_refused(json!({"clone_uri": "https://a%zz/"}), ".clone_uri … no URL");
}

#[test]
fn further_rules_of_jobs() {
    let rerun = json!({"rerun_auth_config": {"allow_anyone": true, "github_users": ["u"]}});
    check_presubmit_refused(rerun, ".rerun_auth_config … keep one");
    let label = json!({"skip_report": true, "labels": {"prow.k8s.io/gerrit-report-label": "Code-Review"}});
    check_presubmit_refused(label, ".labels.prow.k8s.io/gerrit-report-label … `skip_report`");
    let periodic = |retry: Value| json!({"periodics": [job(json!({"interval": "1h", "retry": retry}))]});
    let config = load(periodic(json!({"attempts": 3, "interval": "5m"})), &[]).unwrap();
    let retry = config.periodics()[0].retry.clone().unwrap();
    assert_eq!((retry.attempts, retry.interval, retry.run_all), (3, Duration::from_secs(300), false));
    assert_eq!(config.periodics()[0].schedule, Schedule::Interval(Duration::from_secs(3600)));
    check_refused(
        periodic(json!({"attempts": 3})),
        &[],
        &["config.yaml: periodics[0].retry.interval … not a duration"],
    );
}
