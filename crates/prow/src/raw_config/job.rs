//! Jobs as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::job_shapes::{
    JenkinsSpec, ProwJobDefaults, RawDecoration, RawRef, RawRetry, ReporterConfig, RerunAuthConfig, TektonSpec,
};

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
    pub tekton_pipeline_run_spec: Option<TektonSpec>,
    pub reporter_config: Option<ReporterConfig>,
    pub rerun_auth_config: Option<RerunAuthConfig>,
    pub hidden: Option<bool>,
    pub prowjob_defaults: Option<ProwJobDefaults>,
    pub decorate: Option<bool>,
    pub decoration_config: Option<RawDecoration>,
    pub path_alias: Option<String>,
    pub clone_uri: Option<String>,
    pub skip_submodules: Option<bool>,
    pub clone_depth: Option<i64>,
    pub skip_fetch_head: Option<bool>,
    pub extra_refs: Option<Vec<RawRef>>,
    pub prow_ignored: Option<Value>,
    // presubmits and postsubmits
    pub always_run: Option<bool>,
    pub run_if_changed: Option<String>,
    pub skip_if_only_changed: Option<String>,
    pub branches: Option<Vec<String>>,
    pub skip_branches: Option<Vec<String>>,
    pub context: Option<String>,
    pub skip_report: Option<bool>,
    pub jenkins_spec: Option<JenkinsSpec>,
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
    pub retry: Option<RawRetry>,
}
