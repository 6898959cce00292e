//! Metrics under the names that dashboards of Prow know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};
use prow::labels;
use prow::prowjob::ProwJob;
use prow::report::REPORTER;
use prow::sinker::Reason;

const JOB_LABELS: [&str; 9] =
    ["job_namespace", "job_name", "type", "state", "org", "repo", "base_ref", "cluster", "retest"];
const REPORT_BUCKETS: [f64; 11] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0];

type LabelSet = [String; 9];

/// How many ProwJobs there are, and how they move on.
pub(crate) struct ProwJobMetrics {
    jobs: IntGaugeVec,
    transitions: IntCounterVec,
    seen: Mutex<Option<BTreeSet<(LabelSet, String)>>>,
}

impl ProwJobMetrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let jobs = IntGaugeVec::new(Opts::new("prowjobs", "ProwJobs there are."), &JOB_LABELS)?;
        let transitions =
            IntCounterVec::new(Opts::new("prowjob_state_transitions", "ProwJobs that came to a state."), &JOB_LABELS)?;
        registry.register(Box::new(jobs.clone()))?;
        registry.register(Box::new(transitions.clone()))?;
        Ok(Self { jobs, transitions, seen: Mutex::new(None) })
    }

    /// Takes a new sample: what is there is counted, and what was not there in the sample before has come about.
    pub(crate) fn sample(&self, jobs: &[ProwJob]) {
        let mut counts: BTreeMap<LabelSet, i64> = BTreeMap::new();
        let mut now = BTreeSet::new();
        for job in jobs {
            let labels = label_set(job);
            *counts.entry(labels.clone()).or_default() += 1;
            now.insert((labels, job.status.build_id.clone()));
        }
        self.jobs.reset();
        for (labels, count) in &counts {
            self.jobs.with_label_values(labels).set(*count);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = seen.as_ref() {
            for (labels, _) in now.difference(before) {
                self.transitions.with_label_values(labels).inc();
            }
        }
        *seen = Some(now);
    }
}

fn label_set(job: &ProwJob) -> LabelSet {
    let refs = job.main_refs();
    let text = |of: fn(&prow::refs::Refs) -> &str| refs.map(of).unwrap_or_default().to_owned();
    [
        job.metadata.namespace.clone(),
        job.spec.job.clone(),
        job.spec.job_type.to_string(),
        job.status.state.to_string(),
        text(|refs| &refs.org),
        text(|refs| &refs.repo),
        text(|refs| &refs.base_ref),
        job.cluster_alias().to_owned(),
        (job.label(labels::RETEST) == Some("true")).to_string(),
    ]
}

/// How reports go.
pub(crate) struct ReporterMetrics {
    latency: Histogram,
    success: IntCounter,
    error: IntCounter,
}

impl ReporterMetrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let latency = HistogramVec::new(
            HistogramOpts::new("crier_report_latency", "Seconds from a job's end to its report.")
                .buckets(REPORT_BUCKETS.to_vec()),
            &["reporter"],
        )?;
        let results =
            IntCounterVec::new(Opts::new("crier_reporting_results", "Reports by result."), &["reporter", "result"])?;
        registry.register(Box::new(latency.clone()))?;
        registry.register(Box::new(results.clone()))?;
        Ok(Self {
            latency: latency.with_label_values(&[REPORTER]),
            success: results.with_label_values(&[REPORTER, "SUCCESS"]),
            error: results.with_label_values(&[REPORTER, "ERROR"]),
        })
    }

    /// A report went through; `completed` is when its job ended, if it has.
    pub(crate) fn succeeded(&self, completed: Option<Timestamp>, now: Timestamp) {
        self.success.inc();
        if let Some(completed) = completed {
            self.latency.observe(now.duration_since(completed).as_secs_f64().max(0.0));
        }
    }

    /// A report failed and will be tried again.
    pub(crate) fn failed(&self) {
        self.error.inc();
    }
}

