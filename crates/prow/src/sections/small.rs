//! Sections of a few keys each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::raw_config::{DurationOr, GoDuration};

/// `horologium`: what starts periodics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Horologium {
    /// The pause between looks at the clock.
    pub tick_interval: DurationOr<60>,
}

/// `moonraker`: what reads in-repo config for others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Moonraker {
    /// How long its clients wait.
    pub client_timeout: DurationOr<600>,
}

/// `pipeline`: what runs the jobs with the agent `tekton-pipeline`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pipeline {
    /// A newer postsubmit does not abort an older one.
    pub allow_concurrent_postsubmit_jobs: bool,
}

/// `push_gateway`: where metrics are pushed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PushGateway {
    /// Its address; empty for none.
    pub endpoint: String,
    /// The pause between pushes.
    pub interval: DurationOr<60>,
    /// Whether metrics are served, too.
    pub serve_metrics: bool,
}

/// `scheduler`: what chooses the build cluster of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Scheduler {
    /// New ProwJobs start in `scheduling`.
    pub enabled: bool,
    /// One cluster for another.
    pub failover: Option<Failover>,
    /// A service that is asked.
    pub external: Option<ExternalScheduler>,
}

/// `scheduler.failover`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Failover {
    /// Which cluster stands in for which.
    pub mappings: BTreeMap<String, String>,
}

/// `scheduler.external`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ExternalScheduler {
    /// Where it is asked.
    pub url: String,
    /// How long its answers count.
    pub cache: SchedulerCache,
}

/// `scheduler.external.cache`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct SchedulerCache {
    pub entry_timeout_interval: Option<GoDuration>,
    pub cleanup_interval: Option<GoDuration>,
}

/// `managed_webhooks`: webhooks whose keys Prow's `hmac` makes and renews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedWebhooks {
    /// The key that all had before stays.
    pub respect_legacy_global_token: bool,
    /// Invitations to repositories are accepted.
    pub auto_accept_invitation: bool,
    /// By org and org/repo.
    pub org_repo_config: BTreeMap<String, ManagedWebhook>,
}

/// One of `managed_webhooks.org_repo_config`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ManagedWebhook {
    /// A key that is older than this is replaced. That it must not lie in the future is for whoever has a clock.
    pub token_created_after: Option<Timestamp>,
}

/// `prowjob_default_entries`, of which each later one that fits a job counts before the earlier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ProwJobDefaultEntry {
    /// An org or org/repo; empty or `*` for any.
    pub repo: String,
    /// A build cluster; empty or `*` for any.
    pub cluster: String,
    /// What the jobs get that do not say it.
    pub config: Option<crate::job_shapes::ProwJobDefaults>,
}
