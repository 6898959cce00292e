//! Prow's metrics of the talk with GitHub, so that its dashboards go on working.

use std::time::Duration;

use jiff::Timestamp;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use crate::limits::Limits;

#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    usage: GaugeVec,
    reset: GaugeVec,
    duration: HistogramVec,
    responses: IntCounterVec,
    user: GaugeVec,
}

/// How the cache took part in one answer; the words are ghproxy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CacheMode {
    NoStore,
    Miss,
    Changed,
    Revalidated,
    Skip,
    Error,
}

impl CacheMode {
    fn word(self) -> &'static str {
        match self {
            Self::NoStore => "NO-STORE",
            Self::Miss => "MISS",
            Self::Changed => "CHANGED",
            Self::Revalidated => "REVALIDATED",
            Self::Skip => "SKIP",
            Self::Error => "ERROR",
        }
    }
}

/// The labels that every metric of one request shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    pub(crate) token_hash: &'a str,
    /// The path's template, so that there are as many series as operations.
    pub(crate) path: &'a str,
    pub(crate) user_agent: &'a str,
}

const BUDGET_LABELS: &[&str] = &["token_hash", "api_version", "ratelimit_resource"];

impl Metrics {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            usage: GaugeVec::new(
                Opts::new("github_token_usage", "Requests that the token may still make until its limit is reset."),
                BUDGET_LABELS,
            )?,
            reset: GaugeVec::new(
                Opts::new("github_token_reset", "Nanoseconds until the token's limit is reset, when last told."),
                BUDGET_LABELS,
            )?,
            duration: HistogramVec::new(
                HistogramOpts::new("github_request_duration", "Seconds that GitHub took to answer.")
                    .buckets(vec![0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0]),
                &["token_hash", "path", "status", "user_agent"],
            )?,
            responses: IntCounterVec::new(
                Opts::new("ghcache_responses", "Answers by the part that the ETag cache took in them."),
                &["mode", "path", "user_agent", "token_hash"],
            )?,
            user: GaugeVec::new(
                Opts::new("github_user_info", "Whose the personal token is; always 1."),
                &["token_hash", "login", "email"],
            )?,
        };
        registry.register(Box::new(metrics.user.clone()))?;
        registry.register(Box::new(metrics.usage.clone()))?;
        registry.register(Box::new(metrics.reset.clone()))?;
        registry.register(Box::new(metrics.duration.clone()))?;
        registry.register(Box::new(metrics.responses.clone()))?;
        Ok(metrics)
    }

    pub(crate) fn answered(&self, labels: Labels<'_>, status: u16, took: Duration) {
        let status = status.to_string();
        self.duration
            .with_label_values(&[labels.token_hash, labels.path, &status, labels.user_agent])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn user(&self, token_hash: &str, login: &str, email: &str) {
        self.user.with_label_values(&[token_hash, login, email]).set(1.0);
    }

    pub(crate) fn cached(&self, labels: Labels<'_>, mode: CacheMode) {
        self.responses.with_label_values(&[mode.word(), labels.path, labels.user_agent, labels.token_hash]).inc();
    }

    pub(crate) fn budget(&self, token_hash: &str, api_version: &str, limits: &Limits, now: Timestamp) {
        let resource = limits.resource.as_deref().unwrap_or("core");
        let labels = [token_hash, api_version, resource];
        if let Some(remaining) = limits.remaining {
            self.usage.with_label_values(&labels).set(remaining as f64);
        }
        if let Some(reset) = limits.reset {
            self.reset.with_label_values(&labels).set(reset.duration_since(now).as_nanos() as f64);
        }
    }
}
