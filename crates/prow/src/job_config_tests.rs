//! Job config as a whole: what is accepted with which defaults, and what is refused.

mod components;
mod reload;
mod rules;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::job_config::{Config, Named};
use crate::kept::KeptJson;
use crate::periodic::Schedule;
use crate::presubmit::Presubmit;
use crate::problem::Problem;
use crate::trigger::Trigger;

fn load(core: Value, job_files: &[Value]) -> Result<Config, Vec<Problem>> {
    let named = |file: String, raw: &Value| Named { file, raw: serde_json::from_value(raw.clone()).unwrap() };
    let jobs = job_files.iter().enumerate().map(|(at, raw)| named(format!("jobs{at}.yaml"), raw)).collect();
    Config::check(named("config.yaml".to_owned(), &core), jobs)
}

/// A job with a pod, and these keys.
fn job(keys: Value) -> Value {
    let mut job = json!({"name": "unit", "spec": {"containers": [{"command": ["make"]}]}});
    job.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    job
}

fn presubmits(jobs: &[Value]) -> Value {
    json!({"presubmits": {"o/r": jobs}})
}

fn one(keys: Value) -> Presubmit {
    load(json!({}), &[presubmits(&[job(keys)])]).unwrap().presubmits("o", "r")[0].clone()
}

/// Each problem as `file: path: message` begins with and holds what is wanted, separated by ` … `.
#[track_caller]
fn check_refused(core: Value, jobs: &[Value], want: &[&str]) {
    let found = load(core, jobs).map(|_| "it loads").unwrap_err();
    let found: Vec<_> = found.iter().map(Problem::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (start, part) = want.split_once(" … ").unwrap();
        assert!(found.starts_with(start) && found.contains(part), "{found:?} is not {want:?}");
    }
}

#[track_caller]
fn check_presubmit_refused(keys: Value, want: &str) {
    check_refused(json!({}), &[presubmits(&[job(keys)])], &[&format!("jobs0.yaml: presubmits.o/r[0]{want}")]);
}

#[test]
fn a_presubmit_s_defaults() {
    let unit = one(json!({}));
    assert_eq!((unit.context.as_str(), unit.rerun_command.as_str()), ("unit", "/test unit"));
    assert!(matches!(&unit.trigger, Trigger::Named(name) if name == "unit"));
    assert!(unit.needs_explicit_trigger() && unit.context_required());
    let base = &unit.base;
    assert_eq!(
        (base.agent.as_str(), base.cluster.as_str(), base.namespace.as_str()),
        ("kubernetes", "default", "default")
    );
    assert_eq!((base.max_concurrency, &base.decoration_config), (0, &None));
    assert_eq!(base.place.path.to_string(), "presubmits.o/r[0]");
}

#[test]
fn derived_predicates() {
    assert!(!one(json!({"always_run": true})).needs_explicit_trigger());
    assert!(!one(json!({"run_if_changed": "a"})).needs_explicit_trigger());
    assert!(!one(json!({"skip_if_only_changed": "a"})).needs_explicit_trigger());
    assert!(!one(json!({"optional": true})).context_required());
    assert!(!one(json!({"skip_report": true})).context_required());
}

#[test]
fn facts_carry_what_a_filter_needs() {
    let unit = one(json!({"branches": ["^main$"], "run_if_changed": "^a", "context": "ci/unit", "optional": true}));
    let facts = unit.facts(Some("/test unit"), Some("release-1"));
    assert!(facts.triggered && !facts.on_branch && facts.conditional && facts.optional && !facts.always_run);
    assert_eq!((facts.name.as_str(), facts.context.as_str()), ("unit", "ci/unit"));
    let facts = unit.facts(None, None);
    assert!(!facts.triggered && facts.on_branch);
}

