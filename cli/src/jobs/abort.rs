//! `bowsprit jobs abort`: asks the controller to stop a job.

use std::cell::Cell;

use anyhow::bail;
use clap::Args;
use prow::prowjob::{ProwJob, ProwJobState};
use serde_json::{Value, json};

use crate::jobs::place::JobsPlace;
use crate::output;

/// Stop a ProwJob that waits or runs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs abort 3f0c9a
  bowsprit jobs abort 3f0c9a --by alice

The controller ends the job's processes; `bowsprit jobs list` shows when it is
done.")]
pub(super) struct AbortArgs {
    #[command(flatten)]
    place: JobsPlace,
    /// The ProwJob's name, or how it begins.
    name: String,
    /// Who wants it, for the description that everyone reads; the user's name if left out.
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Ask for it.
    Ask,
    /// Somebody has asked for it already.
    Asked,
    /// There is nothing to stop.
    Over(ProwJobState),
}

pub(super) async fn run(args: AbortArgs) -> anyhow::Result<()> {
    let jobs = args.place.prowjobs_to_write().await?;
    let name = super::find::find(&jobs, &args.name).await?.metadata.name;
    let who = args.by.unwrap_or_else(user);
    // What was decided about the version that was patched, not about the one that was found first.
    let last = Cell::new(None);
    let changed = jobs.update(&name, |job| {
        let verdict = verdict(job);
        last.set(Some(verdict));
        (verdict == Verdict::Ask).then(|| patch(&name, &who))
    });
    if changed.await?.is_none() {
        bail!("ProwJob `{name}` was deleted meanwhile");
    }
    match last.get().expect("a job that is there was looked at") {
        Verdict::Ask => output::print(&format!("{name}: asked to abort\n")),
        Verdict::Asked => output::print(&format!("{name}: is being aborted already\n")),
        Verdict::Over(state) => bail!("ProwJob `{name}` is over ({state}): there is nothing to abort"),
    }
}

/// Whether there is anything to stop; the completion time decides, as it does everywhere.
fn verdict(job: &ProwJob) -> Verdict {
    match job.status.state {
        state if job.is_complete() => Verdict::Over(state),
        ProwJobState::Aborted => Verdict::Asked,
        ProwJobState::Scheduling | ProwJobState::Triggered | ProwJobState::Pending => Verdict::Ask,
        // Without a completion time these do not occur; nothing acts on them.
        state @ (ProwJobState::Unset | ProwJobState::Success | ProwJobState::Failure | ProwJobState::Error) => {
            Verdict::Over(state)
        }
    }
}

/// `aborted` without a completion time is the request; the controller sets the time when all processes are gone.
/// Behaviour: Prow's web page, `/abort`.
fn patch(name: &str, who: &str) -> Value {
    json!({ "status": { "state": ProwJobState::Aborted, "description": format!("{who} successfully aborted {name}.") } })
}

/// Who we are, as far as the environment tells.
fn user() -> String {
    let named = ["USER", "LOGNAME"].iter().filter_map(|key| std::env::var(key).ok()).find(|name| !name.is_empty());
    named.unwrap_or_else(|| format!("User {}", rustix::process::getuid().as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use prow::prowjob::{ProwJobSpec, ProwJobType};
    use store::{ProwJobs, merge_patch};

    fn job(state: ProwJobState, complete: bool) -> ProwJob {
        let mut job = ProwJob::new("j", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.status.state = state;
        job.status.completion_time = complete.then(Timestamp::now);
        job
    }

    #[track_caller]
    fn check(state: ProwJobState, complete: bool, want: Verdict) {
        assert_eq!(verdict(&job(state, complete)), want, "{state}, complete: {complete}");
    }

    #[test]
    fn what_waits_or_runs_can_be_aborted() {
        check(ProwJobState::Scheduling, false, Verdict::Ask);
        check(ProwJobState::Triggered, false, Verdict::Ask);
        check(ProwJobState::Pending, false, Verdict::Ask);
        check(ProwJobState::Aborted, false, Verdict::Asked);
        for state in ProwJobState::ALL {
            check(state, true, Verdict::Over(state));
        }
        check(ProwJobState::Unset, false, Verdict::Over(ProwJobState::Unset));
    }

    #[test]
    fn the_request_names_who_asked_and_leaves_the_completion_to_the_controller() {
        let mut object = serde_json::to_value(job(ProwJobState::Pending, false)).unwrap();
        merge_patch(&mut object, &patch("j", "alice"));
        let job: ProwJob = serde_json::from_value(object).unwrap();
        assert_eq!(job.status.state, ProwJobState::Aborted);
        assert_eq!(job.status.description, "alice successfully aborted j.");
        assert!(!job.is_complete());
    }

    #[tokio::test]
    async fn aborting_is_refused_for_what_is_over_and_leaves_it_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let jobs = ProwJobs::open(&dir.path().join("prowjobs.db")).await.unwrap();
        jobs.create(&job(ProwJobState::Success, true)).await.unwrap();
        let args = |by: &str| AbortArgs { place: JobsPlace::of(dir.path()), name: "j".into(), by: Some(by.into()) };
        assert!(run(args("alice")).await.unwrap_err().to_string().contains("is over (success)"));
        assert_eq!(jobs.get("j").await.unwrap().unwrap().status.state, ProwJobState::Success);

        jobs.patch("j", &json!({ "status": { "state": "pending", "completionTime": null } })).await.unwrap();
        run(args("alice")).await.unwrap();
        run(args("bob")).await.unwrap();
        let status = jobs.get("j").await.unwrap().unwrap().status;
        assert_eq!(status.state, ProwJobState::Aborted);
        assert_eq!(status.description, "alice successfully aborted j.", "the second request changes nothing");
    }
}
