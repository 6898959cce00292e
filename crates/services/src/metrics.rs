//! Prow's metrics of the talk with Jira and Bugzilla, so that its dashboards go on working.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, Registry};

/// How long requests took, if anybody wants to know.
#[derive(Debug, Clone, Default)]
pub(crate) enum Metrics {
    #[default]
    None,
    /// By the client's function and the status.
    Bugzilla(HistogramVec),
    /// By HTTP method, template of the path, and status.
    Jira(HistogramVec),
}

/// What one request is counted under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    /// The client's function, as Prow calls it: `GetBug`.
    pub(crate) function: &'static str,
    pub(crate) method: &'a str,
    /// The path's template, so that there are as many series as operations.
    pub(crate) template: &'static str,
    /// None where there was no answer.
    pub(crate) status: Option<u16>,
}

impl Metrics {
    pub(crate) fn bugzilla(registry: Option<&Registry>) -> Result<Self, prometheus::Error> {
        let buckets = vec![0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
        let histogram = registered(
            registry,
            HistogramOpts::new("bugzilla_request_duration", "Bugzilla request duration by API path.").buckets(buckets),
            &["method", "status"],
        )?;
        Ok(histogram.map_or(Self::None, Self::Bugzilla))
    }

    pub(crate) fn jira(registry: Option<&Registry>) -> Result<Self, prometheus::Error> {
        let buckets = vec![0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0];
        let histogram = registered(
            registry,
            HistogramOpts::new("jira_request_duration_seconds", "Jira request duration by API path.").buckets(buckets),
            &["method", "path", "status"],
        )?;
        Ok(histogram.map_or(Self::None, Self::Jira))
    }

    pub(crate) fn observe(&self, labels: Labels<'_>, took: Duration) {
        let said = labels.status.map(|status| status.to_string());
        match self {
            Self::None => {}
            Self::Bugzilla(histogram) => {
                let status = said.as_deref().unwrap_or_default();
                histogram.with_label_values(&[labels.function, status]).observe(took.as_secs_f64());
            }
            Self::Jira(histogram) => {
                let status = said.as_deref().unwrap_or("error");
                histogram.with_label_values(&[labels.method, labels.template, status]).observe(took.as_secs_f64());
            }
        }
    }
}

fn registered(
    registry: Option<&Registry>,
    opts: HistogramOpts,
    labels: &[&str],
) -> Result<Option<HistogramVec>, prometheus::Error> {
    let Some(registry) = registry else { return Ok(None) };
    let histogram = HistogramVec::new(opts, labels)?;
    registry.register(Box::new(histogram.clone()))?;
    Ok(Some(histogram))
}
