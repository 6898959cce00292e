//! What presubmits, postsubmits and periodics have in common, checked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decoration_defaults::{self, DecorationDefaults};
use crate::labels;
use crate::pod_spec;
use crate::preset::Preset;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::{KUBERNETES_AGENT, ProwJobType};
use crate::raw_config::RawJob;
use crate::refs::Refs;
use crate::scalar::scalar_text;

const RESERVED_LABELS: [&str; 3] = [labels::TYPE, labels::CREATED_BY_PROW, labels::ID];

/// A job's place in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, by the name that it was given under.
    pub file: String,
    /// The job in the file.
    pub path: KeyPath,
}

/// The part that all kinds of job share. Defaults are filled in and presets merged.
#[derive(Debug, Clone, PartialEq)]
pub struct JobBase {
    /// The job's name.
    pub name: String,
    /// Go onto its ProwJobs.
    pub labels: BTreeMap<String, String>,
    /// Go onto its ProwJobs.
    pub annotations: BTreeMap<String, String>,
    /// How many runs may be pending at once; 0 is any number.
    pub max_concurrency: u64,
    /// A key of `plank.job_queue_capacities`; empty for none.
    pub job_queue_name: String,
    /// Who runs it; `kubernetes` unless said otherwise.
    pub agent: String,
    /// The build cluster's alias; `default` unless said otherwise.
    pub cluster: String,
    /// Where its pod goes; `pod_namespace` unless said otherwise.
    pub namespace: String,
    /// An eviction ends it.
    pub error_on_eviction: bool,
    /// The pod.
    pub pod_spec: Option<Value>,
    /// Tekton's pipeline run, old and new form.
    pub pipeline_run_spec: Option<Value>,
    /// Tekton's pipeline run, by version.
    pub tekton_pipeline_run_spec: Option<Value>,
    /// What reporters are to do differently.
    pub reporter_config: Option<Value>,
    /// Who may run it again.
    pub rerun_auth_config: Option<Value>,
    /// The web page leaves it out.
    pub hidden: bool,
    /// Tenant and the like.
    pub prowjob_defaults: Option<Value>,
    /// `decoration_config` over its defaults; `None` where the job is not decorated.
    pub decoration_config: Option<Value>,
    /// Where the source is checked out to, like an import path; empty: by org and repo.
    pub path_alias: String,
    /// Where the source is cloned from; empty: from the repository.
    pub clone_uri: String,
    /// Submodules are not cloned.
    pub skip_submodules: bool,
    /// How many commits are cloned; 0: all.
    pub clone_depth: i64,
    /// The remote's HEAD is not fetched.
    pub skip_fetch_head: bool,
    /// Further repositories to clone.
    pub extra_refs: Vec<Refs>,
    /// Where it is written.
    pub place: Place,
}

/// What checking a job needs to know of the rest of the config.
pub(crate) struct JobRules<'a> {
    pub(crate) pod_namespace: &'a str,
    pub(crate) decorate_all: bool,
    pub(crate) decoration: &'a DecorationDefaults,
    pub(crate) queues: &'a BTreeMap<String, i64>,
    pub(crate) presets: &'a [Preset],
}

