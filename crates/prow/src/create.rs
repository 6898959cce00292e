//! New ProwJobs, made of what a job's config says and what source it is to run on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::labels;
use crate::prowjob::{KUBERNETES_AGENT, ProwJob, ProwJobSpec, ProwJobState, ProwJobType};
use crate::refs::Refs;

/// What a job's config says, as far as its ProwJobs carry it. Defaults of the config are filled in already.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobFacts {
    /// The job's name.
    pub name: String,
    /// The context of its commit status; empty is the name.
    pub context: String,
    /// The comment that runs it again.
    pub rerun_command: String,
    /// Who runs it; empty is `kubernetes`.
    pub agent: String,
    /// The build cluster's alias.
    pub cluster: String,
    /// Where its pod goes.
    pub namespace: String,
    /// How many runs may be pending at once; 0 is any number.
    pub max_concurrency: u64,
    /// A queue with a capacity of its own.
    pub job_queue_name: String,
    /// Whether an eviction ends it.
    pub error_on_eviction: bool,
    /// Whether the web page leaves it out.
    pub hidden: bool,
    /// Whether its outcome stays unreported.
    pub skip_report: bool,
    /// Whether a merge does without it (presubmits).
    pub optional: bool,
    /// The pod as the job's author wrote it, presets merged in.
    pub pod_spec: Option<Value>,
    /// For the agent `jenkins`.
    pub jenkins_spec: Option<Value>,
    /// For the agent `tekton-pipeline`.
    pub pipeline_run_spec: Option<Value>,
    /// For the agent `tekton-pipeline`.
    pub tekton_pipeline_run_spec: Option<Value>,
    /// Decoration, all defaults merged in. Absent: not decorated.
    pub decoration_config: Option<Value>,
    /// What reporters are to do differently.
    pub reporter_config: Option<Value>,
    /// Who may run it again.
    pub rerun_auth_config: Option<Value>,
    /// Tenant and the like.
    pub prowjob_defaults: Option<Value>,
    /// Further repositories to clone.
    pub extra_refs: Vec<Refs>,
    /// Laid over the event's refs.
    pub path_alias: String,
    /// Laid over the event's refs.
    pub clone_uri: String,
    /// Laid over the event's refs.
    pub skip_submodules: bool,
    /// Laid over the event's refs.
    pub clone_depth: i64,
    /// Laid over the event's refs.
    pub skip_fetch_head: bool,
    /// Labels of the job's config.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the job's config.
    pub annotations: BTreeMap<String, String>,
}

/// What one creation adds to the job's config.
#[derive(Debug, Clone, PartialEq)]
pub struct Creation {
    /// The ProwJob's name.
    pub name: String,
    /// The ProwJob's namespace.
    pub namespace: String,
    /// The clock.
    pub now: Timestamp,
    /// The GUID of the delivery that asks for it; empty where there is none.
    pub event_guid: String,
    /// Labels beyond those of the job's config, for example [`labels::RETEST`]. They win over the config's.
    pub labels: BTreeMap<String, String>,
    /// Whether a scheduler assigns clusters first (`scheduler.enabled`).
    pub scheduled: bool,
}

/// A presubmit's ProwJob. `refs` is what the event says: base and one pull request.
/// Behaviour: Prow pkg/pjutil, `NewPresubmit`.
pub fn new_presubmit(job: &JobFacts, refs: Refs, creation: &Creation) -> ProwJob {
    let mut extra = creation.labels.clone();
    extra.insert(labels::IS_OPTIONAL.to_owned(), job.optional.to_string());
    new(ProwJobType::Presubmit, job, refs, extra, creation)
}

/// A postsubmit's ProwJob. `refs` is what the push says: the base, no pulls.
/// Behaviour: Prow pkg/pjutil, `PostsubmitSpec` and `NewProwJob`.
pub fn new_postsubmit(job: &JobFacts, refs: Refs, creation: &Creation) -> ProwJob {
    new(ProwJobType::Postsubmit, job, refs, creation.labels.clone(), creation)
}

