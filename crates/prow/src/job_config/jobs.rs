//! Jobs as they are gathered: from a file that is read, or from an earlier configuration for one that is as it was.

use std::collections::{BTreeMap, HashMap};

use super::{Config, Named};
use crate::job::{JobRules, Place};
use crate::periodic::Periodic;
use crate::postsubmit::Postsubmit;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::{RawConfig, RawJob};

impl Config {
    /// The jobs of each file, in its order.
    pub(super) fn by_file(&self) -> HashMap<&str, KnownJobs<'_>> {
        let mut files = HashMap::<&str, KnownJobs<'_>>::new();
        for (full_name, jobs) in &self.presubmits {
            for job in jobs {
                files.entry(&job.base.place.file).or_default().presubmits.push((full_name, job));
            }
        }
        for (full_name, jobs) in &self.postsubmits {
            for job in jobs {
                files.entry(&job.base.place.file).or_default().postsubmits.push((full_name, job));
            }
        }
        for job in &self.periodics {
            files.entry(&job.base.place.file).or_default().periodics.push(job);
        }
        files
    }
}

/// Jobs of one file of an earlier configuration.
#[derive(Default)]
pub(super) struct KnownJobs<'a> {
    presubmits: Vec<(&'a str, &'a Presubmit)>,
    postsubmits: Vec<(&'a str, &'a Postsubmit)>,
    periodics: Vec<&'a Periodic>,
}

/// Jobs as they are gathered from the files.
#[derive(Default)]
pub(super) struct Jobs {
    pub(super) presubmits: BTreeMap<String, Vec<Presubmit>>,
    pub(super) postsubmits: BTreeMap<String, Vec<Postsubmit>>,
    pub(super) periodics: Vec<Periodic>,
}

impl Jobs {
    pub(super) fn check(
        &mut self,
        Named { file, raw }: Named<RawConfig>,
        rules: &JobRules<'_>,
        problems: &mut Problems,
    ) {
        for (full_name, place, raw) in by_repository(raw.presubmits, "presubmits", &file) {
            let job = rules.presubmit(raw, &full_name, place, problems);
            self.presubmits.entry(full_name).or_default().push(job);
        }
        for (full_name, place, raw) in by_repository(raw.postsubmits, "postsubmits", &file) {
            let job = rules.postsubmit(raw, &full_name, place, problems);
            self.postsubmits.entry(full_name).or_default().push(job);
        }
        for (index, raw) in raw.periodics.unwrap_or_default().into_iter().enumerate() {
            let path = KeyPath::root().key("periodics").index(index);
            self.periodics.push(rules.periodic(raw, Place { file: file.clone(), path }, problems));
        }
    }

    pub(super) fn take(&mut self, known: &KnownJobs<'_>) {
        for (full_name, job) in &known.presubmits {
            self.presubmits.entry((*full_name).to_owned()).or_default().push((*job).clone());
        }
        for (full_name, job) in &known.postsubmits {
            self.postsubmits.entry((*full_name).to_owned()).or_default().push((*job).clone());
        }
        self.periodics.extend(known.periodics.iter().copied().cloned());
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
