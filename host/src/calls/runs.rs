//! ProwJobs in their store, as plugins may see and change them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobState, ProwJobType};
use store::{ProwJobs, Selector, StoreError};

use crate::contract::prowjobs_read;
use crate::contract::types::{ApiError, ErrorKind, RepoRef};
use crate::journal::Fault;

/// The runs of presubmits on a pull request, the newest first.
pub(super) async fn of_pull(
    prowjobs: &ProwJobs,
    repo: &RepoRef,
    pr: u32,
) -> Result<Vec<prowjobs_read::Prowjob>, Fault> {
    let selector = Selector {
        // Not by organisation and repository: `.github` and the like are no label values, and so not on the object.
        labels: BTreeMap::from([
            (labels::PULL.to_owned(), pr.to_string()),
            (labels::TYPE.to_owned(), ProwJobType::Presubmit.to_string()),
        ]),
        incomplete_only: false,
    };
    let mut jobs = prowjobs.list(&selector).await.map_err(later)?;
    jobs.retain(|job| is_of(job, repo));
    jobs.sort_by_key(|job| std::cmp::Reverse((job.status.start_time, job.metadata.name.clone())));
    Ok(jobs.iter().map(shown).collect())
}

/// Its name is the effect's, so that one that is there already is this one.
pub(super) async fn keep(prowjobs: &ProwJobs, dry_run: bool, job: ProwJob) -> Result<String, Fault> {
    let name = job.metadata.name.clone();
    if dry_run {
        tracing::info!(job = %job.spec.job, "dry run: would create a ProwJob");
        return Ok(name);
    }
    prowjobs.create(&job).await.map_err(later)?;
    tracing::info!(prowjob = %name, job = %job.spec.job, "created");
    Ok(name)
}

/// Asks the controller to end a run; it completes the ProwJob. One that has ended, or is gone, is left as it is.
pub(super) async fn abort(
    prowjobs: &ProwJobs,
    dry_run: bool,
    (repo, name): (&RepoRef, &str),
    description: &str,
) -> Result<(), Fault> {
    loop {
        let Some(job) = prowjobs.get(name).await.map_err(later)? else { return Ok(()) };
        if !is_of(&job, repo) {
            let message = format!("ProwJob `{name}` is not of {}/{}", repo.org, repo.name);
            return Err(Fault::Answer(ApiError { kind: ErrorKind::Denied, message }));
        }
        if job.is_complete() || job.status.state == ProwJobState::Aborted {
            return Ok(());
        }
        if dry_run {
            tracing::info!(prowjob = %name, "dry run: would abort");
            return Ok(());
        }
        let patch = serde_json::json!({ "status": { "state": "aborted", "description": description } });
        match prowjobs.patch_if(name, &job.metadata.resource_version, &patch).await {
            Ok(_) => return Ok(()),
            // The controller was faster: it may have ended meanwhile.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(later(error)),
        }
    }
}

fn shown(job: &ProwJob) -> prowjobs_read::Prowjob {
    let state = match job.status.state {
        ProwJobState::Scheduling => prowjobs_read::ProwjobState::Scheduling,
        // Without a state it has not been looked at yet.
        ProwJobState::Triggered | ProwJobState::Unset => prowjobs_read::ProwjobState::Triggered,
        ProwJobState::Pending => prowjobs_read::ProwjobState::Pending,
        ProwJobState::Success => prowjobs_read::ProwjobState::Success,
        ProwJobState::Failure => prowjobs_read::ProwjobState::Failure,
        ProwJobState::Aborted => prowjobs_read::ProwjobState::Aborted,
        ProwJobState::Error => prowjobs_read::ProwjobState::Error,
    };
    let job_type = match job.spec.job_type {
        ProwJobType::Presubmit => prowjobs_read::ProwjobType::Presubmit,
        ProwJobType::Postsubmit => prowjobs_read::ProwjobType::Postsubmit,
        ProwJobType::Periodic => prowjobs_read::ProwjobType::Periodic,
        ProwJobType::Batch => prowjobs_read::ProwjobType::Batch,
    };
    let (name, job_name, complete) = (job.metadata.name.clone(), job.spec.job.clone(), job.is_complete());
    prowjobs_read::Prowjob { name, job: job_name, job_type, state, complete }
}

/// Whether a ProwJob is of this repository.
fn is_of(job: &ProwJob, repo: &RepoRef) -> bool {
    job.spec.refs.as_ref().is_some_and(|refs| refs.org == repo.org && refs.repo == repo.name)
}

fn later(error: StoreError) -> Fault {
    let until = Timestamp::now() + std::time::Duration::from_secs(2);
    Fault::Later { until, why: error.to_string() }
}

#[cfg(test)]
mod tests;