impl JobRules<'_> {
    /// The checked form of `raw`, a job of the repository `full_name` (empty for a periodic). Problems are added; what
    /// is returned is good only if there are none.
    pub(crate) fn base(
        &self,
        raw: &mut RawJob,
        job_type: ProwJobType,
        full_name: &str,
        place: Place,
        problems: &mut Problems,
    ) -> JobBase {
        let (file, at) = (place.file.clone(), place.path.clone());
        let agent = raw.agent.take().filter(|agent| !agent.is_empty()).unwrap_or_else(|| KUBERNETES_AGENT.to_owned());
        let cluster = raw.cluster.take().filter(|cluster| !cluster.is_empty()).unwrap_or_else(|| "default".to_owned());
        let labels = raw.labels.take().unwrap_or_default();
        let annotations = raw.annotations.take().unwrap_or_default();
        let name = raw.name.take().unwrap_or_default();
        check_name(&name, &agent, &file, &at, problems);
        check_labels(&labels, &annotations, &file, &at, problems);

        let extra_refs = extra_refs(raw.extra_refs.take().unwrap_or_default(), &file, &at, problems);
        let first_extra =
            extra_refs.first().map(|refs: &Refs| format!("{}/{}", refs.org, refs.repo)).unwrap_or_default();
        let repository = if full_name.is_empty() { first_extra.as_str() } else { full_name };
        let own_decoration = raw.decoration_config.take();
        if let Some(own) = &own_decoration {
            decoration_defaults::check(own, &file, &at.key("decoration_config"), problems);
        }
        let decorated = raw.decorate.unwrap_or(self.decorate_all);
        let decoration_config =
            decorated.then(|| self.decoration.complete(own_decoration.as_ref(), repository, &cluster));

        let mut pod_spec = raw.spec.take().filter(|spec| !spec.is_null());
        match (&mut pod_spec, agent.as_str()) {
            (Some(spec), KUBERNETES_AGENT) => {
                pod_spec::normalise_texts(spec);
                self.merge_presets(spec, &name, &labels, &file, &at, problems);
                pod_spec::check(spec, job_type, decorated, &file, &at.key("spec"), problems);
            }
            (None, KUBERNETES_AGENT) => {
                problems.add(
                    &file,
                    at.clone(),
                    format!("the job `{name}` has no `spec`: add a pod with one container at least"),
                );
            }
            (Some(_), agent) => {
                problems.add(
                    &file,
                    at.key("spec"),
                    format!("the agent `{agent}` takes no `spec`: remove it, or the agent"),
                );
            }
            (None, _) => {}
        }
        if raw.error_on_eviction == Some(true) && agent != KUBERNETES_AGENT {
            problems.add(
                &file,
                at.key("error_on_eviction"),
                "`error_on_eviction` is for the agent `kubernetes` only: remove it",
            );
        }
        let namespace = raw.namespace.take().filter(|namespace| !namespace.is_empty());
        if let Some(namespace) =
            namespace.as_deref().filter(|namespace| *namespace != self.pod_namespace && !is_tekton(&agent))
        {
            let why =
                format!("the namespace `{namespace}` is not `pod_namespace` (`{}`): remove it", self.pod_namespace);
            problems.add(&file, at.key("namespace"), why);
        }
        let job_queue_name = raw.job_queue_name.take().unwrap_or_default();
        if !job_queue_name.is_empty() && !self.queues.contains_key(&job_queue_name) {
            let why = format!("the queue `{job_queue_name}` is not defined: add it to `plank.job_queue_capacities`");
            problems.add(&file, at.key("job_queue_name"), why);
        }
        let max_concurrency = raw.max_concurrency.unwrap_or_default();
        JobBase {
            name,
            labels,
            annotations,
            max_concurrency: u64::try_from(max_concurrency).unwrap_or_else(|_| {
                problems.add(
                    &file,
                    at.key("max_concurrency"),
                    format!("{max_concurrency} is negative: write 0 for no limit"),
                );
                0
            }),
            job_queue_name,
            agent,
            cluster,
            namespace: namespace.unwrap_or_else(|| self.pod_namespace.to_owned()),
            error_on_eviction: raw.error_on_eviction.unwrap_or_default(),
            pod_spec,
            pipeline_run_spec: raw.pipeline_run_spec.take(),
            tekton_pipeline_run_spec: raw.tekton_pipeline_run_spec.take(),
            reporter_config: raw.reporter_config.take(),
            rerun_auth_config: raw.rerun_auth_config.take(),
            hidden: raw.hidden.unwrap_or_default(),
            prowjob_defaults: raw.prowjob_defaults.take(),
            decoration_config,
            path_alias: raw.path_alias.take().unwrap_or_default(),
            clone_uri: raw.clone_uri.take().unwrap_or_default(),
            skip_submodules: raw.skip_submodules.unwrap_or_default(),
            clone_depth: raw.clone_depth.unwrap_or_default(),
            skip_fetch_head: raw.skip_fetch_head.unwrap_or_default(),
            extra_refs,
            place,
        }
    }

    fn merge_presets(
        &self,
        spec: &mut Value,
        name: &str,
        labels: &BTreeMap<String, String>,
        file: &str,
        at: &KeyPath,
        problems: &mut Problems,
    ) {
        for preset in self.presets.iter().filter(|preset| preset.applies_to(labels)) {
            if let Err(what) = preset.merge_into(spec) {
                let of: Vec<_> = preset.labels.keys().map(String::as_str).collect();
                let of = if of.is_empty() { "without labels".to_owned() } else { format!("`{}`", of.join("`, `")) };
                let why =
                    format!("the job `{name}` has {what} already, which the preset {of} adds: remove one of the two");
                return problems.add(file, at.clone(), why);
            }
        }
    }
}

