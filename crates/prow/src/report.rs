//! What GitHub is told about a ProwJob: the commit status.

use crate::labels;
use crate::prowjob::{ProwJob, ProwJobState, ProwJobType};
use crate::shorten::shortened;

/// The name under which a ProwJob's `prev_report_states` says what GitHub was told.
pub const REPORTER: &str = "github-reporter";

/// The longest description that GitHub takes. Its limit is characters; bytes are on the safe side.
pub const MAX_DESCRIPTION_BYTES: usize = 140;

const BASE_SHA: &str = " BaseSHA:";
/// A wide blank that pushes the base commit out of sight.
const PADDING: char = '\u{2001}';

/// GitHub's four words for how a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusState {
    /// Not decided yet.
    Pending,
    /// Passed.
    Success,
    /// Did not pass.
    Failure,
    /// Could not be tried.
    Error,
}

impl StatusState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

/// A commit status to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusToSet {
    /// The repository's owner.
    pub org: String,
    /// The repository's name.
    pub repo: String,
    /// The commit.
    pub sha: String,
    /// How it stands.
    pub state: StatusState,
    /// Which check it is.
    pub context: String,
    /// A sentence for people, and the base commit for the merge pool.
    pub description: String,
    /// Where the log is; empty where there is none yet.
    pub target_url: String,
}

/// Whether a status is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusReport {
    /// None: this type is not reported, or it has more than one pull request.
    None,
    /// Not in this state (`scheduling`): again when it has moved on.
    NotYet,
    /// This one.
    Set(StatusToSet),
}

/// Whether GitHub hears of this job at all.
/// Behaviour: Prow pkg/crier/reporters/github, `ShouldReport`.
pub fn should_report(job: &ProwJob) -> bool {
    let of_gerrit = job.label(labels::GERRIT_REPORT).is_some_and(|label| !label.is_empty());
    job.spec.report && !of_gerrit && matches!(job.spec.job_type, ProwJobType::Presubmit | ProwJobType::Postsubmit)
}

/// Whether the state that the job is in was carried to GitHub already.
pub fn is_reported(job: &ProwJob) -> bool {
    job.status.prev_report_states.get(REPORTER).is_some_and(|state| state == job.status.state.as_str())
}

/// The commit status for the state that the job is in. `types` is `github_reporter.job_types_to_report`.
/// Behaviour: Prow pkg/github/report, `reportStatus`.
pub fn status(job: &ProwJob, types: &[ProwJobType]) -> StatusReport {
    let Some(refs) = job.spec.refs.as_ref().filter(|refs| refs.pulls.len() <= 1) else {
        return StatusReport::None;
    };
    if !types.contains(&job.spec.job_type) {
        return StatusReport::None;
    }
    let Some(state) = status_state(job.status.state) else {
        return StatusReport::NotYet;
    };
    StatusReport::Set(StatusToSet {
        org: refs.org.clone(),
        repo: refs.repo.clone(),
        sha: refs.pulls.first().map_or(&refs.base_sha, |pull| &pull.sha).clone(),
        state,
        context: job.spec.context.clone(),
        description: description(&job.status.description, &refs.base_sha),
        target_url: job.status.url.clone(),
    })
}

/// GitHub's word for a state; none where GitHub has none.
pub fn status_state(state: ProwJobState) -> Option<StatusState> {
    match state {
        ProwJobState::Triggered | ProwJobState::Pending => Some(StatusState::Pending),
        ProwJobState::Success => Some(StatusState::Success),
        ProwJobState::Error => Some(StatusState::Error),
        ProwJobState::Failure | ProwJobState::Aborted => Some(StatusState::Failure),
        ProwJobState::Scheduling | ProwJobState::Unset => None,
    }
}

/// `text`, cut in its middle if need be, then blanks, then ` BaseSHA:<sha>`, in at most 140 bytes: people read the
/// text, the merge pool reads the base that was tested.
pub fn description(text: &str, base_sha: &str) -> String {
    if base_sha.is_empty() {
        return shortened(text, MAX_DESCRIPTION_BYTES);
    }
    let suffix = format!("{BASE_SHA}{base_sha}");
    let mut description = shortened(text, MAX_DESCRIPTION_BYTES.saturating_sub(suffix.len()));
    while description.len() + PADDING.len_utf8() + suffix.len() <= MAX_DESCRIPTION_BYTES {
        description.push(PADDING);
    }
    description + &suffix
}

/// The base commit that a description ends in.
pub fn base_sha(description: &str) -> Option<&str> {
    let (_, sha) = description.split_once(BASE_SHA)?;
    (sha.len() == 40).then_some(sha)
}

/// Whether GitHub's refusal of a status is as good as a success: the commit is full, or gone, and will be next time.
/// `status` is the answer's code, `message` what it says.
pub fn is_final_refusal(status: Option<u16>, message: &str) -> bool {
    status == Some(404)
        || message.contains("This SHA and context has reached the maximum number of statuses")
        || message.contains("No commit found for SHA:")
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
