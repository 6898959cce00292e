//! config.yaml and job files as they are written: what the checked [`crate::core_config`] and [`crate::job_config`]
//! are made of. Keys that nothing here reads are left out; whoever deserialises can tell which those were.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::Value;

use crate::duration::parse_go_duration;
use crate::prowjob::ProwJobType;

/// Top-level keys of config.yaml that Prow knows and nothing here acts on: no reason for a warning.
pub const UNREAD_KEYS: [&str; 20] = [
    "branch-protection",
    "config_version_sha",
    "deck",
    "disabled_clusters",
    "gangway",
    "gerrit",
    "horologium",
    "jenkins_operators",
    "log_level",
    "managed_webhooks",
    "moonraker",
    "pipeline",
    "prow_ignored",
    "prowjob_default_entries",
    "pubsub_subscriptions",
    "pubsub_triggers",
    "push_gateway",
    "slack_reporter_configs",
    "status_error_link",
    "tide",
];

/// A duration in Go's spelling, or a number of nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoDuration(pub Duration);

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = GoDuration;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a duration like `10m` or `1h30m`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoDuration, E> {
                parse_go_duration(text).map(GoDuration).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, nanos: u64) -> Result<GoDuration, E> {
                Ok(GoDuration(Duration::from_nanos(nanos)))
            }

            fn visit_i64<E: de::Error>(self, nanos: i64) -> Result<GoDuration, E> {
                let nanos = u64::try_from(nanos)
                    .map_err(|_| E::custom(format!("`{nanos}` is negative: write a duration like `10m`")))?;
                self.visit_u64(nanos)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// config.yaml, and the keys of it that job files may hold too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawConfig {
    /// Where ProwJobs live.
    pub prowjob_namespace: Option<String>,
    /// Where pods go.
    pub pod_namespace: Option<String>,
    /// The timeout of jobs that say none.
    pub default_job_timeout: Option<GoDuration>,
    /// About GitHub itself.
    pub github: Option<RawGithub>,
    /// The job controller.
    pub plank: Option<RawPlank>,
    /// The cleaner.
    pub sinker: Option<RawSinker>,
    /// Statuses and comments.
    pub github_reporter: Option<RawGithubReporter>,
    /// Whether new jobs wait for a scheduler.
    pub scheduler: Option<RawScheduler>,
    /// Whether jobs that do not say are decorated.
    pub decorate_all_jobs: Option<bool>,
    /// Folders whose OWNERS files do not count.
    pub owners_dir_denylist: Option<RawOwnersDirDenylist>,
    /// Who may define jobs in the repository itself.
    pub in_repo_config: Option<RawInRepoConfig>,
    /// Presets and jobs.
    pub presets: Option<Vec<RawPreset>>,
    /// By `org/repo`.
    pub presubmits: Option<BTreeMap<String, Option<Vec<RawJob>>>>,
    /// By `org/repo`.
    pub postsubmits: Option<BTreeMap<String, Option<Vec<RawJob>>>>,
    /// Of no repository.
    pub periodics: Option<Vec<RawJob>>,
}

/// `github`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawGithub {
    /// Where links for people point to.
    pub link_url: Option<String>,
}

/// `owners_dir_denylist`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawOwnersDirDenylist {
    /// For every repository.
    pub default: Option<Vec<String>>,
    /// By org or org/repo.
    pub repos: Option<BTreeMap<String, Option<Vec<String>>>>,
    /// Whether Prow's own do not count.
    pub ignore_preconfigured_defaults: Option<bool>,
}

/// `plank`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are documented where they are checked, in core_config")]
pub struct RawPlank {
    pub pod_pending_timeout: Option<GoDuration>,
    pub pod_running_timeout: Option<GoDuration>,
    pub pod_unscheduled_timeout: Option<GoDuration>,
    pub max_revivals: Option<u32>,
    pub max_concurrency: Option<i64>,
    pub max_goroutines: Option<i64>,
    pub job_queue_capacities: Option<BTreeMap<String, i64>>,
    pub job_url_template: Option<String>,
    pub report_template: Option<String>,
    pub report_templates: Option<BTreeMap<String, String>>,
    pub job_url_prefix_config: Option<BTreeMap<String, String>>,
    #[serde(rename = "jobURLPrefixDisableAppendStorageProvider")]
    pub disable_append_storage_provider: Option<bool>,
    pub default_decoration_configs: Option<BTreeMap<String, Value>>,
    pub default_decoration_config_entries: Option<Vec<RawDecorationEntry>>,
    pub build_cluster_status_file: Option<String>,
}