#[test]
fn triggers_and_rerun_commands_come_together_and_match() {
    let loose = one(json!({"trigger": "(?m)^run it$", "rerun_command": "run it"}));
    assert!(loose.trigger_matches("please\nrun it\n") && !loose.trigger_matches("/test unit"));
    check_presubmit_refused(json!({"trigger": "x"}), ".trigger … without `rerun_command`");
    check_presubmit_refused(json!({"rerun_command": "x"}), ".rerun_command … without `trigger`");
    check_presubmit_refused(json!({"trigger": "x", "rerun_command": "y"}), ".rerun_command … does not match");
    check_presubmit_refused(json!({"trigger": "x(", "rerun_command": "x"}), ".trigger … unclosed group");
}

#[test]
fn case_35_a_job_is_not_asked_for_by_another_name() {
    assert!(!one(json!({"name": "jeb"})).trigger_matches("/test pull-jeb"));
}

#[test]
fn matchers_exclude_each_other() {
    check_presubmit_refused(json!({"always_run": true, "run_if_changed": "a"}), ".always_run … exclude each other");
    check_presubmit_refused(
        json!({"run_if_changed": "a", "skip_if_only_changed": "b"}),
        ".run_if_changed … exclude each other",
    );
    check_presubmit_refused(json!({"run_if_changed": "("}), ".run_if_changed … unclosed group");
    check_presubmit_refused(json!({"branches": ["("]}), ".branches … unclosed group");
    check_presubmit_refused(json!({"skip_branches": ["("]}), ".skip_branches … unclosed group");
}

#[test]
fn what_all_jobs_must_keep_to() {
    check_presubmit_refused(json!({"name": "a b"}), ".name … `a b`");
    check_presubmit_refused(json!({"name": null}), ": … no `name`");
    check_presubmit_refused(json!({"spec": null}), ": … no `spec`");
    check_presubmit_refused(json!({"agent": "jenkins"}), ".spec … takes no `spec`");
    check_presubmit_refused(
        json!({"agent": "jenkins", "spec": null, "error_on_eviction": true}),
        ".error_on_eviction … `kubernetes` only",
    );
    check_presubmit_refused(json!({"labels": {"prow.k8s.io/type": "x"}}), ".labels.prow.k8s.io/type … is reserved");
    check_presubmit_refused(json!({"labels": {"created-by-prow": "x"}}), ".labels.created-by-prow … is reserved");
    check_presubmit_refused(json!({"labels": {"prow.k8s.io/id": "x"}}), ".labels.prow.k8s.io/id … is reserved");
    // By these the runs of a pull request are found.
    for key in ["refs.org", "refs.repo", "refs.pull", "refs.base_ref", "job", "context"] {
        let (key, want) = (format!("prow.k8s.io/{key}"), format!(".labels.prow.k8s.io/{key} … is reserved"));
        check_presubmit_refused(json!({"labels": {key: "1"}}), &want);
    }
    check_presubmit_refused(json!({"labels": {"created-by-tide": "true"}}), ".labels.created-by-tide … is reserved");
    // A periodic has no repository of its own, and may say where it belongs.
    let labels = json!({"prow.k8s.io/refs.org": "o", "prow.k8s.io/refs.repo": "r"});
    let nightly = job(json!({"interval": "1h", "labels": labels}));
    assert!(load(json!({}), &[json!({"periodics": [nightly]})]).is_ok());
    check_presubmit_refused(json!({"labels": {"a": "b c"}}), ".labels.a … no label value");
    check_presubmit_refused(json!({"labels": {"a b": "c"}}), ".labels.a b … no label key");
    check_presubmit_refused(json!({"annotations": {"a b": "c"}}), ".annotations.a b … no annotation key");
    check_presubmit_refused(json!({"max_concurrency": -1}), ".max_concurrency … negative");
    check_presubmit_refused(json!({"job_queue_name": "q"}), ".job_queue_name … job_queue_capacities");
    check_presubmit_refused(json!({"namespace": "other"}), ".namespace … not `pod_namespace`");
    check_presubmit_refused(json!({"extra_refs": [{"org": "o"}]}), ".extra_refs[0] … `org` and `repo`");
    check_presubmit_refused(
        json!({"decoration_config": {"timeout": "1 h"}}),
        ".decoration_config.timeout … `1 h` is not a duration",
    );
}

