//! Runs of GitHub Actions beside the jobs, where `trigger_github_workflows` is on. Behaviour: Prow
//! pkg/plugins/trigger/generic-comment.go, but for the first page of runs alone, which is all that is looked at there.
//!
//! What goes wrong here is logged and keeps no job from starting. The calls take the grant `actions: write`, which the
//! catalogue does not give and lists as optional: without it each of them is denied.

use kit::{ClientAgent, ErrorKind, Failure, PullRequest, github_actions_read as read, github_actions_write as write};

/// What is to be done with runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Let them start.
    Approve,
    /// Run what failed again.
    Rerun,
}

/// Whether a run that this event started is one of the pull request's. A reusable workflow is run again and not approved:
/// it waits with the run that called it.
pub(crate) fn concerns(ask: Ask, event: &str) -> bool {
    matches!(event, "pull_request" | "pull_request_target") || (ask == Ask::Rerun && event == "workflow_call")
}

pub(crate) fn carry_out(ask: Ask, agent: &ClientAgent, pr: &PullRequest) {
    let (branch, head) = (&pr.head.name, &pr.head.sha);
    let listed = match ask {
        Ask::Approve => read::list_runs_awaiting_approval(agent, branch, head),
        Ask::Rerun => read::list_failed_runs(agent, branch, head),
    };
    let runs = match listed {
        Ok(runs) => runs,
        Err(error) if error.kind == ErrorKind::Denied => {
            return kit::warn(
                "`trigger_github_workflows` is on, and the runs of GitHub Actions are left alone: write all grants of trigger \
                 and `actions: write` under `modules.trigger.grants`",
            );
        }
        Err(error) => {
            let why = Failure::from(error).message;
            return kit::warn(format_args!("cannot list the runs of GitHub Actions at {head}: {why}"));
        }
    };
    for run in runs.iter().filter(|run| concerns(ask, &run.event)) {
        let done = match ask {
            Ask::Approve => write::approve_run(agent, run.id),
            Ask::Rerun => write::rerun_failed_jobs(agent, run.id),
        };
        match done {
            Ok(()) => kit::info(format_args!("{ask:?}: run {} of {}", run.id, run.name)),
            // The run is gone, or is no longer what it was when it was listed.
            Err(error) if error.kind == ErrorKind::NotFound => {
                kit::info(format_args!("{ask:?}: run {} of {} is not there", run.id, run.name));
            }
            Err(error) => {
                let why = Failure::from(error).message;
                kit::warn(format_args!("{ask:?}: run {} of {}: {why}", run.id, run.name));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_57_only_runs_of_pull_requests_are_touched() {
        for event in ["pull_request", "pull_request_target"] {
            assert!(concerns(Ask::Approve, event) && concerns(Ask::Rerun, event), "{event}");
        }
        assert!(concerns(Ask::Rerun, "workflow_call") && !concerns(Ask::Approve, "workflow_call"));
        for event in ["push", "schedule", "workflow_dispatch", "workflow_run", ""] {
            assert!(!concerns(Ask::Approve, event) && !concerns(Ask::Rerun, event), "{event}");
        }
    }
}
