use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::prowjob::ProwJobSpec;

fn job(job_type: ProwJobType) -> ProwJob {
    let mut job = ProwJob::new("pj-1", ProwJobSpec::new(job_type, "unit"));
    job.spec.agent = KUBERNETES_AGENT.into();
    if job_type != ProwJobType::Periodic {
        let pulls = match job_type {
            ProwJobType::Presubmit => {
                json!([{"number": 1, "author": "a", "sha": "s1", "title": "Fix $(HOME)", "head_ref": "topic"}])
            }
            ProwJobType::Batch => {
                json!([{"number": 1, "author": "a", "sha": "s1"}, {"number": 2, "author": "b", "sha": "s2"}])
            }
            ProwJobType::Postsubmit | ProwJobType::Periodic => json!([]),
        };
        job.spec.refs = serde_json::from_value(
            json!({"org": "o", "repo": "r", "base_ref": "main", "base_sha": "b0", "pulls": pulls, "path_alias": "k8s.io/r/x"}),
        )
        .unwrap();
    } else {
        job.spec.extra_refs =
            vec![serde_json::from_value(json!({"org": "o", "repo": "r", "base_ref": "main"})).unwrap()];
    }
    job.spec.decoration_config = Some(json!({"timeout": "120m"}));
    job
}

fn rendered(job_type: ProwJobType) -> String {
    let folders = Folders { artifacts: "/w/artifacts".into(), gopath: "/w".into() };
    let env = environment(&job(job_type), "42", Some(&folders));
    env.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
}

#[test]
fn presubmit() {
    insta::assert_snapshot!(rendered(ProwJobType::Presubmit));
}

#[test]
fn postsubmit() {
    insta::assert_snapshot!(rendered(ProwJobType::Postsubmit));
}

#[test]
fn batch() {
    insta::assert_snapshot!(rendered(ProwJobType::Batch));
}

#[test]
fn periodic() {
    insta::assert_snapshot!(rendered(ProwJobType::Periodic));
}

#[test]
fn another_agent_has_no_build_number_and_undecorated_jobs_no_folders() {
    let mut job = job(ProwJobType::Periodic);
    job.spec.agent = "jenkins".into();
    let env = environment(&job, "42", None);
    for name in ["BUILD_NUMBER", "ARTIFACTS", "GOPATH"] {
        assert!(!env.contains_key(name), "{name}");
    }
}

/// `JOB_SPEC` is compared as JSON, everything else as text.
fn comparable(name: &str, value: &str) -> Value {
    if name == "JOB_SPEC" { serde_json::from_str(value).unwrap() } else { json!(value) }
}

#[test]
fn prow_gives_its_own_examples_the_same_variables() {
    let test = "prow_gives_its_own_examples_the_same_variables";
    let Some(folder) = counterparts::data(test, "prow/decorated-pods") else {
        return;
    };
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".input.yaml").filter(|stem| stem.starts_with("TestProwJobToPod")) else {
            continue;
        };
        let read = |file: String| -> Value {
            serde_saphyr::from_str(&fs::read_to_string(folder.join(file)).unwrap()).unwrap()
        };
        let job: ProwJob = serde_json::from_value(read(name.clone())).unwrap();
        let pod = read(format!("{stem}.yaml"));
        let folders = job
            .spec
            .decoration_config
            .is_some()
            .then(|| Folders { artifacts: "/logs/artifacts".into(), gopath: "/home/prow/go".into() });
        let ours = environment(&job, &job.status.build_id, folders.as_ref());
        let own: Vec<&str> = job.spec.pod_spec.as_ref().unwrap()["containers"][0]["env"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| e["name"].as_str().unwrap())
            .collect();
        let theirs: BTreeMap<String, String> = pod["spec"]["containers"][0]["env"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (e["name"].as_str().unwrap().to_owned(), e["value"].as_str().unwrap_or("").to_owned()))
            .filter(|(name, _)| name != "ENTRYPOINT_OPTIONS" && !own.contains(&name.as_str()))
            .collect();
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>(),
            "names of the variables of {stem}"
        );
        for (name, value) in &theirs {
            assert_eq!(comparable(name, &ours[name]), comparable(name, value), "{name} of {stem}");
        }
        seen += 1;
    }
    assert!(seen >= 7, "only {seen} examples found");
}

#[track_caller]
fn check_expand(text: &str, want: &str) {
    let known = HashMap::from([("A".to_owned(), "a".to_owned()), ("B".to_owned(), "$(A)".to_owned())]);
    assert_eq!(expand(text, &known), want, "{text}");
}

#[test]
fn references_are_replaced_once() {
    check_expand("x $(A) y", "x a y");
    check_expand("$(A)$(A)", "aa");
    check_expand("$(B)", "$(A)");
    check_expand("$(NONE)", "$(NONE)");
    check_expand("$$(A)", "$(A)");
    check_expand("$$$(A)", "$a");
    check_expand("$A $ $(A", "$A $ $(A");
    check_expand("", "");
}
