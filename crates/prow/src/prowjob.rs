//! The ProwJob, `prow.k8s.io/v1`, as stored and as every tool of the field reads it.
//!
//! Wire form and working form are one type here: each level keeps the keys it does not know in `rest`, so that an object
//! written by something newer loses nothing when it passes through. Keys that only other programs act on (`pod_spec`,
//! `decoration_config`, …) stay raw JSON. A key whose value is empty (`""`, `[]`, `false`, `0`, `null`) is as good as absent.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::lenient::or_default;
use crate::refs::Refs;

/// The `apiVersion` of every ProwJob.
pub const API_VERSION: &str = "prow.k8s.io/v1";
/// The `kind` of every ProwJob.
pub const KIND: &str = "ProwJob";
/// The `spec.agent` of the jobs that this system runs itself.
pub const KUBERNETES_AGENT: &str = "kubernetes";

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProwJob {
    /// [`API_VERSION`].
    #[serde(rename = "apiVersion", default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// [`KIND`].
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Name, labels and annotations.
    #[serde(default, deserialize_with = "or_default")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::metadata"))]
    pub metadata: ObjectMeta,
    /// What is to run and for what source; fixed at creation.
    pub spec: ProwJobSpec,
    /// How far it has come.
    #[serde(default, deserialize_with = "or_default")]
    pub status: ProwJobStatus,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Kubernetes' object metadata, as far as it is read here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// Unique among ProwJobs; a UUID for those created here.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The namespace, `prowjob_namespace` of the config for those created here.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Given by the store: differs between two objects that bore one name.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Given by the store: changes with every write.
    #[serde(
        rename = "resourceVersion",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "String::is_empty"
    )]
    pub resource_version: String,
    /// Given by the store.
    #[serde(
        rename = "creationTimestamp",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub creation_timestamp: Option<Timestamp>,
    /// See [`crate::labels`].
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// See [`crate::labels`].
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What makes a job start: `spec.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProwJobType {
    /// A pull request before its merge.
    Presubmit,
    /// A push.
    Postsubmit,
    /// The clock.
    Periodic,
    /// Several pull requests that are to be merged together.
    Batch,
}

impl ProwJobType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presubmit => "presubmit",
            Self::Postsubmit => "postsubmit",
            Self::Periodic => "periodic",
            Self::Batch => "batch",
        }
    }
}

impl fmt::Display for ProwJobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a ProwJob has come. Whether it is over says [`ProwJob::is_complete`], not this.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProwJobState {
    /// The object carries no state. Nothing acts on it.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Waits to be assigned to a cluster.
    Scheduling,
    /// Waits for room, or to be started.
    Triggered,
    /// Started; it may still be cloning.
    Pending,
    /// Ended well.
    Success,
    /// The job's own verdict: no.
    Failure,
    /// No longer wanted, or took too long. Without a completion time it is a request to stop.
    Aborted,
    /// Something other than the job went wrong.
    Error,
}

impl ProwJobState {
    /// Every state that an object can carry.
    pub const ALL: [Self; 7] =
        [Self::Scheduling, Self::Triggered, Self::Pending, Self::Success, Self::Failure, Self::Aborted, Self::Error];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "",
            Self::Scheduling => "scheduling",
            Self::Triggered => "triggered",
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Aborted => "aborted",
            Self::Error => "error",
        }
    }

    /// True where no state was given.
    pub fn is_unset(&self) -> bool {
        *self == Self::Unset
    }
}

impl fmt::Display for ProwJobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProwJobSpec {
    /// What made it start.
    #[serde(rename = "type")]
    pub job_type: ProwJobType,
    /// Who runs it; `kubernetes` is this system.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub agent: String,
    /// The build cluster's alias; empty is `default`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub cluster: String,
    /// Where its pod or pipeline goes.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The job's name.
    #[serde(default, deserialize_with = "or_default")]
    pub job: String,
    /// The source it tests; absent for periodics.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    pub refs: Option<Refs>,
    /// Further repositories to clone beside it.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub extra_refs: Vec<Refs>,
    /// Whether its outcome is reported.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub report: bool,
    /// The context of its commit status.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// The comment that runs it again.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub rerun_command: String,
    /// How many runs of this job may be pending at once; 0 is any number.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub max_concurrency: u64,
    /// Whether an eviction ends it.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub error_on_eviction: bool,
    /// The pod as the job's author wrote it, presets merged in.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub pod_spec: Option<Value>,
    /// For the agent `jenkins`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub jenkins_spec: Option<Value>,
    /// For the agent `tekton-pipeline`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub pipeline_run_spec: Option<Value>,
    /// For the agent `tekton-pipeline`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub tekton_pipeline_run_spec: Option<Value>,
    /// Timeouts, cloning and upload, all defaults merged in. Absent: not decorated.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub decoration_config: Option<Value>,
    /// What reporters are to do differently for this job.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub reporter_config: Option<Value>,
    /// Who may run it again.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub rerun_auth_config: Option<Value>,
    /// Whether the web page leaves it out.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub hidden: bool,
    /// Tenant and the like.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::any_object"))]
    pub prowjob_defaults: Option<Value>,
    /// A queue with a capacity of its own, `plank.job_queue_capacities`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub job_queue_name: String,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl ProwJobSpec {
    /// A spec with these two and nothing else.
    pub fn new(job_type: ProwJobType, job: impl Into<String>) -> Self {
        Self {
            job_type,
            job: job.into(),
            agent: String::new(),
            cluster: String::new(),
            namespace: String::new(),
            refs: None,
            extra_refs: Vec::new(),
            report: false,
            context: String::new(),
            rerun_command: String::new(),
            max_concurrency: 0,
            error_on_eviction: false,
            pod_spec: None,
            jenkins_spec: None,
            pipeline_run_spec: None,
            tekton_pipeline_run_spec: None,
            decoration_config: None,
            reporter_config: None,
            rerun_auth_config: None,
            hidden: false,
            prowjob_defaults: None,
            job_queue_name: String::new(),
            rest: Map::new(),
        }
    }
}

/// How far a ProwJob has come. Mind that Prow mixes two ways to spell keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProwJobStatus {
    /// When it was created.
    #[serde(rename = "startTime", default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Timestamp>,
    /// When it was started.
    #[serde(rename = "pendingTime", default, deserialize_with = "or_default", skip_serializing_if = "Option::is_none")]
    pub pending_time: Option<Timestamp>,
    /// When its end was noticed. Set: it is over.
    #[serde(
        rename = "completionTime",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub completion_time: Option<Timestamp>,
    /// Where it stands.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "ProwJobState::is_unset")]
    pub state: ProwJobState,
    /// A sentence for people.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where to look for its log.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The pod that runs it.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub pod_name: String,
    /// A number of this run, rising with time.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub build_id: String,
    /// For the agent `jenkins`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub jenkins_build_id: String,
    /// Reporter → the last state that it has carried outward.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub prev_report_states: BTreeMap<String, String>,
    /// How often its pod was started anew.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub pod_revival_count: i64,
    /// Keys not known here, kept as they came.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl ProwJob {
    /// A ProwJob of this name and spec, with an empty status.
    pub fn new(name: impl Into<String>, spec: ProwJobSpec) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
            spec,
            status: ProwJobStatus::default(),
            rest: Map::new(),
        }
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether it is over: the completion time alone decides.
    pub fn is_complete(&self) -> bool {
        self.status.completion_time.is_some()
    }

    /// The build cluster's alias, `default` where none is named.
    pub fn cluster_alias(&self) -> &str {
        if self.spec.cluster.is_empty() { "default" } else { &self.spec.cluster }
    }

    /// The refs that stand for this job: its own, else the first of the extra ones.
    pub fn main_refs(&self) -> Option<&Refs> {
        self.spec.refs.as_ref().or_else(|| self.spec.extra_refs.first())
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.metadata.labels.get(key).map(String::as_str)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
#[path = "prowjob_tests.rs"]
mod tests;
