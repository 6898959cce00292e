//! Jobs that a repository defines itself, in `.prow/` or `.prow.yaml`: who may, and what of theirs is accepted.
//!
//! Behaviour: Prow pkg/config/inrepoconfig.go, `DefaultAndValidateProwYAML`, and config.go for `in_repo_config`.

mod weight;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::job::{JobBase, Place};
use crate::job_config::{Config, Named, check_postsubmits, check_presubmits};
use crate::postsubmit::Postsubmit;
use crate::preset::Preset;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problem, Problems};
use crate::raw_config::{RawInRepoConfig, RawJob, RawPreset};

/// The build cluster that everybody may use, unless `allowed_clusters` says something for `*`.
const DEFAULT_CLUSTER: &str = "default";

/// `in_repo_config`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InRepoConfig {
    /// By `*`, org or org/repo.
    enabled: BTreeMap<String, bool>,
    /// By `*`, org or org/repo.
    allowed_clusters: BTreeMap<String, Vec<String>>,
}

impl Default for InRepoConfig {
    fn default() -> Self {
        Self::from(RawInRepoConfig::default())
    }
}

impl From<RawInRepoConfig> for InRepoConfig {
    fn from(raw: RawInRepoConfig) -> Self {
        let said = |(key, value): (String, Option<bool>)| value.map(|value| (key, value));
        let mut allowed_clusters: BTreeMap<_, _> = raw
            .allowed_clusters
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(key, clusters)| clusters.map(|clusters| (key, clusters)))
            .collect();
        // An empty list for `*` says that no cluster is everybody's.
        allowed_clusters.entry("*".to_owned()).or_insert_with(|| vec![DEFAULT_CLUSTER.to_owned()]);
        Self { enabled: raw.enabled.unwrap_or_default().into_iter().filter_map(said).collect(), allowed_clusters }
    }
}

impl InRepoConfig {
    /// Whether the repository's own jobs count: what is said for org/repo, else for the org, else for `*`; else no.
    pub fn enabled(&self, org: &str, repo: &str) -> bool {
        let full_name = format!("{org}/{repo}");
        [full_name.as_str(), org, "*"].into_iter().find_map(|key| self.enabled.get(key)).copied().unwrap_or_default()
    }

    /// Whether the repository's own jobs may run on a cluster: those allowed for org/repo, for the org and for `*` add up.
    pub fn allows_cluster(&self, org: &str, repo: &str, cluster: &str) -> bool {
        let full_name = format!("{org}/{repo}");
        let lists = [full_name.as_str(), org, "*"].into_iter().filter_map(|key| self.allowed_clusters.get(key));
        lists.flatten().any(|allowed| allowed == cluster)
    }
}

/// `.prow.yaml`, or one of the files in `.prow/`, as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawProwYaml {
    /// Beside those of config.yaml, for the jobs of these files.
    pub presets: Option<Vec<RawPreset>>,
    /// Of this repository.
    pub presubmits: Option<Vec<RawJob>>,
    /// Of this repository.
    pub postsubmits: Option<Vec<RawJob>>,
    /// Anything.
    pub prow_ignored: Option<Value>,
}

/// The jobs that a repository defines itself, checked; in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct OwnJobs {
    /// Run on its pull requests.
    pub presubmits: Vec<Presubmit>,
    /// Run on pushes to it.
    pub postsubmits: Vec<Postsubmit>,
    /// What is odd and yet no reason to refuse it.
    pub warnings: Vec<Problem>,
    /// About how many bytes they take beside those of their text.
    pub weight: usize,
}

