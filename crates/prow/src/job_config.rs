//! The whole of config.yaml and the job files, checked together: one bad job keeps all of it out.

use std::collections::{BTreeMap, BTreeSet};

use crate::branches::Branches;
use crate::core_config::CoreConfig;
use crate::job::{JobBase, JobRules, Place};
use crate::periodic::Periodic;
use crate::postsubmit::Postsubmit;
use crate::preset::Preset;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problem, Problems};
use crate::raw_config::{RawConfig, RawJob, RawPreset};

/// Everything that config.yaml and the job files say, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// What concerns components.
    pub core: CoreConfig,
    /// By `org/repo`, in the order of the files.
    presubmits: BTreeMap<String, Vec<Presubmit>>,
    /// By `org/repo`, in the order of the files.
    postsubmits: BTreeMap<String, Vec<Postsubmit>>,
    periodics: Vec<Periodic>,
    /// All of them: the jobs in repositories are checked later.
    presets: Vec<Preset>,
}

/// One file, by the name that problems are to show.
#[derive(Debug, Clone)]
pub struct Named<T> {
    /// The file's name.
    pub file: String,
    /// What stands in it.
    pub raw: T,
}

impl Config {
    /// Checks config.yaml (`core`) and the job files, of which presets and jobs are taken and nothing else.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn check(core: Named<RawConfig>, job_files: Vec<Named<RawConfig>>) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::new();
        let Named { file, mut raw } = core;
        let checked = CoreConfig::check(&mut raw, &file, &mut problems);
        let mut files = vec![Named { file, raw }];
        files.extend(job_files);

        let presets = presets(&mut files, &mut problems);
        let rules = rules(&checked, &presets);
        let mut presubmits = BTreeMap::<String, Vec<Presubmit>>::new();
        let mut postsubmits = BTreeMap::<String, Vec<Postsubmit>>::new();
        let mut periodics = Vec::new();
        for Named { file, raw } in files {
            for (full_name, place, raw) in by_repository(raw.presubmits, "presubmits", &file) {
                let job = rules.presubmit(raw, &full_name, place, &mut problems);
                presubmits.entry(full_name).or_default().push(job);
            }
            for (full_name, place, raw) in by_repository(raw.postsubmits, "postsubmits", &file) {
                let job = rules.postsubmit(raw, &full_name, place, &mut problems);
                postsubmits.entry(full_name).or_default().push(job);
            }
            for (index, raw) in raw.periodics.unwrap_or_default().into_iter().enumerate() {
                let path = KeyPath::root().key("periodics").index(index);
                periodics.push(rules.periodic(raw, Place { file: file.clone(), path }, &mut problems));
            }
        }

        for (full_name, jobs) in &presubmits {
            check_presubmits(full_name, jobs, &mut problems);
        }
        for (full_name, jobs) in &postsubmits {
            check_postsubmits(full_name, jobs, &mut problems);
        }
        check_periodics(&periodics, &mut problems);
        if problems.is_empty() {
            Ok(Self { core: checked, presubmits, postsubmits, periodics, presets })
        } else {
            Err(problems.into_vec())
        }
    }

    /// The presubmits of a repository, in the order of the files. A job's place in this list is its number for as long
    /// as this config stands.
    pub fn presubmits(&self, org: &str, repo: &str) -> &[Presubmit] {
        self.presubmits.get(&format!("{org}/{repo}")).map_or(&[], Vec::as_slice)
    }

    /// The postsubmits of a repository, in the order of the files.
    pub fn postsubmits(&self, org: &str, repo: &str) -> &[Postsubmit] {
        self.postsubmits.get(&format!("{org}/{repo}")).map_or(&[], Vec::as_slice)
    }

    /// The periodics, in the order of the files.
    pub fn periodics(&self) -> &[Periodic] {
        &self.periodics
    }

    pub(crate) fn presets(&self) -> &[Preset] {
        &self.presets
    }

    /// What a job is checked by, with these presets.
    pub(crate) fn rules<'a>(&'a self, presets: &'a [Preset]) -> JobRules<'a> {
        rules(&self.core, presets)
    }

    /// All presubmits, by `org/repo`.
    pub fn all_presubmits(&self) -> &BTreeMap<String, Vec<Presubmit>> {
        &self.presubmits
    }

    /// All postsubmits, by `org/repo`.
    pub fn all_postsubmits(&self) -> &BTreeMap<String, Vec<Postsubmit>> {
        &self.postsubmits
    }
}

