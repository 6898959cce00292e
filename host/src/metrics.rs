//! Prow's metrics of a plugin host, under Prow's names.

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::task::Ran;

/// Prow's buckets for handling an event, in seconds.
const HANDLE_BUCKETS: [f64; 17] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0];
const LABELS: [&str; 4] = ["event_type", "action", "plugin", "took_action"];

/// How large the config maps are that plugins wrote. Behaviour: Prow pkg/plugins/updateconfig, which measures its own
/// writes; here every plugin's are measured, by the host.
#[derive(Clone)]
pub struct ConfigMapSizes(IntGaugeVec);

impl Default for ConfigMapSizes {
    fn default() -> Self {
        let opts =
            Opts::new("prow_configmap_size_bytes", "Size of the data in config maps that plugins wrote, in bytes.");
        Self(IntGaugeVec::new(opts, &["name", "namespace"]).expect("names of a metric and its labels"))
    }
}

impl ConfigMapSizes {
    /// Shown among `registry`'s.
    ///
    /// # Errors
    /// If its name is taken there.
    pub fn registered(registry: &Registry) -> prometheus::Result<Self> {
        let sizes = Self::default();
        registry.register(Box::new(sizes.0.clone()))?;
        Ok(sizes)
    }

    /// A config map was written.
    pub(crate) fn wrote(&self, map: &kubernetes::ConfigMap) {
        let texts = map.data.values().map(String::len);
        let bytes: usize = texts.chain(map.binary_data.values().map(Vec::len)).sum();
        self.0.with_label_values(&[&map.name, &map.namespace]).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}

/// What the dispatcher and the reload count.
pub struct Metrics {
    duration: HistogramVec,
    errors: IntCounterVec,
    /// 1 while the newest files on disk are not what is in force, by `what` (`config` or a plugin's name).
    pub reload_failed: IntGaugeVec,
    /// 1 while a plugin is held back, or tried, because it keeps failing.
    pub quarantined: IntGaugeVec,
    /// How often a plugin was held back.
    pub quarantines: IntCounterVec,
    denied: IntCounterVec,
    /// Tasks by state, set when scraped.
    pub tasks: IntGaugeVec,
    /// Deliveries that wait for the dispatcher, set when scraped.
    pub undispatched: IntGauge,
}

impl Metrics {
    /// Makes the metrics and registers them.
    ///
    /// # Errors
    /// If one of their names is taken in this registry.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let duration = HistogramVec::new(
            HistogramOpts::new("prow_plugin_handle_duration_seconds", "How long plugins take to handle an event.")
                .buckets(HANDLE_BUCKETS.to_vec()),
            &LABELS,
        )?;
        let errors = IntCounterVec::new(
            Opts::new("prow_plugin_handle_errors", "How often a plugin failed to handle an event."),
            &LABELS,
        )?;
        let reload_failed = IntGaugeVec::new(
            Opts::new("bowsprit_reload_failed", "1 while the newest files are not in force because they are faulty."),
            &["what"],
        )?;
        let quarantined = IntGaugeVec::new(
            Opts::new(
                "bowsprit_plugin_quarantined",
                "1 while a plugin is held back, or tried, because it keeps failing.",
            ),
            &["plugin"],
        )?;
        let quarantines = IntCounterVec::new(
            Opts::new("bowsprit_plugin_quarantines", "How often a plugin was held back because it keeps failing."),
            &["plugin"],
        )?;
        let denied = IntCounterVec::new(
            Opts::new(
                "bowsprit_plugin_calls_denied",
                "Calls of a plugin that its grants, its limits or the far side refused.",
            ),
            &["plugin"],
        )?;
        let tasks = IntGaugeVec::new(Opts::new("bowsprit_tasks", "Tasks in the inbox, by state."), &["state"])?;
        let undispatched = IntGauge::new("bowsprit_deliveries_undispatched", "Deliveries that wait for dispatch.")?;
        let version = IntGauge::new("prow_version", "The host's version: 1.2.3 is 1002003.")?;
        version.set(version_number(env!("CARGO_PKG_VERSION")));
        registry.register(Box::new(version))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(errors.clone()))?;
        registry.register(Box::new(reload_failed.clone()))?;
        registry.register(Box::new(quarantined.clone()))?;
        registry.register(Box::new(quarantines.clone()))?;
        registry.register(Box::new(denied.clone()))?;
        registry.register(Box::new(tasks.clone()))?;
        registry.register(Box::new(undispatched.clone()))?;
        Ok(Metrics { duration, errors, reload_failed, quarantined, quarantines, denied, tasks, undispatched })
    }

    /// Counts one run of a plugin.
    pub fn handled(&self, event: &str, plugin: &str, ran: &Ran) {
        let took_action = if ran.took_action { "true" } else { "false" };
        let labels = [event, ran.action.as_deref().unwrap_or("none"), plugin, took_action];
        self.duration.with_label_values(&labels).observe(ran.duration.as_secs_f64());
        if ran.denied > 0 {
            self.denied.with_label_values(&[plugin]).inc_by(ran.denied);
        }
        if ran.failed {
            self.errors.with_label_values(&labels).inc();
        }
    }
}

/// A version as one growing number, as Prow's (the time that it was built) is one.
fn version_number(version: &str) -> i64 {
    let parts = version.split(['.', '-', '+']).take(3).map(|part| part.parse::<i64>().unwrap_or(0));
    parts.chain(std::iter::repeat(0)).take(3).fold(0, |number, part| number * 1000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_growing_number() {
        for (version, want) in [("0.1.0", 1000), ("1.2.3", 1_002_003), ("1.2.3-rc.1", 1_002_003), ("2", 2_000_000)] {
            assert_eq!(version_number(version), want, "{version}");
        }
    }
}
