//! config.yaml and job files as they are written: what the checked [`crate::core_config`] and [`crate::job_config`]
//! are made of. Keys that nothing here reads are left out; whoever deserialises can tell which those were.

mod duration;
mod job;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::job_shapes::RawDecoration;
use crate::prowjob::ProwJobType;
use crate::sections::branch_protection::BranchProtection;
use crate::sections::deck::Deck;
use crate::sections::gangway::Gangway;
use crate::sections::gerrit::Gerrit;
use crate::sections::jenkins::JenkinsOperator;
use crate::sections::pubsub::PubsubTrigger;
use crate::sections::slack::SlackReporters;
use crate::sections::small::{
    Horologium, ManagedWebhooks, Moonraker, Pipeline, ProwJobDefaultEntry, PushGateway, Scheduler,
};
use crate::sections::tide::Tide;

pub use duration::{DurationOr, GoDuration};
pub use job::RawJob;

/// Keys at the top of config.yaml that are Prow's, and that supplemental files may not hold.
pub const CORE_KEYS: [&str; 29] = [
    "config_version_sha",
    "deck",
    "default_job_timeout",
    "disabled_clusters",
    "gangway",
    "gerrit",
    "github",
    "github_reporter",
    "horologium",
    "in_repo_config",
    "jenkins_operators",
    "log_level",
    "managed_webhooks",
    "moonraker",
    "owners_dir_denylist",
    "pipeline",
    "plank",
    "pod_namespace",
    "prowjob_default_entries",
    "prowjob_namespace",
    "pubsub_subscriptions",
    "pubsub_triggers",
    "push_gateway",
    "scheduler",
    "sinker",
    "status_error_link",
    "tide",
    "branch-protection",
    "slack_reporter_configs",
];

/// Keys that may hold anything and mean nothing.
pub const UNREAD_KEYS: [&str; 1] = ["prow_ignored"];

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
    pub scheduler: Option<Scheduler>,
    /// What jobs get that do not say it.
    pub prowjob_default_entries: Option<Vec<ProwJobDefaultEntry>>,
    /// What is merged by itself.
    pub tide: Option<Tide>,
    /// What GitHub is to demand of pushes and merges.
    #[serde(rename = "branch-protection")]
    pub branch_protection: Option<BranchProtection>,
    /// The web page.
    pub deck: Option<Deck>,
    /// Changes beside GitHub's.
    pub gerrit: Option<Gerrit>,
    /// Who may start jobs through the API.
    pub gangway: Option<Gangway>,
    /// What starts periodics.
    pub horologium: Option<Horologium>,
    /// What reads in-repo config for others.
    pub moonraker: Option<Moonraker>,
    /// What runs Tekton's jobs.
    pub pipeline: Option<Pipeline>,
    /// Where metrics are pushed to.
    pub push_gateway: Option<PushGateway>,
    /// Who runs Jenkins's jobs.
    pub jenkins_operators: Option<Vec<JenkinsOperator>>,
    /// What is told on Slack.
    pub slack_reporter_configs: Option<SlackReporters>,
    /// The older form of the next.
    pub pubsub_subscriptions: Option<BTreeMap<String, Vec<String>>>,
    /// Messages that start jobs.
    pub pubsub_triggers: Option<Vec<PubsubTrigger>>,
    /// Webhooks whose keys are renewed.
    pub managed_webhooks: Option<ManagedWebhooks>,
    /// How much is logged.
    pub log_level: Option<String>,
    /// Where the status of a job that cannot be found links to.
    pub status_error_link: Option<String>,
    /// Build clusters that are left alone.
    pub disabled_clusters: Option<Vec<String>>,
    /// Which version of the configuration this is.
    pub config_version_sha: Option<String>,
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
    pub default_decoration_configs: Option<BTreeMap<String, Option<RawDecoration>>>,
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
    pub config: Option<RawDecoration>,
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
