//! The whole of config.yaml and the job files, checked together: one bad job keeps all of it out.

mod jobs;
mod unique;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::core_config::CoreConfig;
use crate::job::JobRules;
use crate::kept::Texts;
use crate::patterns::Patterns;
use crate::periodic::Periodic;
use crate::postsubmit::Postsubmit;
use crate::preset::Preset;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problem, Problems};
use crate::raw_config::{RawConfig, RawPreset};

use jobs::Jobs;
use unique::check_periodics;
pub(crate) use unique::{check_postsubmits, check_presubmits};

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
    presets: Arc<Vec<FilePreset>>,
    /// What is odd and yet no reason to refuse it.
    pub warnings: Vec<Problem>,
}

/// One file, by the name that problems are to show.
#[derive(Debug, Clone)]
pub struct Named<T> {
    /// The file's name.
    pub file: String,
    /// What stands in it.
    pub raw: T,
}

/// A job file of a configuration.
#[derive(Debug, Clone)]
pub enum JobFile {
    /// What stands in it.
    Read(Box<Named<RawConfig>>),
    /// It says what it said when an earlier configuration was checked, under this name.
    Unchanged(String),
}

impl Config {
    /// Checks config.yaml (`core`) and the job files, of which presets and jobs are taken and nothing else.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn check(core: Named<RawConfig>, job_files: Vec<Named<RawConfig>>) -> Result<Self, Vec<Problem>> {
        Self::check_after(core, job_files.into_iter().map(Box::new).map(JobFile::Read).collect(), None)
    }

    /// The same, with the jobs of unchanged files as an earlier check left them. `core` must be what it was then, and no file
    /// that is read anew, or is gone, may have had presets or have them: what a preset adds may be in any job.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn check_after(
        core: Named<RawConfig>,
        mut job_files: Vec<JobFile>,
        earlier: Option<&Self>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::new();
        let Named { file, mut raw } = core;
        let checked = CoreConfig::check(&mut raw, &file, &mut problems);
        job_files.insert(0, JobFile::Read(Box::new(Named { file, raw })));

        let presets = match earlier {
            Some(earlier) => Arc::clone(&earlier.presets),
            None => Arc::new(presets(&mut job_files, &mut problems)),
        };
        let applied: Vec<_> = presets.iter().map(|preset| &preset.preset).collect();
        let rules = rules(&checked, &applied);
        let known = earlier.map(Self::by_file).unwrap_or_default();
        let mut jobs = Jobs::default();
        for file in job_files {
            match file {
                JobFile::Read(file) => jobs.check(*file, &rules, &mut problems),
                JobFile::Unchanged(name) => known.get(name.as_str()).into_iter().for_each(|known| jobs.take(known)),
            }
        }
        let Jobs { presubmits, postsubmits, periodics } = jobs;

        for (full_name, jobs) in &presubmits {
            check_presubmits(full_name, jobs, &mut problems);
        }
        for (full_name, jobs) in &postsubmits {
            check_postsubmits(full_name, jobs, &mut problems);
        }
        check_periodics(&periodics, &mut problems);
        let warnings = problems.take_warnings();
        if problems.is_empty() {
            Ok(Self { core: checked, presubmits, postsubmits, periodics, presets, warnings })
        } else {
            Err(problems.into_vec())
        }
    }

    /// The names of files that have presets.
    pub fn preset_files(&self) -> impl Iterator<Item = &str> {
        self.presets.iter().map(|preset| preset.file.as_str())
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

    pub(crate) fn presets(&self) -> impl Iterator<Item = &Preset> {
        self.presets.iter().map(|preset| &preset.preset)
    }

    /// What a job is checked by, with these presets.
    pub(crate) fn rules<'a>(&'a self, presets: &'a [&'a Preset]) -> JobRules<'a> {
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

fn rules<'a>(core: &'a CoreConfig, presets: &'a [&'a Preset]) -> JobRules<'a> {
    JobRules {
        pod_namespace: &core.pod_namespace,
        decorate_all: core.decorate_all_jobs,
        decoration: &core.plank.default_decoration,
        defaults: &core.prowjob_defaults,
        queues: &core.plank.job_queue_capacities,
        presets,
        patterns: Patterns::default(),
        texts: Texts::default(),
    }
}

/// A preset, and the file that it stands in.
#[derive(Debug, Clone)]
struct FilePreset {
    file: String,
    preset: Preset,
}

fn presets(files: &mut [JobFile], problems: &mut Problems) -> Vec<FilePreset> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for file in files {
        let JobFile::Read(read) = file else { continue };
        let Named { file, raw } = &mut **read;
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
            all.push(FilePreset { file: file.clone(), preset });
        }
    }
    all
}