#[test]
fn all_problems_come_at_once() {
    let jobs = [job(json!({"name": "a b"})), job(json!({"name": "c", "max_concurrency": -1, "labels": {"x y": ""}}))];
    check_refused(
        json!({"plank": {"max_concurrency": -2}}),
        &[presubmits(&jobs)],
        &[
            "config.yaml: plank.max_concurrency … -2",
            "jobs0.yaml: presubmits.o/r[0].name … a b",
            "jobs0.yaml: presubmits.o/r[1].labels.x y … key",
            "jobs0.yaml: presubmits.o/r[1].max_concurrency … -1",
        ],
    );
}

#[test]
fn one_name_twice_only_on_branches_that_do_not_intersect() {
    let on = |branches: &[&str]| job(json!({"branches": branches}));
    assert!(load(json!({}), &[presubmits(&[on(&["main"]), on(&["release"])])]).is_ok());
    check_refused(
        json!({}),
        &[presubmits(&[on(&["main"])]), presubmits(&[on(&["main", "release"])])],
        &["jobs1.yaml: presubmits.o/r[0].name … exists already (presubmits.o/r[0] in jobs0.yaml)"],
    );
    let other_repo = json!({"presubmits": {"o/s": [on(&["main"])]}});
    assert!(load(json!({}), &[presubmits(&[on(&["main"])]), other_repo]).is_ok());
    let postsubmit = json!({"postsubmits": {"o/r": [job(json!({})), job(json!({}))]}});
    check_refused(json!({}), &[postsubmit], &["jobs0.yaml: postsubmits.o/r[1].name … postsubmit `unit`"]);
}

#[test]
fn one_context_twice_only_where_it_is_not_reported() {
    let reports =
        |name: &str, skip_report: bool| job(json!({"name": name, "context": "c", "skip_report": skip_report}));
    check_refused(
        json!({}),
        &[presubmits(&[reports("a", false), reports("b", false)])],
        &["jobs0.yaml: presubmits.o/r[1] … `a` and `b` of o/r both report as `c`"],
    );
    assert!(load(json!({}), &[presubmits(&[reports("a", false), reports("b", true)])]).is_ok());
}

#[test]
fn presets_are_merged_by_label_over_all_files() {
    let presets = json!({"presets": [{"labels": {"preset-x": "true"}, "env": [{"name": "X", "value": "1"}]}]});
    let labelled = job(json!({"labels": {"preset-x": "true"}}));
    let config = load(presets.clone(), &[presubmits(&[labelled])]).unwrap();
    let spec = config.presubmits("o", "r")[0].base.pod_spec.as_ref().unwrap().value();
    assert_eq!(spec.pointer("/containers/0/env/0/name"), Some(&json!("X")));

    let spec = json!({"containers": [{"env": [{"name": "X", "value": "2"}]}]});
    let colliding = job(json!({"labels": {"preset-x": "true"}, "spec": spec}));
    check_refused(
        presets.clone(),
        &[presubmits(&[colliding])],
        &[
            "jobs0.yaml: presubmits.o/r[0]: … the job `unit` has the variable `X` already, which the preset `preset-x` adds",
        ],
    );
    check_refused(presets.clone(), &[presets], &["jobs0.yaml: presets[0].labels.preset-x … exists already"]);
}

#[test]
fn decoration_is_switched_on_and_merged() {
    let core = |all: bool| json!({"decorate_all_jobs": all, "plank": {"default_decoration_configs": {"*": {"timeout": "2h", "grace_period": "10s"}}}});
    let decoration = |all: bool, keys: Value| {
        let config = load(core(all), &[presubmits(&[job(keys)])]).unwrap();
        config.presubmits("o", "r")[0].base.decoration_config.as_ref().map(KeptJson::value)
    };
    assert_eq!(decoration(false, json!({})), None);
    assert_eq!(decoration(true, json!({"decorate": false})), None);
    assert_eq!(decoration(true, json!({})), Some(json!({"timeout": "2h", "grace_period": "10s"})));
    let own = json!({"decorate": true, "decoration_config": {"timeout": "1h"}});
    assert_eq!(decoration(false, own), Some(json!({"timeout": "1h", "grace_period": "10s"})));
}

