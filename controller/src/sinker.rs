//! Removes what has grown old: ProwJobs by their age, and folders whose ProwJob is gone.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use config::ConfigHandle;
use jiff::Timestamp;
use prow::sinker::{Reason, to_delete};
use store::{ProwJobs, Selector};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::local_runner::LocalRunner;
use crate::metrics::SinkerMetrics;

/// What a round needs.
pub(crate) struct Sinker {
    pub(crate) store: ProwJobs,
    pub(crate) config: Arc<ConfigHandle>,
    pub(crate) runner: LocalRunner,
    pub(crate) dry_run: bool,
    pub(crate) metrics: SinkerMetrics,
}

impl Sinker {
    /// One round at once, and one after each `sinker.resync_period`, until `shutdown`.
    pub(crate) async fn run(&self, shutdown: &CancellationToken) {
        loop {
            let begun = Instant::now();
            // What is left is found by the next start's first round.
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.round() => (),
            }
            self.metrics.round(begun.elapsed());
            let pause = self.config.current().config.core.sinker.resync_period;
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = sleep(pause) => (),
            }
        }
    }

    /// One round. What cannot be removed is tried again in the next.
    pub(crate) async fn round(&self) {
        let loaded = self.config.current();
        let jobs = match self.store.list(&Selector::default()).await {
            Ok(jobs) => jobs,
            Err(error) => {
                error!(error = %outgoing::chain(&error), "the ProwJobs cannot be listed: nothing is removed in this round");
                return;
            }
        };
        let periodics: BTreeSet<String> =
            loaded.config.periodics().iter().map(|periodic| periodic.base.name.clone()).collect();
        let old = to_delete(&jobs, loaded.config.core.sinker.max_prowjob_age, &periodics, Timestamp::now());
        let mut counts = self.metrics.count(jobs.len());
        for (job, reason) in old {
            if self.dry_run {
                info!(prowjob = %job.name(), job = %job.spec.job, "dry run: would remove it ({})", reason.as_str());
                continue;
            }
            match self.store.delete(job.name()).await {
                // Its folder follows when the deletion is noticed.
                Ok(_) => {
                    info!(prowjob = %job.name(), job = %job.spec.job, "removed ({})", reason.as_str());
                    counts.cleaned(reason);
                }
                Err(error) => {
                    warn!(prowjob = %job.name(), error = %outgoing::chain(&error), "cannot be removed");
                    counts.failed(reason);
                }
            }
        }
        counts.publish(&[Reason::Aged, Reason::AgedPeriodic]);
        if !self.dry_run {
            self.remove_stray_folders(&jobs.iter().map(|job| job.name()).collect()).await;
        }
    }

    async fn remove_stray_folders(&self, known: &HashSet<&str>) {
        let names = match self.runner.names() {
            Ok(names) => names,
            Err(error) => {
                warn!(%error, "the jobs' folders cannot be listed");
                return;
            }
        };
        for name in names.iter().filter(|name| !known.contains(name.as_str())) {
            // It may have come since the list was made.
            let gone = matches!(self.store.get(name).await, Ok(None));
            if gone && let Err(error) = self.runner.remove(name).await {
                warn!(prowjob = %name, error = %format!("{error:#}"), "the folder of a ProwJob that is gone stays");
            }
        }
    }
}
