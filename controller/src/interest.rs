//! Which ProwJobs are to be looked at when one of them changes.

use std::collections::HashMap;

use prow::prowjob::{ProwJob, ProwJobState, ProwJobType};
use store::Change;

/// What is remembered of unfinished ProwJobs, so that a change wakes those that wait for it.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    unfinished: HashMap<String, Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    job: String,
    job_type: ProwJobType,
    state: ProwJobState,
}

impl Interest {
    /// The ProwJobs to look at now: the changed one; those that wait for room, if it may have made some; the other runs
    /// of its job, if it may supersede them.
    pub(crate) fn of(&mut self, change: &Change) -> Vec<String> {
        match change {
            Change::Gone { name, .. } => {
                let made_room = self.unfinished.remove(name).is_some();
                self.with_others(name, |known| made_room && known.state == ProwJobState::Triggered)
            }
            Change::Put(job, _) => self.put(job),
        }
    }

    fn put(&mut self, job: &ProwJob) -> Vec<String> {
        let name = job.name().to_owned();
        let now = Known { job: job.spec.job.clone(), job_type: job.spec.job_type, state: job.status.state };
        if job.is_complete() {
            let made_room = self.unfinished.remove(&name).is_some();
            return self.with_others(&name, |known| made_room && known.state == ProwJobState::Triggered);
        }
        let before = self.unfinished.insert(name.clone(), now.clone());
        let is_new = before.is_none_or(|before| before.state == ProwJobState::Scheduling);
        self.with_others(&name, |known| {
            is_new
                && now.job_type == ProwJobType::Presubmit
                && known.job_type == ProwJobType::Presubmit
                && known.job == now.job
        })
    }

    fn with_others(&self, name: &str, wanted: impl Fn(&Known) -> bool) -> Vec<String> {
        let others = self.unfinished.iter().filter(|(other, known)| *other != name && wanted(known));
        std::iter::once(name.to_owned()).chain(others.map(|(other, _)| other.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use prow::prowjob::ProwJobSpec;
    use store::Revision;

    use super::*;

    fn job(name: &str, job: &str, state: ProwJobState) -> ProwJob {
        let mut pj = ProwJob::new(name, ProwJobSpec::new(ProwJobType::Presubmit, job));
        pj.status.state = state;
        pj
    }

    fn put(interest: &mut Interest, job: ProwJob) -> Vec<String> {
        let mut keys = interest.of(&Change::Put(Box::new(job), Revision::START));
        keys.sort();
        keys
    }

    #[test]
    fn a_new_run_wakes_the_older_runs_of_its_job() {
        let mut interest = Interest::default();
        put(&mut interest, job("old", "unit", ProwJobState::Pending));
        put(&mut interest, job("other", "lint", ProwJobState::Pending));
        assert_eq!(put(&mut interest, job("new", "unit", ProwJobState::Triggered)), ["new", "old"]);
        assert_eq!(put(&mut interest, job("new", "unit", ProwJobState::Pending)), ["new"]);
    }

    #[test]
    fn an_end_wakes_those_that_wait_for_room() {
        let mut interest = Interest::default();
        for (name, state) in [("runs", ProwJobState::Pending), ("ends", ProwJobState::Pending)] {
            put(&mut interest, job(name, name, state));
        }
        put(&mut interest, job("waits", "w", ProwJobState::Triggered));
        let mut over = job("ends", "ends", ProwJobState::Success);
        over.status.completion_time = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(put(&mut interest, over.clone()), ["ends", "waits"]);
        assert_eq!(put(&mut interest, over), ["ends"], "once");
        let gone = Change::Gone { name: "runs".into(), revision: Revision::START };
        let mut keys = interest.of(&gone);
        keys.sort();
        assert_eq!(keys, ["runs", "waits"]);
    }
}
