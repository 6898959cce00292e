//! Which names and contexts jobs may not share.

use std::collections::BTreeMap;

use crate::branches::Branches;
use crate::job::JobBase;
use crate::periodic::Periodic;
use crate::postsubmit::Postsubmit;
use crate::presubmit::Presubmit;
use crate::problem::Problems;

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

pub(super) fn check_periodics(periodics: &[Periodic], problems: &mut Problems) {
    let mut seen = BTreeMap::new();
    for Periodic { base, .. } in periodics {
        if let Some(other) = seen.insert(base.name.as_str(), &base.place) {
            let why =
                format!("the periodic `{}` exists already ({} in {}): rename one", base.name, other.path, other.file);
            problems.add(&base.place.file, base.place.path.key("name"), why);
        }
    }
}
