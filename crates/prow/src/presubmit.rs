//! Presubmits: jobs on pull requests.

use serde_json::Value;

use crate::branches::Branches;
use crate::changes::ChangeMatcher;
use crate::filter::JobFacts;
use crate::job::{JobBase, JobRules, Place};
use crate::job_rules::check_report_label;
use crate::job_shapes::as_json;
use crate::problem::Problems;
use crate::prowjob::ProwJobType;
use crate::raw_config::RawJob;
use crate::trigger::{Trigger, default_rerun_command};

/// A presubmit, checked.
#[derive(Debug, Clone)]
pub struct Presubmit {
    /// What all jobs have.
    pub base: JobBase,
    /// Runs on every event that starts jobs.
    pub always_run: bool,
    /// Not required for merging.
    pub optional: bool,
    /// Run before merging even where it is not required.
    pub run_before_merge: bool,
    /// Which comments ask for it by name.
    pub trigger: Trigger,
    /// A comment that asks for it, for people.
    pub rerun_command: String,
    /// The branches that it runs on.
    pub branches: Branches,
    /// The changes that it runs on.
    pub changes: ChangeMatcher,
    /// The context of its commit status; the name unless said otherwise.
    pub context: String,
    /// No status and no comment.
    pub skip_report: bool,
    /// What Jenkins is told.
    pub jenkins_spec: Option<Value>,
}

impl Presubmit {
    /// Whether the text asks for the job by name. The branch is another question, and decides first.
    pub fn trigger_matches(&self, text: &str) -> bool {
        self.trigger.matches(text)
    }

    /// Runs only when a comment asks for it: not always, and on no change.
    pub fn needs_explicit_trigger(&self) -> bool {
        !self.always_run && !self.changes.is_some()
    }

    /// Its context must be green before a merge.
    pub fn context_required(&self) -> bool {
        !self.optional && !self.skip_report
    }

    /// What a filter needs to know of it, for a comment on a pull request to `branch`. No text triggers nothing; no
    /// branch is every branch.
    pub fn facts(&self, text: Option<&str>, branch: Option<&str>) -> JobFacts {
        JobFacts {
            name: self.base.name.clone(),
            context: self.context.clone(),
            always_run: self.always_run,
            optional: self.optional,
            skip_report: self.skip_report,
            conditional: self.changes.is_some(),
            triggered: text.is_some_and(|text| self.trigger_matches(text)),
            on_branch: branch.is_none_or(|branch| self.branches.should_run(branch)),
        }
    }
}

impl JobRules<'_> {
    /// The checked form of a presubmit of `full_name`; good only if no problem was added.
    pub(crate) fn presubmit(
        &self,
        mut raw: RawJob,
        full_name: &str,
        place: Place,
        problems: &mut Problems,
    ) -> Presubmit {
        let base = self.base(&mut raw, ProwJobType::Presubmit, full_name, place, problems);
        let (file, at) = (base.place.file.clone(), base.place.path.clone());
        let name = base.name.clone();
        let branches = self.branches(&mut raw, &base.place, problems);
        let changes = self.changes(&raw, &base.place, problems);
        let always_run = raw.always_run.unwrap_or_default();
        if always_run && changes.is_some() {
            let why =
                format!("the job `{name}` has `always_run` and a change matcher, which exclude each other: keep one");
            problems.add(&file, at.key("always_run"), why);
        }
        let written = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (trigger, rerun_command) = match (written(raw.trigger.take()), written(raw.rerun_command.take())) {
            (None, None) => (Trigger::named(&name), default_rerun_command(&name)),
            (Some(pattern), Some(command)) => {
                let trigger = match Trigger::compile(&pattern) {
                    Ok(trigger) => {
                        if !trigger.matches(&command) {
                            let why = format!(
                                "the rerun command `{command}` does not match the job's `trigger`: change one of the two"
                            );
                            problems.add(&file, at.key("rerun_command"), why);
                        }
                        trigger
                    }
                    Err(why) => {
                        problems.add(
                            &file,
                            at.key("trigger"),
                            format!("{why}: mend it, or leave it out for the default"),
                        );
                        Trigger::named(&name)
                    }
                };
                (trigger, command)
            }
            (Some(_), None) => {
                problems.add(
                    &file,
                    at.key("trigger"),
                    "`trigger` stands without `rerun_command`: give both or neither",
                );
                (Trigger::named(&name), String::new())
            }
            (None, Some(_)) => {
                problems.add(
                    &file,
                    at.key("rerun_command"),
                    "`rerun_command` stands without `trigger`: give both or neither",
                );
                (Trigger::named(&name), String::new())
            }
        };
        check_report_label(&base, raw.skip_report, problems);
        Presubmit {
            always_run,
            optional: raw.optional.unwrap_or_default(),
            run_before_merge: raw.run_before_merge.unwrap_or_default(),
            trigger,
            rerun_command,
            branches,
            changes,
            context: written(raw.context.take()).unwrap_or(name),
            skip_report: raw.skip_report.unwrap_or_default(),
            jenkins_spec: raw.jenkins_spec.take().as_ref().map(as_json),
            base,
        }
    }
}

impl JobRules<'_> {
    /// The branch selectors of a presubmit or postsubmit.
    pub(crate) fn branches(&self, raw: &mut RawJob, place: &Place, problems: &mut Problems) -> Branches {
        let include = raw.branches.take().unwrap_or_default();
        let skip = raw.skip_branches.take().unwrap_or_default();
        Branches::compile_with(include, skip, &self.patterns).unwrap_or_else(|(key, why)| {
            problems.add(&place.file, place.path.key(key), format!("{why}: mend the expression"));
            Branches::default()
        })
    }

    /// The change matcher of a presubmit or postsubmit.
    pub(crate) fn changes(&self, raw: &RawJob, place: &Place, problems: &mut Problems) -> ChangeMatcher {
        let run_if = raw.run_if_changed.as_deref().unwrap_or_default();
        let skip_if = raw.skip_if_only_changed.as_deref().unwrap_or_default();
        ChangeMatcher::compile_with(run_if, skip_if, &self.patterns).unwrap_or_else(|why| {
            let key = if run_if.is_empty() { "skip_if_only_changed" } else { "run_if_changed" };
            problems.add(&place.file, place.path.key(key), why);
            ChangeMatcher::None
        })
    }
}