impl Config {
    /// Checks the files of a repository: with the defaults and presets that central jobs have, and together with the
    /// repository's central jobs.
    ///
    /// # Errors
    /// All problems that were found. One keeps all of the files from counting.
    pub fn check_own_jobs(
        &self,
        org: &str,
        repo: &str,
        mut files: Vec<Named<RawProwYaml>>,
    ) -> Result<OwnJobs, Vec<Problem>> {
        let mut problems = Problems::new();
        let full_name = format!("{org}/{repo}");
        let own = files.iter_mut().flat_map(|file| file.raw.presets.take().unwrap_or_default());
        let own: Vec<Preset> = own.map(Preset::from).collect();
        let presets: Vec<&Preset> = self.presets().chain(&own).collect();
        let weight = weigh(&presets, &files).map_err(|problem| vec![problem])?;
        let rules = self.rules(&presets);
        let mut jobs = OwnJobs { weight, ..OwnJobs::default() };
        for Named { file, raw } in files {
            for (place, raw) in placed(raw.presubmits, "presubmits", &file) {
                jobs.presubmits.push(rules.presubmit(raw, &full_name, place, &mut problems));
            }
            for (place, raw) in placed(raw.postsubmits, "postsubmits", &file) {
                jobs.postsubmits.push(rules.postsubmit(raw, &full_name, place, &mut problems));
            }
        }
        let allowed = |cluster: &str| self.core.in_repo_config.allows_cluster(org, repo, cluster);
        let presubmits = jobs.presubmits.iter().map(|job| &job.base);
        for base in presubmits.chain(jobs.postsubmits.iter().map(|job| &job.base)) {
            if !allowed(&base.cluster) {
                problems.add(&base.place.file, base.place.path.key("cluster"), not_allowed(base, &full_name));
            }
        }
        // The central ones first: of two that clash, the one in the repository is told of.
        check_presubmits(&full_name, self.presubmits(org, repo).iter().chain(&jobs.presubmits), &mut problems);
        check_postsubmits(&full_name, self.postsubmits(org, repo).iter().chain(&jobs.postsubmits), &mut problems);
        jobs.warnings = problems.take_warnings();
        if problems.is_empty() { Ok(jobs) } else { Err(problems.into_vec()) }
    }
}

/// About how many bytes the jobs will take, beside those of their text.
fn weigh(presets: &[&Preset], files: &[Named<RawProwYaml>]) -> Result<usize, Problem> {
    let presets: Vec<_> = presets.iter().map(|preset| (*preset, preset.weight())).collect();
    let (mut jobs, mut expressions, mut added) = (0, 0, 0_usize);
    for Named { file, raw } in files {
        for (key, list) in [("presubmits", &raw.presubmits), ("postsubmits", &raw.postsubmits)] {
            for (index, job) in list.iter().flatten().enumerate() {
                let too_much = |what: &str| {
                    let path = KeyPath::root().key(key).index(index);
                    let message = format!("up to this job {what}: that is more than a repository may define itself");
                    Problem { file: file.clone(), path, message }
                };
                jobs += 1;
                if jobs > weight::MAX_JOBS {
                    return Err(too_much(&format!("there are over {} jobs", weight::MAX_JOBS)));
                }
                let more = weight::expressions(job, weight::MAX_EXPRESSIONS - expressions);
                expressions += more.ok_or_else(|| too_much("the expressions are too large"))?;
                added = added.saturating_add(weight::presets(job, &presets));
                if added > weight::MAX_PRESETS {
                    return Err(too_much(&format!("presets add over {} bytes", weight::MAX_PRESETS)));
                }
            }
        }
    }
    Ok(expressions + added)
}

fn placed(jobs: Option<Vec<RawJob>>, key: &str, file: &str) -> impl Iterator<Item = (Place, RawJob)> {
    let at = KeyPath::root().key(key);
    let jobs = jobs.unwrap_or_default().into_iter().enumerate();
    jobs.map(move |(index, raw)| (Place { file: file.to_owned(), path: at.index(index) }, raw))
}

fn not_allowed(job: &JobBase, full_name: &str) -> String {
    format!(
        "the job `{}` may not run on the cluster `{}`: name one that `in_repo_config.allowed_clusters` in config.yaml \
         has for {full_name}, its organisation or `*`",
        job.name, job.cluster
    )
}
