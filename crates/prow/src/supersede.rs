//! Older runs of a presubmit that a newer one makes pointless.

use jiff::Timestamp;

use crate::prowjob::{ProwJob, ProwJobState, ProwJobType};
use crate::refs::Refs;

/// The newer run that makes `job` pointless, if there is one: an unfinished presubmit of the same job on the same base
/// branches and pull requests. Commits are not compared, so a new push to a pull request supersedes.
/// Behaviour: Prow pkg/pjutil, `TerminateOlderJobs`; of two that started at once the name decides.
pub fn superseded_by<'j>(job: &ProwJob, others: impl Iterator<Item = &'j ProwJob>) -> Option<&'j ProwJob> {
    if !takes_part(job) {
        return None;
    }
    let identity = identity(job);
    others
        .filter(|other| other.spec.job == job.spec.job && takes_part(other) && age_order(other) > age_order(job))
        .filter(|other| self::identity(other) == identity)
        .max_by_key(|other| age_order(other))
}

/// Whether two runs test the same thing, at whatever commits.
pub fn same_subject(a: &ProwJob, b: &ProwJob) -> bool {
    a.spec.job_type == b.spec.job_type && a.spec.job == b.spec.job && identity(a) == identity(b)
}

fn takes_part(job: &ProwJob) -> bool {
    job.spec.job_type == ProwJobType::Presubmit
        && !job.is_complete()
        && matches!(job.status.state, ProwJobState::Triggered | ProwJobState::Pending)
}

fn age_order(job: &ProwJob) -> (Option<Timestamp>, &str) {
    (job.status.start_time, job.name())
}

/// `org/repo@base_ref [pull numbers]` of each of its refs, numbers and entries sorted.
fn identity(job: &ProwJob) -> Vec<(String, Vec<u64>)> {
    let entry = |refs: &Refs| {
        let mut numbers: Vec<u64> = refs.pulls.iter().map(|pull| pull.number).collect();
        numbers.sort_unstable();
        (format!("{}/{}@{}", refs.org, refs.repo, refs.base_ref), numbers)
    };
    let mut entries: Vec<_> = job.spec.refs.iter().chain(&job.spec.extra_refs).map(entry).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::ProwJobSpec;
    use crate::refs::Pull;

    fn refs(repo: &str, base: &str, pulls: &[u64]) -> Refs {
        Refs {
            org: "o".into(),
            repo: repo.into(),
            base_ref: base.into(),
            pulls: pulls.iter().map(|n| Pull { number: *n, ..Pull::default() }).collect(),
            ..Refs::default()
        }
    }

    fn run(name: &str, start: i64) -> ProwJob {
        let mut job = ProwJob::new(name, ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.spec.refs = Some(refs("r", "main", &[1]));
        job.status.state = ProwJobState::Pending;
        job.status.start_time = Some(Timestamp::from_second(start).unwrap());
        job
    }

    #[track_caller]
    fn check(job: &ProwJob, others: &[ProwJob], want: Option<&str>) {
        assert_eq!(superseded_by(job, others.iter()).map(ProwJob::name), want);
    }

    #[track_caller]
    fn check_pair(change_older: impl Fn(&mut ProwJob), change_newer: impl Fn(&mut ProwJob), want: bool) {
        let (mut older, mut newer) = (run("older", 1), run("newer", 2));
        change_older(&mut older);
        change_newer(&mut newer);
        let both = [older.clone(), newer.clone()];
        check(&older, &both, want.then_some("newer"));
        check(&newer, &both, None);
    }

    #[test]
    fn p29_the_older_of_two_runs_goes() {
        check_pair(|_| (), |_| (), true);
        check_pair(|old| old.status.state = ProwJobState::Triggered, |_| (), true);
    }

    #[test]
    fn p30_the_newest_of_each_job_stays() {
        let mut lint = run("lint", 9);
        lint.spec.job = "lint".into();
        let all = [run("b", 2), run("c", 3), run("a", 1), lint.clone()];
        check(&all[0], &all, Some("c"));
        check(&all[1], &all, None);
        check(&all[2], &all, Some("c"));
        check(&lint, &all, None);
    }

    #[test]
    fn of_two_that_started_at_once_exactly_one_stays() {
        let both = [run("a", 1), run("b", 1)];
        check(&both[0], &both, Some("b"));
        check(&both[1], &both, None);
    }

    #[test]
    fn p31_what_is_over_stays_as_it_is() {
        let over = |job: &mut ProwJob| job.status.completion_time = Some(Timestamp::UNIX_EPOCH);
        check_pair(over, |_| (), false);
        check_pair(|_| (), over, false);
    }

    #[test]
    fn a_job_that_still_waits_for_a_cluster_neither_supersedes_nor_is_superseded() {
        let scheduling = |job: &mut ProwJob| job.status.state = ProwJobState::Scheduling;
        check_pair(scheduling, |_| (), false);
        check_pair(|_| (), scheduling, false);
    }

    #[test]
    fn p32_batches_and_postsubmits_run_beside_each_other() {
        for job_type in [ProwJobType::Batch, ProwJobType::Postsubmit, ProwJobType::Periodic] {
            let change = |job: &mut ProwJob| job.spec.job_type = job_type;
            check_pair(change, change, false);
        }
    }

    #[test]
    fn p33_and_p34_order_does_not_matter() {
        check_pair(
            |old| old.spec.refs = Some(refs("r", "main", &[1, 2])),
            |new| new.spec.refs = Some(refs("r", "main", &[2, 1])),
            true,
        );
        let (a, b) = (refs("a", "main", &[]), refs("b", "main", &[3]));
        check_pair(
            |old| old.spec.extra_refs = vec![a.clone(), b.clone()],
            |new| new.spec.extra_refs = vec![b.clone(), a.clone()],
            true,
        );
        let only_extra = |job: &mut ProwJob| {
            job.spec.refs = None;
            job.spec.extra_refs = vec![a.clone()];
        };
        check_pair(only_extra, only_extra, true);
    }

    #[test]
    fn p35_commits_do_not_matter() {
        check_pair(
            |_| (),
            |new| {
                let refs = new.spec.refs.as_mut().unwrap();
                refs.base_sha = "other".into();
                refs.pulls[0].sha = "pushed".into();
            },
            true,
        );
    }

    #[test]
    fn p36_another_base_or_pull_is_another_subject() {
        check_pair(|_| (), |new| new.spec.refs = Some(refs("r", "release", &[1])), false);
        check_pair(|_| (), |new| new.spec.refs = Some(refs("r", "main", &[2])), false);
        check_pair(|_| (), |new| new.spec.extra_refs = vec![refs("x", "main", &[])], false);
    }
}