/// What a round of the cleaner found and removed.
pub(crate) struct SinkerMetrics {
    existing: Gauge,
    cleaned: GaugeVec,
    errors: GaugeVec,
    duration: Gauge,
}

impl SinkerMetrics {
    pub(crate) fn new(registry: &Registry) -> prometheus::Result<Self> {
        let existing = Gauge::new("sinker_prow_jobs_existing", "ProwJobs that the last round found.")?;
        let cleaned =
            GaugeVec::new(Opts::new("sinker_prow_jobs_cleaned", "ProwJobs that the last round removed."), &["reason"])?;
        let errors = GaugeVec::new(
            Opts::new("sinker_prow_jobs_cleaning_errors", "ProwJobs that the last round could not remove."),
            &["reason"],
        )?;
        let duration = Gauge::new("sinker_loop_duration_seconds", "How long the last round took.")?;
        registry.register(Box::new(existing.clone()))?;
        registry.register(Box::new(cleaned.clone()))?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self { existing, cleaned, errors, duration })
    }

    /// Begins to count a round that found this many ProwJobs.
    pub(crate) fn count(&self, existing: usize) -> RoundCounts<'_> {
        self.existing.set(existing as f64);
        RoundCounts { metrics: self, cleaned: BTreeMap::new(), errors: BTreeMap::new() }
    }

    /// A round is over.
    pub(crate) fn round(&self, took: Duration) {
        self.duration.set(took.as_secs_f64());
    }
}

/// The counts of one round.
pub(crate) struct RoundCounts<'a> {
    metrics: &'a SinkerMetrics,
    cleaned: BTreeMap<Reason, u32>,
    errors: BTreeMap<Reason, u32>,
}

impl RoundCounts<'_> {
    pub(crate) fn cleaned(&mut self, reason: Reason) {
        *self.cleaned.entry(reason).or_default() += 1;
    }

    pub(crate) fn failed(&mut self, reason: Reason) {
        *self.errors.entry(reason).or_default() += 1;
    }

    /// Shows them, zeroes included.
    pub(crate) fn publish(self, reasons: &[Reason]) {
        for reason in reasons {
            let count = |of: &BTreeMap<Reason, u32>| f64::from(of.get(reason).copied().unwrap_or_default());
            self.metrics.cleaned.with_label_values(&[reason.as_str()]).set(count(&self.cleaned));
            self.metrics.errors.with_label_values(&[reason.as_str()]).set(count(&self.errors));
        }
    }
}

/// The registry of one controller, shared with what serves it.
pub(crate) type SharedRegistry = Arc<Registry>;

#[cfg(test)]
mod tests {
    use prow::prowjob::{ProwJobSpec, ProwJobState, ProwJobType};

    use super::*;

    fn job(state: ProwJobState, build_id: &str) -> ProwJob {
        let mut job = ProwJob::new("x", ProwJobSpec::new(ProwJobType::Periodic, "nightly"));
        job.status.state = state;
        job.status.build_id = build_id.into();
        job
    }

    #[test]
    fn samples_are_counted_and_compared() {
        let metrics = ProwJobMetrics::new(&Registry::new()).unwrap();
        let labels = label_set(&job(ProwJobState::Pending, ""));
        metrics.sample(&[job(ProwJobState::Pending, "1"), job(ProwJobState::Pending, "2")]);
        assert_eq!(metrics.jobs.with_label_values(&labels).get(), 2);
        assert_eq!(metrics.transitions.with_label_values(&labels).get(), 0, "the first sample moves nothing");
        metrics.sample(&[job(ProwJobState::Pending, "2"), job(ProwJobState::Pending, "3")]);
        assert_eq!(metrics.transitions.with_label_values(&labels).get(), 1);
        metrics.sample(&[]);
        let shown =
            prometheus::TextEncoder::new().encode_to_string(&prometheus::core::Collector::collect(&metrics.jobs));
        assert!(!shown.unwrap_or_default().contains("nightly"), "what is gone is not shown");
    }
}