fn rules<'a>(core: &'a CoreConfig, presets: &'a [Preset]) -> JobRules<'a> {
    JobRules {
        pod_namespace: &core.pod_namespace,
        decorate_all: core.decorate_all_jobs,
        decoration: &core.plank.default_decoration,
        queues: &core.plank.job_queue_capacities,
        presets,
    }
}

type JobsByRepository = Option<BTreeMap<String, Option<Vec<RawJob>>>>;

fn by_repository(jobs: JobsByRepository, key: &str, file: &str) -> Vec<(String, Place, RawJob)> {
    let mut all = Vec::new();
    for (full_name, jobs) in jobs.unwrap_or_default() {
        let at = KeyPath::root().key(key).key(&full_name);
        for (index, raw) in jobs.unwrap_or_default().into_iter().enumerate() {
            let path = at.index(index);
            all.push((full_name.clone(), Place { file: file.to_owned(), path }, raw));
        }
    }
    all
}

fn presets(files: &mut [Named<RawConfig>], problems: &mut Problems) -> Vec<Preset> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for Named { file, raw } in files {
        let presets: Vec<RawPreset> = raw.presets.take().unwrap_or_default();
        for (index, preset) in presets.into_iter().map(Preset::from).enumerate() {
            for label in preset.labels.clone() {
                let (key, value) = label.clone();
                if !seen.insert(label) {
                    let at = KeyPath::root().key("presets").index(index).key("labels").key(&key);
                    problems.add(
                        file,
                        at,
                        format!("a preset with the label `{key}: {value}` exists already: give this one another"),
                    );
                }
            }
            all.push(preset);
        }
    }
    all
}

/// The context that a job writes, if it writes one.
fn reported(context: &str, skip_report: bool) -> Option<&str> {
    (!skip_report).then_some(context)
}

/// Checks all presubmits of a repository against one another.
pub(crate) fn check_presubmits<'a>(
    full_name: &str,
    jobs: impl IntoIterator<Item = &'a Presubmit>,
    problems: &mut Problems,
) {
    let jobs = jobs.into_iter().map(|job| (&job.base, &job.branches, reported(&job.context, job.skip_report)));
    check_unique("presubmit", full_name, &jobs.collect::<Vec<_>>(), problems);
}

/// The same for postsubmits.
pub(crate) fn check_postsubmits<'a>(
    full_name: &str,
    jobs: impl IntoIterator<Item = &'a Postsubmit>,
    problems: &mut Problems,
) {
    let jobs = jobs.into_iter().map(|job| (&job.base, &job.branches, reported(&job.context, job.skip_report)));
    check_unique("postsubmit", full_name, &jobs.collect::<Vec<_>>(), problems);
}

type Unique<'a> = (&'a JobBase, &'a Branches, Option<&'a str>);

/// Neither a name nor a context may be used by two jobs that may run on one branch.
fn check_unique(kind: &str, full_name: &str, jobs: &[Unique<'_>], problems: &mut Problems) {
    let mut by_name = BTreeMap::<&str, Vec<&Unique<'_>>>::new();
    let mut by_context = BTreeMap::<&str, Vec<&Unique<'_>>>::new();
    for job in jobs {
        let (base, branches, context) = job;
        let (file, at) = (&base.place.file, &base.place.path);
        let same_name = by_name.entry(&base.name).or_default();
        if let Some((other, ..)) = same_name.iter().find(|(_, theirs, _)| branches.intersects(theirs)) {
            let why = format!(
                "the {kind} `{}` of {full_name} exists already ({} in {}) for branches that both select: rename one, or make their `branches` distinct",
                base.name, other.place.path, other.place.file
            );
            problems.add(file, at.key("name"), why);
        }
        same_name.push(job);
        let Some(context) = context else { continue };
        let same_context = by_context.entry(context).or_default();
        let clash =
            same_context.iter().find(|(other, theirs, _)| other.name != base.name && branches.intersects(theirs));
        if let Some((other, ..)) = clash {
            let why = format!(
                "the {kind}s `{}` and `{}` of {full_name} both report as `{context}`: give one another `context`",
                other.name, base.name
            );
            problems.add(file, at.clone(), why);
        }
        same_context.push(job);
    }
}

fn check_periodics(periodics: &[Periodic], problems: &mut Problems) {
    let mut seen = BTreeMap::new();
    for Periodic { base, .. } in periodics {
        if let Some(other) = seen.insert(base.name.as_str(), &base.place) {
            let why =
                format!("the periodic `{}` exists already ({} in {}): rename one", base.name, other.path, other.file);
            problems.add(&base.place.file, base.place.path.key("name"), why);
        }
    }
}
