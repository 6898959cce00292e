//! Jobs, one by one.

use serde_json::Value;

use super::Subject;
use crate::goregex;
use crate::job::JobBase;
use crate::job_config::Config;
use crate::job_rules;
use crate::labels::MAX_VALUE_BYTES;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problem, Problems};
use crate::prowjob::KUBERNETES_AGENT;

const DEFAULT_CLUSTER: &str = "default";
const JENKINS_AGENT: &str = "jenkins";
const REACHABLE: &str = "Reachable";
/// The pod utilities that Prow has images of.
const UTILITIES: [&str; 4] = ["clonerefs", "initupload", "entrypoint", "sidecar"];

/// All jobs of the files.
fn all(config: &Config) -> impl Iterator<Item = &JobBase> {
    let presubmits = config.all_presubmits().values().flatten().map(|job| &job.base);
    let postsubmits = config.all_postsubmits().values().flatten().map(|job| &job.base);
    presubmits.chain(postsubmits).chain(config.periodics().iter().map(|job| &job.base))
}

fn has_pod(job: &&JobBase) -> bool {
    job.agent == KUBERNETES_AGENT
}

fn problem(job: &JobBase, at: impl FnOnce(&KeyPath) -> KeyPath, message: String) -> Problem {
    Problem { file: job.place.file.clone(), path: at(&job.place.path), message }
}

/// Behaviour: Prow cmd/checkconfig, `validateDecoratedJobs`.
pub(super) fn non_decorated(subject: &Subject<'_>) -> Vec<Problem> {
    let plain = all(subject.config).filter(has_pod).filter(|job| !job.decorate);
    let told = plain.map(|job| {
        let why = format!(
            "the job `{}` is not decorated, so nothing clones its source or keeps its log: set `decorate: true`",
            job.name
        );
        problem(job, |at| at.key("decorate"), why)
    });
    told.collect()
}

/// Behaviour: Prow cmd/checkconfig, `validateJobRequirements`.
pub(super) fn long_names(subject: &Subject<'_>) -> Vec<Problem> {
    let long = all(subject.config).filter(has_pod).filter(|job| job.name.len() > MAX_VALUE_BYTES);
    let told = long.map(|job| {
        let why = format!(
            "the job name has {} characters, of which a label holds {MAX_VALUE_BYTES}: give it a shorter one",
            job.name.len()
        );
        problem(job, |at| at.key("name"), why)
    });
    told.collect()
}

/// Behaviour: Prow pkg/config, `ValidateRefs`, which checkconfig asks for presubmits.
pub(super) fn duplicate_refs(subject: &Subject<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    for (full_name, jobs) in subject.config.all_presubmits() {
        for job in jobs.iter().map(|job| &job.base) {
            let mut seen = vec![full_name.clone()];
            for (index, refs) in job.extra_refs.iter().enumerate() {
                let name = format!("{}/{}", refs.org, refs.repo);
                if seen.contains(&name) {
                    let why = format!("the job `{}` has `{name}` already, and clones it twice: remove this", job.name);
                    found.push(problem(job, |at| at.key("extra_refs").index(index), why));
                }
                seen.push(name);
            }
        }
    }
    found
}

/// Behaviour: Prow cmd/checkconfig, `validatePeriodicDefaultCloneConfig`.
pub(super) fn periodic_clones(subject: &Subject<'_>) -> Vec<Problem> {
    let told = subject.config.periodics().iter().flat_map(|job| {
        let job = &job.base;
        let written = [
            ("clone_depth", job.clone_depth != 0),
            ("clone_uri", !job.clone_uri.is_empty()),
            ("path_alias", !job.path_alias.is_empty()),
        ];
        written.into_iter().filter(|(_, written)| *written).map(|(key, _)| {
            let why =
                "a periodic has no repository of its own, so this has no effect: move it to an entry of `extra_refs`";
            problem(job, |at| at.key(key), why.to_owned())
        })
    });
    told.collect()
}