fn new(
    job_type: ProwJobType,
    job: &JobFacts,
    refs: Refs,
    mut extra: BTreeMap<String, String>,
    creation: &Creation,
) -> ProwJob {
    let spec = spec(job_type, job, refs);
    if !creation.event_guid.is_empty() {
        extra.insert(labels::EVENT_GUID.to_owned(), creation.event_guid.clone());
    }
    let mut own = job.labels.clone();
    own.extend(extra);
    let (labels, annotations) = labels::for_spec(&spec, &own, &job.annotations);

    let mut prowjob = ProwJob::new(&creation.name, spec);
    prowjob.metadata.namespace.clone_from(&creation.namespace);
    prowjob.metadata.labels = labels;
    prowjob.metadata.annotations = annotations;
    prowjob.status.start_time = Some(creation.now);
    prowjob.status.state = if creation.scheduled { ProwJobState::Scheduling } else { ProwJobState::Triggered };
    prowjob
}

fn spec(job_type: ProwJobType, job: &JobFacts, refs: Refs) -> ProwJobSpec {
    let decoration = job.decoration_config.as_ref();
    ProwJobSpec {
        agent: or(&job.agent, KUBERNETES_AGENT),
        cluster: job.cluster.clone(),
        namespace: job.namespace.clone(),
        refs: Some(primary(laid_over(job, refs), decoration)),
        extra_refs: job.extra_refs.iter().cloned().map(|refs| blobless(refs, decoration)).collect(),
        report: !job.skip_report,
        context: or(&job.context, &job.name),
        rerun_command: job.rerun_command.clone(),
        max_concurrency: job.max_concurrency,
        error_on_eviction: job.error_on_eviction,
        pod_spec: job.pod_spec.clone(),
        jenkins_spec: job.jenkins_spec.clone(),
        pipeline_run_spec: job.pipeline_run_spec.clone(),
        tekton_pipeline_run_spec: job.tekton_pipeline_run_spec.clone(),
        decoration_config: job.decoration_config.clone(),
        reporter_config: job.reporter_config.clone().map(with_slack_report),
        rerun_auth_config: job.rerun_auth_config.clone(),
        hidden: job.hidden,
        prowjob_defaults: job.prowjob_defaults.clone(),
        job_queue_name: job.job_queue_name.clone(),
        ..ProwJobSpec::new(job_type, &job.name)
    }
}

/// The event's refs with what the job's config says about cloning.
fn laid_over(job: &JobFacts, mut refs: Refs) -> Refs {
    if !job.path_alias.is_empty() {
        refs.path_alias.clone_from(&job.path_alias);
    }
    if !job.clone_uri.is_empty() {
        refs.clone_uri.clone_from(&job.clone_uri);
    }
    refs.skip_submodules = job.skip_submodules;
    refs.clone_depth = job.clone_depth;
    refs.skip_fetch_head = job.skip_fetch_head;
    refs
}

/// Decoration says more about the primary refs than about the extra ones: which files to check out.
fn primary(refs: Refs, decoration: Option<&Value>) -> Refs {
    let mut refs = blobless(refs, decoration);
    let files = decoration.and_then(|d| d.get("sparse_checkout_files")).and_then(Value::as_array);
    if let Some(files) = files.filter(|files| !files.is_empty()) {
        refs.sparse_checkout_files = files.iter().filter_map(|f| f.as_str().map(str::to_owned)).collect();
    }
    refs
}

fn blobless(mut refs: Refs, decoration: Option<&Value>) -> Refs {
    if refs.blobless_fetch.is_none() {
        refs.blobless_fetch = decoration.and_then(|d| d.get("blobless_fetch")).and_then(Value::as_bool);
    }
    refs
}

/// A job's Slack settings say plainly whether it reports: an explicit `report` stands; else an explicitly empty list of
/// states means no, and anything else yes.
fn with_slack_report(mut reporter: Value) -> Value {
    if let Some(slack) = reporter.get_mut("slack").and_then(Value::as_object_mut)
        && !slack.get("report").is_some_and(Value::is_boolean)
    {
        let empty = slack.get("job_states_to_report").and_then(Value::as_array).is_some_and(Vec::is_empty);
        slack.insert("report".to_owned(), Value::Bool(!empty));
    }
    reporter
}