/// One of `plank.default_decoration_config_entries`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are documented where they are checked, in decoration")]
pub struct RawDecorationEntry {
    pub repo: Option<String>,
    pub cluster: Option<String>,
    pub config: Option<Value>,
}

/// `sinker`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are documented where they are checked, in core_config")]
pub struct RawSinker {
    pub resync_period: Option<GoDuration>,
    pub max_prowjob_age: Option<GoDuration>,
    pub max_pod_age: Option<GoDuration>,
    pub terminated_pod_ttl: Option<GoDuration>,
    pub exclude_clusters: Option<Vec<String>>,
}

/// `github_reporter`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are documented where they are checked, in core_config")]
pub struct RawGithubReporter {
    pub job_types_to_report: Option<Vec<ProwJobType>>,
    pub no_comment_repos: Option<Vec<String>>,
    pub summary_comment_repos: Option<Vec<String>>,
}

/// `scheduler`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawScheduler {
    /// New ProwJobs start in `scheduling`.
    pub enabled: Option<bool>,
    /// Which cluster stands in for which.
    pub failover: Option<Value>,
    /// A service that is asked for the cluster.
    pub external: Option<Value>,
}

/// `in_repo_config`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RawInRepoConfig {
    /// By `*`, org or org/repo; the narrowest counts.
    pub enabled: Option<BTreeMap<String, Option<bool>>>,
    /// By `*`, org or org/repo; all of them count.
    pub allowed_clusters: Option<BTreeMap<String, Option<Vec<String>>>>,
}

/// One of `presets`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RawPreset {
    /// The preset applies to jobs that have all of these.
    pub labels: Option<BTreeMap<String, String>>,
    /// Added to every container.
    pub env: Option<Vec<Value>>,
    /// Added to the pod.
    pub volumes: Option<Vec<Value>>,
    /// Added to every container.
    pub volume_mounts: Option<Vec<Value>>,
    /// Added to the pod.
    pub tolerations: Option<Vec<Value>>,
}

/// A presubmit, postsubmit or periodic: the keys of all three, as only the place tells which it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the keys are documented where they are checked, in job, presubmit, postsubmit and periodic"
)]
pub struct RawJob {
    pub name: Option<String>,
    pub labels: Option<BTreeMap<String, String>>,
    pub annotations: Option<BTreeMap<String, String>>,
    pub max_concurrency: Option<i64>,
    pub job_queue_name: Option<String>,
    pub agent: Option<String>,
    pub cluster: Option<String>,
    pub namespace: Option<String>,
    pub error_on_eviction: Option<bool>,
    pub spec: Option<Value>,
    pub pipeline_run_spec: Option<Value>,
    pub tekton_pipeline_run_spec: Option<Value>,
    pub reporter_config: Option<Value>,
    pub rerun_auth_config: Option<Value>,
    pub hidden: Option<bool>,
    pub prowjob_defaults: Option<Value>,
    pub decorate: Option<bool>,
    pub decoration_config: Option<Value>,
    pub path_alias: Option<String>,
    pub clone_uri: Option<String>,
    pub skip_submodules: Option<bool>,
    pub clone_depth: Option<i64>,
    pub skip_fetch_head: Option<bool>,
    pub extra_refs: Option<Vec<Value>>,
    pub prow_ignored: Option<Value>,
    // presubmits and postsubmits
    pub always_run: Option<bool>,
    pub run_if_changed: Option<String>,
    pub skip_if_only_changed: Option<String>,
    pub branches: Option<Vec<String>>,
    pub skip_branches: Option<Vec<String>>,
    pub context: Option<String>,
    pub skip_report: Option<bool>,
    pub jenkins_spec: Option<Value>,
    // presubmits
    pub optional: Option<bool>,
    pub run_before_merge: Option<bool>,
    pub trigger: Option<String>,
    pub rerun_command: Option<String>,
    // periodics
    pub cron: Option<String>,
    pub interval: Option<String>,
    pub minimum_interval: Option<String>,
    pub tags: Option<Vec<String>>,
    pub retry: Option<Value>,
}
