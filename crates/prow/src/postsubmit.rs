//! Postsubmits: jobs on pushes, to branches and tags.

use serde_json::Value;

use crate::branches::Branches;
use crate::changes::ChangeMatcher;
use crate::job::{JobBase, JobRules, Place};
use crate::job_rules::check_report_label;
use crate::job_shapes::as_json;
use crate::problem::Problems;
use crate::prowjob::ProwJobType;
use crate::raw_config::RawJob;

/// A postsubmit, checked.
#[derive(Debug, Clone)]
pub struct Postsubmit {
    /// What all jobs have.
    pub base: JobBase,
    /// As written: unset counts as true unless there is a change matcher.
    pub always_run: Option<bool>,
    /// The branches and tags that it runs on.
    pub branches: Branches,
    /// The changes that it runs on.
    pub changes: ChangeMatcher,
    /// The context of its commit status; the name unless said otherwise.
    pub context: String,
    /// No status.
    pub skip_report: bool,
    /// What Jenkins is told.
    pub jenkins_spec: Option<Value>,
}

impl Postsubmit {
    /// Whether it runs for a push to `branch` (or tag, without `refs/…/`) that changed these files.
    ///
    /// Behaviour: Prow pkg/config, `Postsubmit.ShouldRun`.
    pub fn should_run<S: AsRef<str>>(&self, branch: &str, files: &[S]) -> bool {
        if !self.branches.should_run(branch) {
            return false;
        }
        if self.changes.is_some() {
            return self.changes.matches(files);
        }
        self.always_run.unwrap_or(true)
    }
}

impl JobRules<'_> {
    /// The checked form of a postsubmit of `full_name`; good only if no problem was added.
    pub(crate) fn postsubmit(
        &self,
        mut raw: RawJob,
        full_name: &str,
        place: Place,
        problems: &mut Problems,
    ) -> Postsubmit {
        let base = self.base(&mut raw, ProwJobType::Postsubmit, full_name, place, problems);
        let branches = self.branches(&mut raw, &base.place, problems);
        let changes = self.changes(&raw, &base.place, problems);
        if raw.always_run == Some(true) && changes.is_some() {
            let why = format!(
                "the job `{}` has `always_run` and a change matcher, which exclude each other: keep one",
                base.name
            );
            problems.add(&base.place.file, base.place.path.key("always_run"), why);
        }
        check_report_label(&base, raw.skip_report, problems);
        Postsubmit {
            always_run: raw.always_run,
            branches,
            changes,
            context: raw.context.take().filter(|context| !context.is_empty()).unwrap_or_else(|| base.name.clone()),
            skip_report: raw.skip_report.unwrap_or_default(),
            jenkins_spec: raw.jenkins_spec.take().as_ref().map(as_json),
            base,
        }
    }
}
