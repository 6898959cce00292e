//! The parts of a job that its ProwJobs carry as JSON: which keys they have, of which types.
//!
//! They are read as these types and become JSON again, so that a number where a text belongs is the text, and a key that
//! Prow does not know goes no further, as with Prow's own reader.

mod decoration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::problem::{KeyPath, Problems};
use crate::prowjob::ProwJobState;
use crate::refs::Refs;

pub use decoration::{
    CensoringOptions, GcsConfiguration, RawDecoration, SchedulingOptions, SecretKey, UtilityImages, UtilityResources,
};

/// `reporter_config`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReporterConfig {
    /// What is told on Slack.
    pub slack: Option<SlackOverride>,
}

/// What a job has told on Slack otherwise than `slack_reporter_configs` says. An empty list of states is not the same as
/// none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are those of `slack_reporter_configs`")]
pub struct SlackOverride {
    pub host: Option<String>,
    pub channel: Option<String>,
    pub job_states_to_report: Option<Vec<ProwJobState>>,
    pub report_template: Option<String>,
    pub report: Option<bool>,
}

/// `rerun_auth_config`: who may run a job again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RerunAuthConfig {
    /// Everybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_anyone: bool,
    /// Members of these teams, by number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub github_team_ids: Vec<i64>,
    /// Members of these teams, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub github_team_slugs: Vec<TeamSlug>,
    /// These.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub github_users: Vec<String>,
    /// Members of these orgs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub github_orgs: Vec<String>,
}

/// A team of an org.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct TeamSlug {
    pub slug: String,
    pub org: String,
}

impl RerunAuthConfig {
    /// Behaviour: Prow pkg/apis/prowjobs/v1, `RerunAuthConfig.Validate`.
    pub(crate) fn check(&self, file: &str, at: &KeyPath, problems: &mut Problems) {
        let names_some = !self.github_users.is_empty()
            || !self.github_team_ids.is_empty()
            || !self.github_team_slugs.is_empty()
            || !self.github_orgs.is_empty();
        if self.allow_anyone && names_some {
            problems.add(file, at.clone(), "`allow_anyone` stands beside users, teams or orgs: keep one of the two");
        }
    }
}

/// `prowjob_defaults`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProwJobDefaults {
    /// Where results are stored beside the bucket.
    pub resultstore_config: Option<ResultStoreConfig>,
    /// Whose job it is.
    pub tenant_id: Option<String>,
}

/// `resultstore_config`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResultStoreConfig {
    /// The cloud project.
    pub project_id: Option<String>,
}

impl ProwJobDefaults {
    /// The tenant of jobs that name none.
    pub const TENANT: &str = "GlobalDefaultID";

    /// These, and where they say nothing, `default`'s.
    #[must_use]
    pub fn over(self, default: &Self) -> Self {
        let written = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            resultstore_config: self.resultstore_config.or_else(|| default.resultstore_config.clone()),
            tenant_id: written(self.tenant_id).or_else(|| default.tenant_id.clone()),
        }
    }
}

/// `jenkins_spec`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JenkinsSpec {
    /// The job on Jenkins is of its GitHub Branch Source plugin.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub github_branch_source_job: bool,
}

/// `retry` of a periodic, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RawRetry {
    /// Successful runs are repeated, too.
    pub run_all: bool,
    /// How often.
    pub attempts: i64,
    /// The pause before it, in Go's spelling.
    pub interval: String,
}

/// `tekton_pipeline_run_spec`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TektonSpec {
    /// A `PipelineRunSpec` of this version of Tekton's API.
    pub v1beta1: Option<Value>,
}

/// One of `extra_refs`, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are documented in refs")]
pub struct RawRef {
    pub org: String,
    pub repo: String,
    pub repo_link: String,
    pub base_ref: String,
    pub base_sha: String,
    pub base_link: String,
    pub pulls: Option<Vec<Value>>,
    pub path_alias: String,
    pub workdir: bool,
    pub auxiliary: bool,
    pub clone_uri: String,
    pub skip_submodules: bool,
    pub clone_depth: i64,
    pub skip_fetch_head: bool,
    pub blobless_fetch: Option<bool>,
    pub sparse_checkout_files: Vec<String>,
}

impl From<RawRef> for Refs {
    fn from(raw: RawRef) -> Self {
        Self {
            org: raw.org,
            repo: raw.repo,
            repo_link: raw.repo_link,
            base_ref: raw.base_ref,
            base_sha: raw.base_sha,
            base_link: raw.base_link,
            pulls: raw.pulls.into_iter().flatten().filter_map(|pull| serde_json::from_value(pull).ok()).collect(),
            path_alias: raw.path_alias,
            workdir: raw.workdir,
            auxiliary: raw.auxiliary,
            clone_uri: raw.clone_uri,
            skip_submodules: raw.skip_submodules,
            clone_depth: raw.clone_depth,
            skip_fetch_head: raw.skip_fetch_head,
            blobless_fetch: raw.blobless_fetch,
            sparse_checkout_files: raw.sparse_checkout_files,
            rest: serde_json::Map::new(),
        }
    }
}

/// What is set, as JSON.
pub(crate) fn as_json<T: Serialize>(value: &T) -> Value {
    let mut json = serde_json::to_value(value).expect("types with text keys alone are JSON");
    drop_nulls(&mut json);
    json
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(map) = value {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(drop_nulls);
    }
}
