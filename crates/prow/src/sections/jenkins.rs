//! `jenkins_operators`: who runs the jobs with the agent `jenkins`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::selector;
use crate::problem::{KeyPath, Problems};

/// One of `jenkins_operators`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JenkinsOperator {
    /// How many jobs may be pending at once; 0 is any number.
    pub max_concurrency: i64,
    /// How much is done at once; 20 unless said otherwise.
    pub max_goroutines: i64,
    /// The Go template of a job's URL.
    pub job_url_template: String,
    /// In a checked config it has become the `*` of `report_templates`.
    pub report_template: String,
    /// Go templates for the failure comment, by `*`, org or org/repo.
    pub report_templates: BTreeMap<String, String>,
    /// The ProwJobs that it runs, by their labels; empty: all.
    pub label_selector: String,
}

/// Fills in defaults and adds what is wrong.
///
/// Behaviour: Prow pkg/config, `parseProwConfig` and `ValidateController`.
pub(super) fn check(all: &mut [JenkinsOperator], file: &str, at: &KeyPath, problems: &mut Problems) {
    let several = all.len() > 1;
    for (index, operator) in all.iter_mut().enumerate() {
        let at = at.index(index);
        if operator.max_concurrency < 0 {
            let why = format!("{} is negative: write 0 for no limit", operator.max_concurrency);
            problems.add(file, at.key("max_concurrency"), why);
        }
        super::at_least_one(&mut operator.max_goroutines, 20, file, &at.key("max_goroutines"), problems);
        if !operator.report_template.is_empty() {
            if !operator.report_templates.is_empty() {
                let why = "`report_template` and `report_templates` exclude each other: keep the latter";
                problems.add(file, at.key("report_template"), why);
            }
            operator.report_templates.insert("*".to_owned(), std::mem::take(&mut operator.report_template));
        }
        match operator.label_selector.is_empty() {
            true if several => {
                let why = "with several operators each needs a `label_selector`: this one would run the others' jobs";
                problems.add(file, at, why);
            }
            false if !several => {
                let why = "the only operator runs all jobs: remove its `label_selector`";
                problems.add(file, at.key("label_selector"), why);
            }
            _ => {
                if let Some(why) = selector::fault(&operator.label_selector) {
                    problems.add(file, at.key("label_selector"), why);
                }
            }
        }
    }
}