#[test]
fn case_58_postsubmits_on_branches_tags_and_changes() {
    let runs = |keys: Value, branch: &str, files: &[&str]| {
        let config = load(json!({}), &[json!({"postsubmits": {"o/r": [job(keys)]}})]).unwrap();
        config.postsubmits("o", "r")[0].should_run(branch, files)
    };
    assert!(runs(json!({}), "main", &[]));
    assert!(runs(json!({}), "release/v1", &[]));
    assert!(runs(json!({"branches": ["^v1$"]}), "v1", &[]));
    assert!(!runs(json!({"branches": ["^v1$"]}), "main", &[]));
    assert!(!runs(json!({"run_if_changed": "^a"}), "main", &["b"]));
    assert!(runs(json!({"run_if_changed": "^a"}), "main", &["a"]));
    assert!(!runs(json!({"run_if_changed": "^a"}), "main", &[]));
    assert!(!runs(json!({"always_run": false}), "main", &["a"]));
    assert!(runs(json!({"always_run": false, "run_if_changed": "^a"}), "main", &["a"]));
    let both = json!({"postsubmits": {"o/r": [job(json!({"always_run": true, "run_if_changed": "a"}))]}});
    check_refused(json!({}), &[both], &["jobs0.yaml: postsubmits.o/r[0].always_run … exclude each other"]);
}

#[test]
fn periodics_have_one_schedule_and_one_name() {
    let config = load(json!({"periodics": [job(json!({"interval": "1h30m", "tags": ["t"]}))]}), &[]).unwrap();
    assert_eq!(config.periodics()[0].schedule, Schedule::Interval(Duration::from_secs(5400)));
    let with = |keys: Value| json!({"periodics": [job(keys)]});
    check_refused(with(json!({})), &[], &["config.yaml: periodics[0] … exactly one of"]);
    check_refused(
        with(json!({"interval": "1h", "cron": "@daily"})),
        &[],
        &["config.yaml: periodics[0] … exactly one of"],
    );
    check_refused(with(json!({"interval": "1 h"})), &[], &["config.yaml: periodics[0].interval … not a duration"]);
    check_refused(
        with(json!({"cron": "61 * * * *"})),
        &[],
        &["config.yaml: periodics[0].cron … wrong minute: `61` is out of range"],
    );
    let daily = json!({"cron": "@daily"});
    check_refused(
        with(daily.clone()),
        &[with(daily)],
        &["jobs0.yaml: periodics[0].name … exists already (periodics[0] in config.yaml)"],
    );
}

#[test]
fn hundreds_of_presubmits_are_matched_within_a_millisecond() {
    let jobs: Vec<_> = (0..461).map(|at| job(json!({"name": format!("pull-project-e2e-{at}")}))).collect();
    let config = load(json!({}), &[presubmits(&jobs)]).unwrap();
    let jobs = config.presubmits("o", "r");
    let comment = "Thanks for the review, I moved the lock out of the loop.\r\n\r\n/test pull-project-e2e-7 pull-project-e2e-460\r\n";
    // The fastest of several: the others measure the machine.
    let fastest = (0..20).map(|_| {
        let start = Instant::now();
        let matched: Vec<_> =
            jobs.iter().filter(|job| job.trigger_matches(comment)).map(|job| job.base.name.as_str()).collect();
        assert_eq!(matched, ["pull-project-e2e-7", "pull-project-e2e-460"]);
        start.elapsed()
    });
    let fastest = fastest.min().unwrap();
    println!("461 presubmits against one comment: {fastest:?}");
    assert!(fastest < Duration::from_millis(1), "{fastest:?}");
}

#[test]
fn lists_of_branches_count_as_one_expression() {
    let unit = one(json!({"branches": ["(main", "release)"]}));
    assert!(unit.branches.should_run("main") && !unit.branches.should_run("other"));
}
