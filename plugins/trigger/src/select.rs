//! Which presubmits run, and the plan to run them.

use std::collections::BTreeSet;

use kit::PullRequest;
use kit::job_config::{JobId, Presubmit};
use kit::prow::filter::{Filters, JobFacts, Selection, select};

use crate::known::{Known, Question};
use crate::plan::{Effect, Plan};

/// The jobs that `filters` select for the head commit.
pub(crate) fn jobs<'k>(
    presubmits: &'k [Presubmit],
    filters: Filters,
    head: &str,
    known: &'k Known,
) -> Result<Vec<&'k Presubmit>, Question> {
    let facts: Vec<JobFacts> = presubmits.iter().map(facts).collect();
    let contexts = if filters.needs_contexts() { Some(known.contexts(head)?) } else { None };
    let run = match select(&facts, filters, contexts, None) {
        Selection::NeedContexts => return Err(Question::Contexts(head.to_owned())),
        Selection::Run(run) => run,
        Selection::NeedChanges(undecided) => {
            let ids: Vec<JobId> = undecided.iter().map(|&at| presubmits[at].id).collect();
            let hold = known.changes(&ids)?;
            let changed: BTreeSet<usize> =
                undecided.into_iter().zip(hold).filter(|(_, it)| *it).map(|(at, _)| at).collect();
            match select(&facts, filters, contexts, Some(&changed)) {
                Selection::Run(run) => run,
                Selection::NeedContexts | Selection::NeedChanges(_) => unreachable!("everything asked for is given"),
            }
        }
    };
    Ok(run.into_iter().map(|at| &presubmits[at]).collect())
}

fn facts(job: &Presubmit) -> JobFacts {
    JobFacts {
        name: job.name.clone(),
        context: job.context.clone(),
        always_run: job.always_run,
        optional: job.optional,
        skip_report: job.skip_report,
        conditional: job.conditional,
        triggered: job.triggered,
        on_branch: job.on_branch,
    }
}

/// Adds a run of each job to the plan.
///
/// A pull request that GitHub says cannot be merged starts nothing, since there is no merged tree to test; while
/// GitHub does not know yet, everything starts.
pub(crate) fn start<'k>(
    plan: &mut Plan<'k>,
    jobs: Vec<&'k Presubmit>,
    pr: &'k PullRequest,
    retest: bool,
    known: &'k Known,
) -> Result<(), Question> {
    if jobs.is_empty() {
        plan.say("no job is due");
        return Ok(());
    }
    if pr.mergeable == Some(false) {
        plan.say("nothing started: the pull request cannot be merged into its base");
        return Ok(());
    }
    let base_sha = known.tip(&pr.base.name)?;
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    plan.say(format!("starts {}", names.join(", ")));
    for job in jobs {
        plan.add(Effect::Create { job, pr, base_sha, retest });
    }
    Ok(())
}
