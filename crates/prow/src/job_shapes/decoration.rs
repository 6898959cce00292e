//! How a job is decorated: what clones its source, runs it and stores what comes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `decoration_config`, as written. Durations and what is Kubernetes' stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are Prow's; what they mean stands where they are acted on")]
pub struct RawDecoration {
    pub timeout: Option<Value>,
    pub grace_period: Option<Value>,
    pub utility_images: Option<UtilityImages>,
    pub resources: Option<UtilityResources>,
    pub gcs_configuration: Option<GcsConfiguration>,
    pub gcs_credentials_secret: Option<String>,
    pub s3_credentials_secret: Option<String>,
    pub default_service_account_name: Option<String>,
    pub ssh_key_secrets: Option<Vec<String>>,
    pub ssh_host_fingerprints: Option<Vec<String>>,
    pub blobless_fetch: Option<bool>,
    pub sparse_checkout_files: Option<Vec<String>>,
    pub skip_cloning: Option<bool>,
    pub cookiefile_secret: Option<String>,
    pub oauth_token_secret: Option<SecretKey>,
    pub github_api_endpoints: Option<Vec<String>>,
    pub github_app_id: Option<String>,
    pub github_app_private_key_secret: Option<SecretKey>,
    pub censor_secrets: Option<bool>,
    pub censoring_options: Option<CensoringOptions>,
    pub upload_ignores_interrupts: Option<bool>,
    pub set_limit_equals_memory_request: Option<bool>,
    pub default_memory_request: Option<Value>,
    pub scheduling_options: Option<SchedulingOptions>,
    pub pod_pending_timeout: Option<Value>,
    pub pod_running_timeout: Option<Value>,
    pub pod_unscheduled_timeout: Option<Value>,
    pub run_as_user: Option<i64>,
    pub run_as_group: Option<i64>,
    pub fs_group: Option<i64>,
}

/// `utility_images`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "one for each of Prow's pod utilities")]
pub struct UtilityImages {
    pub clonerefs: Option<String>,
    pub initupload: Option<String>,
    pub entrypoint: Option<String>,
    pub sidecar: Option<String>,
}

/// `resources`: what Kubernetes calls resource requirements, for each utility.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "one for each of Prow's pod utilities")]
pub struct UtilityResources {
    pub clonerefs: Option<Value>,
    pub initupload: Option<Value>,
    pub place_entrypoint: Option<Value>,
    pub sidecar: Option<Value>,
}

/// `gcs_configuration`: where logs and artifacts go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are Prow's; what they mean stands where they are acted on")]
pub struct GcsConfiguration {
    pub bucket: Option<String>,
    pub path_prefix: Option<String>,
    pub path_strategy: Option<String>,
    pub default_org: Option<String>,
    pub default_repo: Option<String>,
    #[serde(rename = "mediaTypes")]
    pub media_types: Option<BTreeMap<String, String>>,
    pub job_url_prefix: Option<String>,
    pub local_output_dir: Option<String>,
    pub compress_file_types: Option<Vec<String>>,
}

/// One key of a Kubernetes secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct SecretKey {
    pub name: Option<String>,
    pub key: Option<String>,
}

/// `censoring_options`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are Prow's; what they mean stands where they are acted on")]
pub struct CensoringOptions {
    pub censoring_concurrency: Option<i64>,
    pub censoring_buffer_size: Option<i64>,
    pub include_directories: Option<Vec<String>>,
    pub exclude_directories: Option<Vec<String>>,
    pub minimum_secret_length: Option<i64>,
}

/// `scheduling_options`, in Kubernetes' forms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct SchedulingOptions {
    pub affinity: Option<Value>,
    pub tolerations: Option<Vec<Value>>,
}