/// Behaviour: Prow cmd/checkconfig, `validateRequiredJobAnnotations`.
pub(super) fn annotations(subject: &Subject<'_>) -> Vec<Problem> {
    let told = all(subject.config).filter_map(|job| {
        let missing = subject.required_annotations.iter().filter(|name| !job.annotations.contains_key(*name));
        let missing: Vec<_> = missing.map(String::as_str).collect();
        let list = missing.join("`, `");
        let why = || format!("the job `{}` lacks annotations that it must have: add `{list}`", job.name);
        (!missing.is_empty()).then(|| problem(job, |at| at.key("annotations"), why()))
    });
    told.collect()
}

/// Behaviour: Prow cmd/checkconfig, `validateJobCluster`.
pub(super) fn clusters(subject: &Subject<'_>) -> Vec<Problem> {
    let told = all(subject.config).filter_map(|job| {
        let cluster = &job.cluster;
        let unused = job.agent == JENKINS_AGENT && cluster != DEFAULT_CLUSTER;
        let unknown = subject.clusters.is_some_and(|known| !known.contains_key(cluster));
        let why = if unused {
            format!("the job `{}` is for the agent `{JENKINS_AGENT}`, which knows no clusters: remove `cluster`", job.name)
        } else if unknown {
            format!(
                "`plank.build_cluster_status_file` has no cluster `{cluster}`, which the job `{}` is to run on: correct \
                 the name",
                job.name
            )
        } else {
            return None;
        };
        Some(problem(job, |at| at.key("cluster"), why))
    });
    told.collect()
}

/// Jobs on clusters that are known and could not be reached, which may be another matter by now.
pub fn unreachable_clusters(subject: &Subject<'_>) -> Vec<Problem> {
    let told = all(subject.config).filter_map(|job| {
        let state = subject.clusters?.get(&job.cluster).filter(|state| *state != REACHABLE)?;
        let why =
            format!("the cluster `{}` of the job `{}` was {state} when it was last looked at", job.cluster, job.name);
        Some(problem(job, |at| at.key("cluster"), why))
    });
    told.collect()
}

/// What Prow's own pod utilities would lack. Jobs do without it here.
///
/// Behaviour: Prow cmd/checkconfig, `validateDecorationConfig`.
pub(super) fn decoration(subject: &Subject<'_>) -> Vec<Problem> {
    let mut found = Problems::new();
    for job in all(subject.config).filter(has_pod).filter(|job| job.decorate) {
        let config = job.decoration_config.as_ref().map(|kept| kept.value()).unwrap_or_default();
        let (file, at) = (&job.place.file, job.place.path.key("decoration_config"));
        let is_missing = |name: &&str| config["utility_images"][*name].as_str().is_none_or(str::is_empty);
        let missing: Vec<_> = UTILITIES.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let why = format!(
                "the job `{}` has no images of Prow's pod utilities: add `utility_images` with `{}`, or to \
                 `plank.default_decoration_configs`",
                job.name,
                missing.join("`, `")
            );
            found.add(file, at.clone(), why);
        }
        if config.get("gcs_configuration").is_none_or(Value::is_null) {
            let why = format!(
                "the job `{}` has no bucket: add `gcs_configuration`, or to `plank.default_decoration_configs`",
                job.name
            );
            found.add(file, at.clone(), why);
        }
        job_rules::check_decoration(&config, file, &at, &mut found);
    }
    found.into_vec()
}

/// Presubmits whose rerun command Gerrit's reporter would not let through. This is always looked for.
///
/// Behaviour: Prow pkg/config, `Gerrit.IsAllowedPresubmitTrigger`; an empty expression lets everything through.
pub fn rerun_commands<'a>(config: &Config, presubmits: impl IntoIterator<Item = &'a Presubmit>) -> Vec<Problem> {
    let allowed = &config.core.sections.gerrit.allowed_presubmit_trigger_re;
    // One that cannot be compiled is refused when the file is read.
    let Some(expression) = goregex::compile(allowed).ok() else { return Vec::new() };
    let refused = presubmits.into_iter().filter(|job| !expression.is_match(&job.rerun_command));
    let told = refused.map(|job| {
        let why = format!(
            "the rerun command `{}` of the job `{}` does not match `gerrit.allowed_presubmit_trigger_re` (`{allowed}`): \
             change one of the two",
            job.rerun_command, job.base.name
        );
        problem(&job.base, |at| at.key("rerun_command"), why)
    });
    told.collect()
}
