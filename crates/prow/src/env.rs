//! The environment that every job is given.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::decoration::with_go_durations;
use crate::prowjob::{KUBERNETES_AGENT, ProwJob, ProwJobType};
use crate::refs::Refs;

/// `JOB_SPEC`, keys in the order in which Prow writes them.
#[derive(Serialize)]
struct JobSpec<'a> {
    #[serde(rename = "type")]
    job_type: ProwJobType,
    job: &'a str,
    #[serde(rename = "buildid", skip_serializing_if = "str::is_empty")]
    build_id: &'a str,
    #[serde(rename = "prowjobid", skip_serializing_if = "str::is_empty")]
    prowjob_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refs: Option<&'a Refs>,
    #[serde(skip_serializing_if = "<[Refs]>::is_empty")]
    extra_refs: &'a [Refs],
    #[serde(skip_serializing_if = "Option::is_none")]
    decoration_config: Option<Value>,
}

/// Where a decorated job finds its folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// What the job leaves here is kept: `ARTIFACTS`.
    pub artifacts: String,
    /// The root above `src/`, where the source is: `GOPATH`.
    pub gopath: String,
}

/// The standard variables of this run. `build_id` is that of the run, which the object may not carry yet.
/// Behaviour: Prow pkg/pod-utils/downwardapi, `EnvForSpec`.
pub fn environment(job: &ProwJob, build_id: &str, folders: Option<&Folders>) -> BTreeMap<String, String> {
    let mut env = Env(BTreeMap::new());
    env.set("CI", "true");
    env.set("JOB_NAME", &job.spec.job);
    env.set("JOB_TYPE", job.spec.job_type.as_str());
    env.set("JOB_SPEC", job_spec(job, build_id));
    env.set("BUILD_ID", build_id);
    env.set("PROW_JOB_ID", job.name());
    if job.spec.agent == KUBERNETES_AGENT {
        env.set("BUILD_NUMBER", build_id);
    }
    if let Some(folders) = folders {
        env.set("ARTIFACTS", &folders.artifacts);
        env.set("GOPATH", &folders.gopath);
    }
    if job.spec.job_type != ProwJobType::Periodic
        && let Some(refs) = &job.spec.refs
    {
        env.source(refs);
        if job.spec.job_type == ProwJobType::Presubmit {
            env.first_pull(refs);
        }
    }
    env.0
}

struct Env(BTreeMap<String, String>);

impl Env {
    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn source(&mut self, refs: &Refs) {
        let path = refs.checkout_path();
        let (host, base) = path.split_once('/').unwrap_or((&path, ""));
        self.set("SRC_HOST", host);
        self.set("SRC_BASE", base);
        self.set("REPO_OWNER", &refs.org);
        self.set("REPO_NAME", &refs.repo);
        self.set("PULL_BASE_REF", &refs.base_ref);
        self.set("PULL_BASE_SHA", &refs.base_sha);
        self.set("PULL_REFS", refs.text());
    }

    fn first_pull(&mut self, refs: &Refs) {
        if let Some(pull) = refs.pulls.first() {
            self.set("PULL_NUMBER", pull.number.to_string());
            self.set("PULL_PULL_SHA", &pull.sha);
            self.set("PULL_HEAD_REF", &pull.head_ref);
            self.set("PULL_TITLE", &pull.title);
        }
    }
}

fn job_spec(job: &ProwJob, build_id: &str) -> String {
    let spec = JobSpec {
        job_type: job.spec.job_type,
        job: &job.spec.job,
        build_id,
        prowjob_id: job.name(),
        refs: job.spec.refs.as_ref(),
        extra_refs: &job.spec.extra_refs,
        decoration_config: job.spec.decoration_config.as_ref().map(with_go_durations),
    };
    serde_json::to_string(&spec).expect("strings, numbers and JSON values always serialise")
}

/// Replaces each `$(NAME)` by the variable's value, as Kubernetes does in commands, arguments and values: `$$` is one `$`
/// and shields what follows, and a name that is not known stays as it stands. What comes in is not looked at again.
pub fn expand(text: &str, known: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match known.get(name) {
                Some(value) => out.push_str(value),
                None => write!(out, "$({name})").expect("writing to a string cannot fail"),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "env_tests.rs"]
mod tests;
