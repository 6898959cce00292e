//! What presubmits, postsubmits and periodics have in common, checked.

mod names;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decoration_defaults::{self, DecorationDefaults};
use crate::job_rules::{self, AgentParts};
use crate::job_shapes::{RawRef, as_json};
use crate::kept::{KeptJson, Texts};
use crate::patterns::Patterns;
use crate::pod_spec;
use crate::preset::Preset;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::{KUBERNETES_AGENT, ProwJobType};
use crate::prowjob_defaults::DefaultEntries;
use crate::raw_config::RawJob;
use crate::refs::Refs;
use crate::sections::text;

use names::{check_labels, check_name};

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
    pub pod_spec: Option<KeptJson>,
    /// Tekton's pipeline run, old and new form.
    pub pipeline_run_spec: Option<KeptJson>,
    /// Tekton's pipeline run, by version.
    pub tekton_pipeline_run_spec: Option<KeptJson>,
    /// What reporters are to do differently.
    pub reporter_config: Option<KeptJson>,
    /// Who may run it again.
    pub rerun_auth_config: Option<KeptJson>,
    /// The web page leaves it out.
    pub hidden: bool,
    /// Tenant and the like.
    pub prowjob_defaults: Option<KeptJson>,
    /// Its pod has what starts, watches and uploads.
    pub decorate: bool,
    /// `decoration_config` over its defaults; for a job that is not decorated its own, if there is one.
    pub decoration_config: Option<KeptJson>,
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
    pub(crate) defaults: &'a DefaultEntries,
    pub(crate) queues: &'a BTreeMap<String, i64>,
    pub(crate) presets: &'a [&'a Preset],
    pub(crate) patterns: Patterns,
    pub(crate) texts: Texts,
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
        let agent = text(raw.agent.take(), KUBERNETES_AGENT);
        let cluster = text(raw.cluster.take(), "default");
        let labels = raw.labels.take().unwrap_or_default();
        let annotations = raw.annotations.take().unwrap_or_default();
        let name = raw.name.take().unwrap_or_default();
        check_name(&name, &agent, &file, &at, problems);
        check_labels(&labels, &annotations, job_type, &file, &at, problems);

        let extra_refs = extra_refs(raw.extra_refs.take().unwrap_or_default(), &file, &at, problems);
        let first_extra =
            extra_refs.first().map(|refs: &Refs| format!("{}/{}", refs.org, refs.repo)).unwrap_or_default();
        let repository = if full_name.is_empty() { first_extra.as_str() } else { full_name };
        let decoration_config = self.decoration(raw, repository, &cluster, &file, &at, problems);

        let mut pod_spec = raw.spec.take().filter(|spec| !spec.is_null());
        let pipelines = (raw.pipeline_run_spec.take(), raw.tekton_pipeline_run_spec.take());
        let namespace = text(raw.namespace.take(), self.pod_namespace);
        let parts = AgentParts {
            agent: &agent,
            namespace: &namespace,
            pod_namespace: self.pod_namespace,
            has_spec: pod_spec.is_some(),
            has_pipeline: pipelines.0.is_some() || pipelines.1.is_some(),
            has_decoration: decoration_config.is_some(),
            error_on_eviction: raw.error_on_eviction.unwrap_or_default(),
        };
        parts.check(&name, &file, &at, problems);
        if let Some(spec) = pod_spec.as_mut() {
            pod_spec::normalise_texts(spec);
            self.merge_presets(spec, &name, &labels, &file, &at, problems);
            pod_spec::check(spec, job_type, decoration_config.as_ref(), &file, &at.key("spec"), problems);
        }
        let newest = pipelines.1.as_ref().and_then(|tekton| tekton.v1beta1.as_ref()).or(pipelines.0.as_ref());
        if let Some(pipeline) = newest {
            job_rules::check_pipeline(job_type, &extra_refs, pipeline, &file, &at, problems);
        }
        let clone_uri = raw.clone_uri.take().unwrap_or_default();
        job_rules::check_clone_uri(&clone_uri, decoration_config.as_ref(), &file, &at, problems);
        for (index, refs) in extra_refs.iter().enumerate() {
            let at = at.key("extra_refs").index(index);
            job_rules::check_clone_uri(&refs.clone_uri, decoration_config.as_ref(), &file, &at, problems);
        }
        if let Some(rerun) = &raw.rerun_auth_config {
            rerun.check(&file, &at.key("rerun_auth_config"), problems);
        }
        let job_queue_name = raw.job_queue_name.take().unwrap_or_default();
        if !job_queue_name.is_empty() && !self.queues.contains_key(&job_queue_name) {
            let why = format!("the queue `{job_queue_name}` is not defined: add it to `plank.job_queue_capacities`");
            problems.add(&file, at.key("job_queue_name"), why);
        }
        let max_concurrency = raw.max_concurrency.unwrap_or_default();
        let kept = |value: Option<Value>| value.map(|value| self.texts.keep(&value));
        let prowjob_defaults = self.defaults.complete(raw.prowjob_defaults.take(), repository, &cluster);
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
            namespace,
            error_on_eviction: raw.error_on_eviction.unwrap_or_default(),
            pod_spec: kept(pod_spec),
            pipeline_run_spec: kept(pipelines.0),
            tekton_pipeline_run_spec: kept(pipelines.1.as_ref().map(as_json)),
            reporter_config: kept(raw.reporter_config.take().as_ref().map(as_json)),
            rerun_auth_config: kept(raw.rerun_auth_config.take().as_ref().map(as_json)),
            hidden: raw.hidden.unwrap_or_default(),
            prowjob_defaults: kept(Some(as_json(&prowjob_defaults))),
            decorate: raw.decorate.unwrap_or(self.decorate_all),
            decoration_config: kept(decoration_config),
            path_alias: raw.path_alias.take().unwrap_or_default(),
            clone_uri,
            skip_submodules: raw.skip_submodules.unwrap_or_default(),
            clone_depth: raw.clone_depth.unwrap_or_default(),
            skip_fetch_head: raw.skip_fetch_head.unwrap_or_default(),
            extra_refs,
            place,
        }
    }

    /// A decorated job's config with its defaults, else its own alone, by which Prow decorates all the same.
    fn decoration(
        &self,
        raw: &mut RawJob,
        repository: &str,
        cluster: &str,
        file: &str,
        at: &KeyPath,
        problems: &mut Problems,
    ) -> Option<Value> {
        let own = raw.decoration_config.take().as_ref().map(as_json);
        if let Some(own) = &own {
            decoration_defaults::check(own, file, &at.key("decoration_config"), problems);
        }
        let config = if raw.decorate.unwrap_or(self.decorate_all) {
            self.decoration.complete(own.as_ref(), repository, cluster)
        } else {
            own?
        };
        job_rules::check_decoration(&config, file, &at.key("decoration_config"), problems);
        Some(config)
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

fn extra_refs(raw: Vec<RawRef>, file: &str, at: &KeyPath, problems: &mut Problems) -> Vec<Refs> {
    let all: Vec<Refs> = raw.into_iter().map(Refs::from).collect();
    for (index, _) in all.iter().enumerate().filter(|(_, refs)| refs.org.is_empty() || refs.repo.is_empty()) {
        problems.add(file, at.key("extra_refs").index(index), "an extra ref needs `org` and `repo`");
    }
    all
}
