//! `slack_reporter_configs`: which jobs' ends are told on Slack, and where.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::inlined::inlined;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::{ProwJobState, ProwJobType};

/// What is posted unless said otherwise.
pub const DEFAULT_TEMPLATE: &str =
    "Job {{.Spec.Job}} of type {{.Spec.Type}} ended with state {{.Status.State}}. <{{.Status.URL}}|View logs>";

inlined! {
    /// What a job can say of it, too.
    report: SlackReport {
        /// Which Slack, by the name of its token's file; empty for the one that there is.
        host: String,
        /// The channel.
        channel: String,
        /// Which ends are told.
        job_states_to_report: Vec<ProwJobState>,
        /// A Go template, executed on the ProwJob.
        report_template: String,
        /// Whether anything is told; where it is unset the states decide.
        report: Option<bool>,
    }
    /// One of `slack_reporter_configs`
    pub struct SlackReporter {
        /// Jobs of which types.
        job_types_to_report: Vec<ProwJobType>,
    }
}

/// By `*`, org and org/repo.
pub type SlackReporters = BTreeMap<String, SlackReporter>;

/// Fills in defaults and adds what is wrong.
///
/// Behaviour: Prow pkg/config, `SlackReporter.DefaultAndValidate`.
pub(super) fn check(all: &mut SlackReporters, file: &str, at: &KeyPath, problems: &mut Problems) {
    for (name, SlackReporter { report, .. }) in all {
        if report.report_template.is_empty() {
            DEFAULT_TEMPLATE.clone_into(&mut report.report_template);
        }
        if report.channel.is_empty() {
            problems.add(file, at.key(name), "a Slack report needs a `channel`");
        }
    }
}

/// Takes in what another file says: each org and repository is said by one.
pub(super) fn merge(
    ours: &mut SlackReporters,
    theirs: SlackReporters,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    for (name, reporter) in theirs {
        match ours.entry(name) {
            Entry::Vacant(place) => _ = place.insert(reporter),
            Entry::Occupied(taken) => {
                let name = taken.key();
                problems.add(file, at.key(name), format!("another file reports `{name}` to Slack, too: remove one"));
            }
        }
    }
}
