//! What the parts of one job may say beside one another.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::job::JobBase;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::{KUBERNETES_AGENT, ProwJobType};
use crate::refs::Refs;
use crate::sections::url_fault;

const JENKINS_AGENT: &str = "jenkins";
const TEKTON_AGENT: &str = "tekton-pipeline";
const IMPLICIT_REF: &str = "PROW_IMPLICIT_GIT_REF";
const GERRIT_REPORT_LABEL: &str = "prow.k8s.io/gerrit-report-label";
const EXTRA_REF: &str = "PROW_EXTRA_GIT_REF_";

/// What is written that only some agents take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgentParts<'a> {
    pub(crate) agent: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) pod_namespace: &'a str,
    pub(crate) has_spec: bool,
    pub(crate) has_pipeline: bool,
    pub(crate) has_decoration: bool,
    pub(crate) error_on_eviction: bool,
}

impl AgentParts<'_> {
    /// Behaviour: Prow pkg/config, `validateAgent`. An agent that nobody knows takes anything.
    pub(crate) fn check(&self, name: &str, file: &str, at: &KeyPath, problems: &mut Problems) {
        let agent = self.agent;
        let is_kubernetes = agent == KUBERNETES_AGENT;
        let is_tekton = agent == TEKTON_AGENT;
        if !is_kubernetes && !is_tekton && agent != JENKINS_AGENT {
            let why =
                format!("the agent `{agent}` is not known here: whether the job is right for it nobody has checked");
            return problems.warn(file, at.key("agent"), why);
        }
        if is_kubernetes && !self.has_spec {
            let why = format!("the job `{name}` has no `spec`: add a pod with one container at least");
            problems.add(file, at.clone(), why);
        }
        if self.has_spec && !is_kubernetes {
            problems.add(file, at.key("spec"), format!("the agent `{agent}` takes no `spec`: remove it, or the agent"));
        }
        if is_tekton && !self.has_pipeline {
            let why =
                format!("the job `{name}` has no `tekton_pipeline_run_spec`, which the agent `{agent}` needs: add it");
            problems.add(file, at.clone(), why);
        }
        if self.has_pipeline && !is_tekton {
            let why = format!("a pipeline run is for the agent `{TEKTON_AGENT}` only: remove it, or change the agent");
            problems.add(file, at.clone(), why);
        }
        if self.has_decoration && !is_kubernetes {
            let why = format!("decoration is for the agent `{KUBERNETES_AGENT}` only: set `decorate: false`");
            problems.add(file, at.clone(), why);
        }
        if self.error_on_eviction && !is_kubernetes {
            let why = "`error_on_eviction` is for the agent `kubernetes` only: remove it";
            problems.add(file, at.key("error_on_eviction"), why);
        }
        if self.namespace != self.pod_namespace && !is_tekton {
            let why = format!(
                "the namespace `{}` is not `pod_namespace` (`{}`): remove it",
                self.namespace, self.pod_namespace
            );
            problems.add(file, at.key("namespace"), why);
        }
    }
}

/// Behaviour: Prow pkg/apis/prowjobs/v1, `DecorationConfig.Validate`, but that nothing needs to be there: what runs here
/// brings its own utilities, and can do without a bucket.
pub(crate) fn check_decoration(config: &Value, file: &str, at: &KeyPath, problems: &mut Problems) {
    let text = |parent: &Value, key: &str| parent.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(storage) = config.get("gcs_configuration") {
        let strategy = text(storage, "path_strategy");
        let bucket = text(storage, "bucket");
        if !["legacy", "single", "explicit"].contains(&strategy.as_str()) {
            let why = format!("`{strategy}` is no `path_strategy`: use one of legacy, single, explicit");
            problems.add(file, at.clone(), why);
        } else if strategy != "explicit"
            && (text(storage, "default_org").is_empty() || text(storage, "default_repo").is_empty())
        {
            let why = format!("the `path_strategy` `{strategy}` needs `default_org` and `default_repo`: add them");
            problems.add(file, at.clone(), why);
        }
        if let Some(why) = url_fault(&bucket) {
            problems.add(file, at.clone(), format!("the bucket cannot be read: {why}"));
        }
    }
    let has_keys = config.get("ssh_key_secrets").and_then(Value::as_array).is_some_and(|keys| !keys.is_empty());
    if has_keys && config.get("oauth_token_secret").is_some() {
        let why = "`oauth_token_secret` and `ssh_key_secrets` exclude each other: keep one";
        problems.add(file, at.clone(), why);
    }
}

/// Behaviour: Prow pkg/config, `UtilityConfig.Validate`.
pub(crate) fn check_clone_uri(
    clone_uri: &str,
    decoration: Option<&Value>,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    if clone_uri.is_empty() {
        return;
    }
    let uri = clone_uri.split_once('@').map_or(clone_uri, |(_, uri)| uri);
    let has_token = decoration.is_some_and(|config| config.get("oauth_token_secret").is_some());
    if let Some(why) = url_fault(uri) {
        problems.add(file, at.key("clone_uri"), why);
    } else if has_token && !uri.starts_with("http://") && !uri.starts_with("https://") {
        let why = format!("`{uri}` is no http(s) URL, which `oauth_token_secret` needs: write it like `https://…`");
        problems.add(file, at.key("clone_uri"), why);
    }
}

/// Behaviour: Prow pkg/config, `validateReporting`.
pub(crate) fn check_report_label(base: &JobBase, skip_report: Option<bool>, problems: &mut Problems) {
    let labelled = base.labels.get(GERRIT_REPORT_LABEL).is_some_and(|value| !value.is_empty());
    if labelled && skip_report == Some(true) {
        let why =
            "this label has the job reported to Gerrit, and `skip_report` says that it is not: remove one of the two";
        problems.add(&base.place.file, base.place.path.key("labels").key(GERRIT_REPORT_LABEL), why);
    }
}

/// Each extra ref is what some task refers to, and the other way round.
///
/// Behaviour: Prow pkg/config, `ValidatePipelineRunSpec`.
pub(crate) fn check_pipeline(
    job_type: ProwJobType,
    extra_refs: &[Refs],
    spec: &Value,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    let tasks = spec.pointer("/pipelineSpec/tasks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut used = BTreeSet::new();
    for task in tasks {
        let reference = task.pointer("/taskRef/name").and_then(Value::as_str).unwrap_or_default();
        if job_type == ProwJobType::Periodic && reference == IMPLICIT_REF {
            problems.add(file, at.clone(), format!("a periodic has no repository of its own for `{IMPLICIT_REF}`"));
        }
        let Some((_, rest)) = reference.split_once(EXTRA_REF) else { continue };
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        if digits.len() > 1 && digits.starts_with('0') {
            problems.add(file, at.clone(), format!("`{EXTRA_REF}{digits}` has a leading zero: remove it"));
        } else if let Ok(index) = digits.parse::<usize>() {
            used.insert(index);
        }
    }
    for index in (0..extra_refs.len()).filter(|index| !used.contains(index)) {
        let why = format!("no task refers to `{EXTRA_REF}{index}`: use this ref, or remove it");
        problems.add(file, at.key("extra_refs").index(index), why);
    }
    for index in used.iter().filter(|index| **index >= extra_refs.len()) {
        problems.add(
            file,
            at.clone(),
            format!("a task refers to `{EXTRA_REF}{index}`, which `extra_refs` does not have"),
        );
    }
}