fn or(value: &str, default: &str) -> String {
    if value.is_empty() { default } else { value }.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts() -> JobFacts {
        JobFacts {
            name: "unit".into(),
            rerun_command: "/test unit".into(),
            labels: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
            annotations: BTreeMap::from([("note".to_owned(), "free text".to_owned())]),
            ..JobFacts::default()
        }
    }

    fn creation() -> Creation {
        Creation {
            name: "6f1d".into(),
            namespace: "prow".into(),
            now: "2026-01-02T03:04:05Z".parse().unwrap(),
            event_guid: "guid-1".into(),
            labels: BTreeMap::from([("team".to_owned(), "b".to_owned())]),
            scheduled: false,
        }
    }

    fn refs() -> Refs {
        serde_json::from_value(json!({
            "org": "o", "repo": "r", "base_ref": "main", "base_sha": "b", "pulls": [{"number": 7, "author": "a", "sha": "s"}]
        }))
        .unwrap()
    }

    #[test]
    fn a_presubmit_carries_what_config_event_and_creation_say() {
        let job = new_presubmit(&facts(), refs(), &creation());
        insta::assert_snapshot!(serde_json::to_string_pretty(&job).unwrap());
    }

    #[test]
    fn a_postsubmit_has_no_optional_label() {
        let job = new_postsubmit(&facts(), refs(), &creation());
        assert_eq!(job.spec.job_type, ProwJobType::Postsubmit);
        assert_eq!(job.label(labels::IS_OPTIONAL), None);
        assert_eq!(job.label(labels::EVENT_GUID), Some("guid-1"));
    }

    #[test]
    fn skip_report_and_context_show() {
        let mut facts = facts();
        facts.skip_report = true;
        facts.context = "ci/unit".into();
        facts.optional = true;
        let job = new_presubmit(&facts, refs(), &Creation { event_guid: String::new(), ..creation() });
        assert!(!job.spec.report);
        assert_eq!(job.spec.context, "ci/unit");
        assert_eq!((job.label(labels::IS_OPTIONAL), job.label(labels::EVENT_GUID)), (Some("true"), None));
    }

    #[test]
    fn case_59_with_a_scheduler_the_postsubmit_of_a_push_starts_in_scheduling() {
        let state = |scheduled| new_postsubmit(&facts(), refs(), &Creation { scheduled, ..creation() }).status.state;
        assert_eq!([state(true), state(false)], [ProwJobState::Scheduling, ProwJobState::Triggered]);
    }

    #[test]
    fn config_says_how_to_clone() {
        let mut facts = facts();
        facts.path_alias = "k8s.io/r".into();
        facts.clone_uri = "file:///r".into();
        facts.clone_depth = 3;
        facts.extra_refs = vec![Refs { blobless_fetch: Some(false), ..Refs::default() }, Refs::default()];
        facts.decoration_config = Some(json!({"blobless_fetch": true, "sparse_checkout_files": ["a"]}));
        let spec = new_presubmit(&facts, refs(), &creation()).spec;
        let main = spec.refs.unwrap();
        assert_eq!((main.path_alias.as_str(), main.clone_uri.as_str(), main.clone_depth), ("k8s.io/r", "file:///r", 3));
        assert_eq!((main.blobless_fetch, main.sparse_checkout_files), (Some(true), vec!["a".to_owned()]));
        assert_eq!(spec.extra_refs[0].blobless_fetch, Some(false));
        assert_eq!(spec.extra_refs[1].blobless_fetch, Some(true));
        assert!(spec.extra_refs[1].sparse_checkout_files.is_empty());
    }

    #[track_caller]
    fn check_slack(slack: Value, want: bool) {
        let facts = JobFacts { reporter_config: Some(json!({"slack": slack})), ..facts() };
        let job = new_postsubmit(&facts, refs(), &creation());
        assert_eq!(job.spec.reporter_config.unwrap()["slack"]["report"], want, "{slack}");
    }

    #[test]
    fn slack_reporting_is_made_explicit() {
        check_slack(json!({"channel": "c"}), true);
        check_slack(json!({"job_states_to_report": []}), false);
        check_slack(json!({"job_states_to_report": ["failure"]}), true);
        check_slack(json!({"job_states_to_report": [], "report": true}), true);
        check_slack(json!({"report": false}), false);
    }
}
