//! Room for runs: who looks for it does so alone, and who has found it holds up nobody while its run starts.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prow::prowjob::{ProwJob, ProwJobState};

/// The starts that are under way.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    looking: tokio::sync::Mutex<()>,
    under_way: Mutex<HashSet<String>>,
}

/// One start, from the decision to the write that makes it known to all. It counts as pending while this lives.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    starts: &'a Starts,
    name: String,
}

impl Starts {
    /// Held from the look for room to [`Starts::begin`], so that no limit is overrun.
    pub(crate) async fn look(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.looking.lock().await
    }

    /// This ProwJob starts.
    pub(crate) fn begin(&self, name: &str) -> Start<'_> {
        self.lock().insert(name.to_owned());
        Start { starts: self, name: name.to_owned() }
    }

    /// Shows those that start as what they will be in a moment.
    pub(crate) fn count_as_pending(&self, jobs: &mut [ProwJob]) {
        let under_way = self.lock();
        for job in jobs.iter_mut().filter(|job| under_way.contains(job.name())) {
            if job.status.state == ProwJobState::Triggered {
                job.status.state = ProwJobState::Pending;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Start<'_> {
    fn drop(&mut self) {
        self.starts.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use prow::prowjob::{ProwJobSpec, ProwJobType};

    use super::*;

    #[test]
    fn a_start_counts_as_pending_until_it_is_over() {
        let starts = Starts::default();
        let states = || {
            let job = |name: &str, state| {
                let mut job = ProwJob::new(name, ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
                job.status.state = state;
                job
            };
            let mut jobs = [job("a", ProwJobState::Triggered), job("b", ProwJobState::Triggered)];
            starts.count_as_pending(&mut jobs);
            jobs.map(|job| job.status.state)
        };
        let start = starts.begin("a");
        assert_eq!(states(), [ProwJobState::Pending, ProwJobState::Triggered]);
        drop(start);
        assert_eq!(states(), [ProwJobState::Triggered, ProwJobState::Triggered]);
    }
}
