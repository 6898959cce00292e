//! Which ProwJobs have grown old enough to delete.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::prowjob::{ProwJob, ProwJobType};

/// Why a ProwJob is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is over and old.
    Aged,
    /// The same, of a periodic.
    AgedPeriodic,
}

impl Reason {
    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aged => "aged",
            Self::AgedPeriodic => "aged-periodic",
        }
    }
}

/// The ProwJobs to delete: over, and started longer ago than `max_age` (`sinker.max_prowjob_age`). Unfinished ones stay
/// whatever their age. Of each of the `periodics` (the names in the config) the newest stays too, since the next run's
/// time is reckoned from it.
/// Behaviour: Prow cmd/sinker, `clean`.
pub fn to_delete<'j>(
    jobs: &'j [ProwJob],
    max_age: Duration,
    periodics: &BTreeSet<String>,
    now: Timestamp,
) -> Vec<(&'j ProwJob, Reason)> {
    let newest = newest_of(jobs, periodics);
    jobs.iter()
        .filter(|job| job.is_complete() && is_older(job, max_age, now))
        .filter_map(|job| match job.spec.job_type {
            ProwJobType::Periodic => {
                let kept = newest.get(job.spec.job.as_str()).is_some_and(|newest| newest.name() == job.name());
                (!kept).then_some((job, Reason::AgedPeriodic))
            }
            ProwJobType::Presubmit | ProwJobType::Postsubmit | ProwJobType::Batch => Some((job, Reason::Aged)),
        })
        .collect()
}

fn newest_of<'j>(jobs: &'j [ProwJob], periodics: &BTreeSet<String>) -> BTreeMap<&'j str, &'j ProwJob> {
    let mut newest: BTreeMap<&str, &ProwJob> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.spec.job_type == ProwJobType::Periodic) {
        if !periodics.contains(&job.spec.job) {
            continue;
        }
        let entry = newest.entry(&job.spec.job).or_insert(job);
        if job.status.start_time > entry.status.start_time {
            *entry = job;
        }
    }
    newest
}

/// A job that does not say when it started is as old as can be.
fn is_older(job: &ProwJob, max_age: Duration, now: Timestamp) -> bool {
    let Some(start) = job.status.start_time else {
        return true;
    };
    Duration::try_from(now.duration_since(start)).is_ok_and(|age| age > max_age)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::{ProwJobSpec, ProwJobState};

    const DAY: i64 = 24 * 3600;
    const NOW: i64 = 100 * DAY;

    struct Row(&'static str, ProwJobType, ProwJobState, bool, i64);

    #[track_caller]
    fn check(rows: &[Row], periodics: &[&str], want: &[(&str, &str)]) {
        let jobs: Vec<ProwJob> = rows
            .iter()
            .map(|Row(name, job_type, state, complete, age)| {
                let mut job = ProwJob::new(*name, ProwJobSpec::new(*job_type, "nightly"));
                job.status.state = *state;
                job.status.start_time = Some(Timestamp::from_second(NOW - age).unwrap());
                job.status.completion_time = complete.then_some(Timestamp::from_second(NOW).unwrap());
                job
            })
            .collect();
        let periodics = periodics.iter().map(|name| (*name).to_owned()).collect();
        let now = Timestamp::from_second(NOW).unwrap();
        let got: Vec<(&str, &str)> = to_delete(&jobs, Duration::from_secs(7 * 24 * 3600), &periodics, now)
            .into_iter()
            .map(|(job, reason)| (job.name(), reason.as_str()))
            .collect();
        assert_eq!(got, want);
    }

    use ProwJobState::{Aborted, Failure, Pending, Success};
    use ProwJobType::{Batch, Periodic, Postsubmit, Presubmit};

    #[test]
    fn s1_and_s5_an_unfinished_job_stays_however_old() {
        check(&[Row("a", Presubmit, Pending, false, 30 * DAY), Row("b", Periodic, Pending, false, 30 * DAY)], &[], &[]);
        check(&[Row("a", Presubmit, Aborted, false, 30 * DAY)], &[], &[]);
    }

    #[test]
    fn s2_and_s4_an_old_finished_job_goes() {
        check(
            &[
                Row("a", Presubmit, Failure, true, 7 * DAY + 1),
                Row("b", Postsubmit, Success, true, 8 * DAY),
                Row("c", Batch, Success, true, 8 * DAY),
            ],
            &[],
            &[("a", "aged"), ("b", "aged"), ("c", "aged")],
        );
    }

    #[test]
    fn s7_an_old_aborted_job_goes() {
        check(&[Row("a", Presubmit, Aborted, true, 8 * DAY)], &[], &[("a", "aged")]);
    }

    #[test]
    fn s12_a_young_job_stays() {
        check(&[Row("a", Presubmit, Success, true, 7 * DAY), Row("b", Periodic, Success, true, DAY)], &[], &[]);
    }

    #[test]
    fn s19_the_newest_run_of_a_configured_periodic_stays() {
        check(
            &[
                Row("a", Periodic, Success, true, 10 * DAY),
                Row("c", Periodic, Success, true, 8 * DAY),
                Row("b", Periodic, Success, true, 9 * DAY),
            ],
            &["nightly"],
            &[("a", "aged-periodic"), ("b", "aged-periodic")],
        );
    }

    #[test]
    fn a_young_unfinished_run_is_the_newest_as_well() {
        let rows = [Row("old", Periodic, Success, true, 10 * DAY), Row("new", Periodic, Pending, false, 1)];
        check(&rows, &["nightly"], &[("old", "aged-periodic")]);
    }

    #[test]
    fn s20_a_periodic_that_is_no_longer_configured_loses_its_last_run() {
        check(&[Row("a", Periodic, Success, true, 8 * DAY)], &["weekly"], &[("a", "aged-periodic")]);
    }

    #[test]
    fn a_presubmit_that_shares_a_periodic_s_name_is_not_kept_for_it() {
        check(&[Row("a", Presubmit, Success, true, 8 * DAY)], &["nightly"], &[("a", "aged")]);
    }
}
