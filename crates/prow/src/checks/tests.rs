//! Each warning: configurations that have it, and ones that come near it and have it not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Selection, Subject, WARNINGS, rerun_commands, unreachable_clusters};
use crate::job_config::{Config, Named};
use crate::plugins::Plugins;
use crate::problem::Problem;

mod branches;
mod contexts;
mod jobs;
mod plugins;
mod selected;
mod tide;

fn config(raw: Value) -> Config {
    let raw = serde_json::from_value(raw).unwrap();
    Config::check(Named { file: "c".to_owned(), raw }, Vec::new()).unwrap()
}

fn plugins(raw: Value) -> Plugins {
    let raw = serde_json::from_value(raw).unwrap();
    Plugins::check(Named { file: "p".to_owned(), raw }, Vec::new()).unwrap().0
}

#[track_caller]
fn compare(found: &[Problem], want: &[&str]) {
    let found: Vec<_> = found.iter().map(Problem::to_string).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (at, words) = want.split_once(" | ").unwrap_or((want, ""));
        assert!(found.starts_with(&format!("{at}: ")) && found.contains(words), "{found:?} is not {want:?}");
    }
}

fn find(name: &str, subject: &Subject<'_>) -> Vec<Problem> {
    WARNINGS.iter().find(|warning| warning.name == name).unwrap().find(subject)
}

/// `want`: `FILE: PATH | words of the message`, in their order.
#[track_caller]
fn check(name: &str, raw: Value, want: &[&str]) {
    let config = config(raw);
    let subject = Subject {
        config: &config,
        config_file: "c",
        plugins: None,
        required_annotations: &["owner".to_owned(), "team".to_owned()],
        clusters: None,
    };
    compare(&find(name, &subject), want);
}

#[track_caller]
fn check_with_plugins(name: &str, raw: Value, plugins_yaml: Value, want: &[&str]) {
    let (config, plugins) = (config(raw), plugins(plugins_yaml));
    let subject = Subject {
        config: &config,
        config_file: "c",
        plugins: Some(&plugins),
        required_annotations: &[],
        clusters: None,
    };
    compare(&find(name, &subject), want);
    assert!(find(name, &Subject { plugins: None, ..subject }).is_empty(), "it needs a plugins.yaml");
}

/// A job with a pod, with these keys over its own.
fn job(name: &str, more: Value) -> Value {
    let mut job = json!({"name": name, "decorate": true, "spec": {"containers": [{"image": "i", "command": ["c"]}]}});
    for (key, value) in more.as_object().unwrap() {
        if value.is_null() {
            job.as_object_mut().unwrap().remove(key);
        } else {
            job[key] = value.clone();
        }
    }
    job
}

#[test]
fn every_warning_has_a_name_of_its_own() {
    let mut names: Vec<_> = WARNINGS.iter().map(|warning| warning.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), WARNINGS.len());
}

#[test]
fn managed_webhooks_of_an_org_and_its_repository() {
    let managed = |names: &[&str]| {
        let all: BTreeMap<_, _> = names.iter().map(|&name| (name, json!({}))).collect();
        json!({"managed_webhooks": {"org_repo_config": all}})
    };
    check("managed-webhooks", managed(&["o", "p/r", "oo/r"]), &[]);
    let at = "c: managed_webhooks.org_repo_config.o/r | twice";
    check("managed-webhooks", managed(&["o", "o/r", "p/r"]), &[at]);
}

#[test]
fn a_link_that_is_no_url() {
    check("validate-urls", json!({}), &[]);
    check("validate-urls", json!({"status_error_link": "https://example.com/issues"}), &[]);
    check("validate-urls", json!({"status_error_link": "https://example.com/%zz"}), &["c: status_error_link | no URL"]);
}