fn is_tekton(agent: &str) -> bool {
    agent == "tekton-pipeline"
}

fn extra_refs(raw: Vec<Value>, file: &str, at: &KeyPath, problems: &mut Problems) -> Vec<Refs> {
    let mut all = Vec::new();
    for (index, mut value) in raw.into_iter().enumerate() {
        let at = at.key("extra_refs").index(index);
        for key in ["org", "repo", "base_ref", "base_sha", "path_alias", "clone_uri"] {
            if let Some(text) = value.get(key).and_then(scalar_text) {
                value[key] = Value::String(text);
            }
        }
        match serde_json::from_value::<Refs>(value) {
            Ok(refs) if refs.org.is_empty() || refs.repo.is_empty() => {
                problems.add(file, at, "an extra ref needs `org` and `repo`");
            }
            Ok(refs) => all.push(refs),
            Err(why) => problems.add(file, at, format!("the extra ref cannot be read: {why}")),
        }
    }
    all
}

fn check_name(name: &str, agent: &str, file: &str, at: &KeyPath, problems: &mut Problems) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let bytes = name.as_bytes();
    let good = match (bytes.split_first(), agent) {
        (None, _) => return problems.add(file, at.clone(), "a job has no `name`: give it one"),
        (Some((first, rest)), "jenkins") => {
            let last_is_good = rest.last().is_none_or(|last| last.is_ascii_alphanumeric() || b"-_".contains(last));
            is_plain(first) && last_is_good && rest.iter().all(|byte| is_plain(byte) || *byte == b'/')
        }
        (Some(_), _) => bytes.iter().all(is_plain),
    };
    if !good {
        let why = format!("the job name `{name}` may only have letters, digits, `-`, `.` and `_`: rename the job");
        problems.add(file, at.key("name"), why);
    }
}

fn check_labels(
    all: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    for (key, value) in all {
        let at = at.key("labels").key(key);
        if RESERVED_LABELS.contains(&key.as_str()) {
            problems.add(file, at, format!("the label `{key}` is reserved: remove it"));
        } else if !is_qualified_name(key) {
            problems.add(file, at, format!("`{key}` is no label key: write it like `example.com/name`"));
        } else if !labels::is_value(value) {
            let why = format!(
                "`{value}` is no label value: use at most 63 letters, digits, `-`, `_` and `.`, the ends alphanumeric"
            );
            problems.add(file, at, why);
        }
    }
    for key in annotations.keys().filter(|key| !is_qualified_name(key)) {
        let at = at.key("annotations").key(key);
        problems.add(file, at, format!("`{key}` is no annotation key: write it like `example.com/name`"));
    }
}

/// Kubernetes' rule for keys: a name as label values have it, but not empty, and a DNS name with a slash before it
/// where there is one.
fn is_qualified_name(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_dns_label = |label: &str| {
        let bytes = label.as_bytes();
        let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        bytes.first().is_some_and(fits)
            && bytes.last().is_some_and(fits)
            && bytes.iter().all(|byte| fits(byte) || *byte == b'-')
    };
    let prefix_is_good = prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    prefix_is_good && !name.is_empty() && labels::is_value(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_job_name(name: &str, agent: &str, good: bool) {
        let mut problems = Problems::new();
        check_name(name, agent, "f", &KeyPath::root(), &mut problems);
        assert_eq!(problems.is_empty(), good, "{name:?} for {agent}");
    }

    #[test]
    fn names() {
        for agent in [KUBERNETES_AGENT, "jenkins"] {
            check_job_name("pull-a_b.c-1", agent, true);
            check_job_name("", agent, false);
            check_job_name("a b", agent, false);
            check_job_name("é", agent, false);
            check_job_name("a|b", agent, false);
        }
        check_job_name("folder/job", KUBERNETES_AGENT, false);
        check_job_name("folder/job", "jenkins", true);
        check_job_name("folder/", "jenkins", false);
        check_job_name("/job", "jenkins", false);
        check_job_name("job.", "jenkins", false);
        check_job_name("job.", KUBERNETES_AGENT, true);
    }

    #[test]
    fn keys_of_labels() {
        for key in ["a", "a-b_c.D", "prow.k8s.io/x", "preset-dind-enabled"] {
            assert!(is_qualified_name(key), "{key}");
        }
        for key in ["", "-a", "a/b/c", "/a", "A.b/c", "a b", "x/"] {
            assert!(!is_qualified_name(key), "{key}");
        }
    }
}
