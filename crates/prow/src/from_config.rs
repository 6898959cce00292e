//! What a job's config says, as its ProwJobs carry it.

use crate::create::JobFacts;
use crate::job::JobBase;
use crate::kept::KeptJson;
use crate::postsubmit::Postsubmit;
use crate::presubmit::Presubmit;

impl From<&Presubmit> for JobFacts {
    fn from(job: &Presubmit) -> Self {
        Self {
            context: job.context.clone(),
            rerun_command: job.rerun_command.clone(),
            skip_report: job.skip_report,
            optional: job.optional,
            jenkins_spec: job.jenkins_spec.clone(),
            ..of_base(&job.base)
        }
    }
}

impl From<&Postsubmit> for JobFacts {
    fn from(job: &Postsubmit) -> Self {
        Self {
            context: job.context.clone(),
            skip_report: job.skip_report,
            jenkins_spec: job.jenkins_spec.clone(),
            ..of_base(&job.base)
        }
    }
}

fn of_base(job: &JobBase) -> JobFacts {
    JobFacts {
        name: job.name.clone(),
        agent: job.agent.clone(),
        cluster: job.cluster.clone(),
        namespace: job.namespace.clone(),
        max_concurrency: job.max_concurrency,
        job_queue_name: job.job_queue_name.clone(),
        error_on_eviction: job.error_on_eviction,
        hidden: job.hidden,
        pod_spec: job.pod_spec.as_ref().map(KeptJson::value),
        pipeline_run_spec: job.pipeline_run_spec.as_ref().map(KeptJson::value),
        tekton_pipeline_run_spec: job.tekton_pipeline_run_spec.as_ref().map(KeptJson::value),
        decoration_config: job.decoration_config.as_ref().map(KeptJson::value),
        reporter_config: job.reporter_config.as_ref().map(KeptJson::value),
        rerun_auth_config: job.rerun_auth_config.as_ref().map(KeptJson::value),
        prowjob_defaults: job.prowjob_defaults.as_ref().map(KeptJson::value),
        extra_refs: job.extra_refs.clone(),
        path_alias: job.path_alias.clone(),
        clone_uri: job.clone_uri.clone(),
        skip_submodules: job.skip_submodules,
        clone_depth: job.clone_depth,
        skip_fetch_head: job.skip_fetch_head,
        labels: job.labels.clone(),
        annotations: job.annotations.clone(),
        ..JobFacts::default()
    }
}
