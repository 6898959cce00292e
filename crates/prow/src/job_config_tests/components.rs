//! What config.yaml says to components.

use std::time::Duration;

use serde_json::{Value, json};

use super::{check_refused, job, load, presubmits};
use crate::prowjob::ProwJobType;

#[test]
fn components_defaults() {
    let core = load(json!({}), &[]).unwrap().core;
    let minutes = |count: u64| Duration::from_secs(count * 60);
    assert_eq!((core.prowjob_namespace.as_str(), core.pod_namespace.as_str()), ("default", "default"));
    assert_eq!((core.default_job_timeout, core.link_url.as_deref()), (minutes(24 * 60), None));
    let plank = &core.plank;
    assert_eq!((plank.pod_pending_timeout, plank.pod_running_timeout), (minutes(10), minutes(48 * 60)));
    assert_eq!((plank.pod_unscheduled_timeout, plank.max_revivals, plank.max_concurrency), (minutes(5), 3, 0));
    let sinker = &core.sinker;
    assert_eq!((sinker.resync_period, sinker.max_prowjob_age), (minutes(60), minutes(7 * 24 * 60)));
    assert_eq!((sinker.max_pod_age, sinker.terminated_pod_ttl), (minutes(24 * 60), minutes(24 * 60)));
    assert_eq!(core.github_reporter.job_types_to_report, [ProwJobType::Presubmit, ProwJobType::Postsubmit]);
    assert!(!core.scheduler.enabled && !core.decorate_all_jobs);
}

#[test]
fn components_values() {
    let raw = json!({
        "pod_namespace": "test-pods",
        "github": {"link_url": "https://ghe.example.com/"},
        "scheduler": {"enabled": true},
        "sinker": {"max_pod_age": "1h"},
        "plank": {
            "pod_pending_timeout": 1_000_000_000,
            "report_templates": {"*": "all", "o": "org", "o/r": "repo"},
            "job_queue_capacities": {"q": -1},
        },
    });
    let config = load(raw, &[presubmits(&[job(json!({"job_queue_name": "q"}))])]).unwrap();
    let core = &config.core;
    assert_eq!((core.link_url.as_deref(), core.scheduler.enabled), (Some("https://ghe.example.com"), true));
    assert_eq!(core.sinker.terminated_pod_ttl, Duration::from_secs(3600));
    assert_eq!(core.plank.pod_pending_timeout, Duration::from_secs(1));
    let template = |org, repo| core.plank.report_template(org, repo);
    assert_eq!((template("o", "r"), template("o", "s"), template("p", "r")), (Some("repo"), Some("org"), Some("all")));
    assert_eq!(config.presubmits("o", "r")[0].base.namespace, "test-pods");
}

#[test]
fn components_refusals() {
    let plank = |plank: Value| json!({"plank": plank});
    let both = plank(json!({"report_template": "a", "report_templates": {"*": "b"}}));
    check_refused(both, &[], &["config.yaml: plank.report_template … exclude each other"]);
    let both =
        plank(json!({"default_decoration_configs": {"*": {}}, "default_decoration_config_entries": [{"config": {}}]}));
    check_refused(both, &[], &["config.yaml: plank.default_decoration_configs … exclude each other"]);
    let entry = plank(json!({"default_decoration_config_entries": [{"config": {"timeout": "x"}}]}));
    check_refused(entry, &[], &["config.yaml: plank.default_decoration_config_entries[0].config.timeout … `x`"]);
    let reporter = json!({"github_reporter": {"job_types_to_report": ["presubmit", "periodic"]}});
    check_refused(reporter, &[], &["config.yaml: github_reporter.job_types_to_report[1] … not reported"]);
    let sinker = json!({"sinker": {"resync_period": "0s"}});
    check_refused(sinker, &[], &["config.yaml: sinker.resync_period … without a pause"]);
    check_refused(json!({"github": {"link_url": "ghe"}}), &[], &["config.yaml: github.link_url … is not a URL"]);
}
