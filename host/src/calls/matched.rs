//! Jobs, as they match what they are asked about.

use prow::postsubmit::Postsubmit;
use prow::presubmit::Presubmit;

use super::turns::Turns;
use crate::contract::job_config;

/// The jobs as the text and the branch match them; numbered from `first` on.
pub(super) async fn presubmits(
    first: u32,
    jobs: &[Presubmit],
    text: Option<&str>,
    branch: Option<&str>,
) -> Vec<job_config::Presubmit> {
    numbered(first, jobs, |id, job| {
        let matched = job.facts(text, branch);
        job_config::Presubmit {
            id,
            name: matched.name,
            context: matched.context,
            rerun_command: job.rerun_command.clone(),
            always_run: matched.always_run,
            optional: matched.optional,
            skip_report: matched.skip_report,
            conditional: matched.conditional,
            triggered: matched.triggered,
            on_branch: matched.on_branch,
        }
    })
    .await
}

/// The jobs that a push starts; numbered from `first` on.
pub(super) async fn postsubmits(
    first: u32,
    jobs: &[Postsubmit],
    branch: &str,
    paths: &[String],
) -> Vec<job_config::Postsubmit> {
    numbered(first, jobs, |id, job| {
        let (name, should_run) = (job.base.name.clone(), job.should_run(branch, paths));
        job_config::Postsubmit { id, name, should_run }
    })
    .await
}

async fn numbered<J, T>(first: u32, jobs: &[J], told: impl Fn(u32, &J) -> T) -> Vec<T> {
    let (mut found, mut turns) = (Vec::with_capacity(jobs.len()), Turns::begin());
    for (id, job) in (first..).zip(jobs) {
        found.push(told(id, job));
        turns.next().await;
    }
    found
}
