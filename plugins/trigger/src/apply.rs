//! Carries a plan out.

use kit::{
    ClientAgent, Conversation as _, Failure, IssueRef, Outcome, OwnComments, PullRequests, Renewal, prowjobs_write,
};

use crate::plan::{Effect, Plan};
use crate::workflows::{self, Ask};
use crate::{help_comment, vouched};

/// Prow's tools look for this description.
const ABORTED: &str = "Aborted by trigger plugin.";
/// On a ProwJob that a comment asked to run again.
const RETEST: &str = "prow.k8s.io/retest";

/// Does all of it, then reports everything that failed.
pub(crate) fn apply(plan: &Plan<'_>, agent: &ClientAgent, number: IssueRef) -> Result<Outcome, Failure> {
    let mut own = OwnComments::new(agent, number);
    each(&plan.effects, |effect| one(effect, agent, number, &mut own))?;
    Ok(if plan.effects.is_empty() { kit::ignored(&plan.said) } else { kit::done(&plan.said) })
}

/// Goes on after a failure: a label that cannot be set is no reason to leave the tests unstarted. Nothing is tried twice
/// here: whether an upstream that fails is asked again is the host's decision, which knows what was done.
fn each(effects: &[Effect<'_>], mut act: impl FnMut(&Effect<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut errors = Vec::new();
    for effect in effects {
        if let Err(failure) = act(effect) {
            errors.push(format!("{}: {}", name(effect), failure.message));
        }
    }
    kit::failures(&errors)
}

fn one(
    effect: &Effect<'_>,
    agent: &ClientAgent,
    number: IssueRef,
    own: &mut OwnComments<'_, PullRequests>,
) -> Result<(), Failure> {
    match effect {
        Effect::Abort(run) => prowjobs_write::abort(agent, &run.name, ABORTED)?,
        Effect::AddLabel(label) => PullRequests::add_label(agent, number, label)?,
        Effect::RemoveLabel(label) => PullRequests::remove_label(agent, number, label)?,
        // In place: the commands and labels around it tell people enough.
        Effect::Vouch(head) => own.upsert(vouched::is_one, &vouched::text(head), Renewal::InPlace)?,
        Effect::Comment(text) => own.say_once(text)?,
        Effect::PruneHelp => own.prune(help_comment::is_one),
        Effect::ApproveWorkflows(pr) => workflows::carry_out(Ask::Approve, agent, pr),
        Effect::RerunWorkflows(pr) => workflows::carry_out(Ask::Rerun, agent, pr),
        Effect::Create { job, pr, base_sha, retest } => {
            let labels: &[_] = if *retest { &[(RETEST.to_owned(), "true".to_owned())] } else { &[] };
            let name = prowjobs_write::create_presubmit(agent, job.id, pr, base_sha, labels)?;
            kit::debug(format_args!("ProwJob {name} is a run of {}", job.name));
        }
    }
    Ok(())
}

fn name(effect: &Effect<'_>) -> String {
    match effect {
        Effect::Abort(run) => format!("abort {}", run.name),
        Effect::AddLabel(label) => format!("add label {label}"),
        Effect::RemoveLabel(label) => format!("remove label {label}"),
        Effect::Vouch(head) => format!("keep {head} as ok to test"),
        Effect::Comment(_) => "comment".to_owned(),
        Effect::PruneHelp => "prune help comments".to_owned(),
        Effect::ApproveWorkflows(_) => "approve runs of GitHub Actions".to_owned(),
        Effect::RerunWorkflows(_) => "run GitHub Actions again".to_owned(),
        Effect::Create { job, .. } => format!("start {}", job.name),
    }
}

#[cfg(test)]
mod tests {
    use kit::job_config::Presubmit;
    use kit::sample;

    use super::*;

    fn job(id: u32, name: &str) -> Presubmit {
        Presubmit {
            id,
            name: name.to_owned(),
            context: name.to_owned(),
            rerun_command: String::new(),
            always_run: true,
            optional: false,
            skip_report: false,
            conditional: false,
            triggered: false,
            on_branch: true,
        }
    }

    #[track_caller]
    fn check(refused: &str, want: &str) {
        let (jobs, pr) = ([job(0, "a"), job(1, "b")], sample::pull_request("t"));
        let mut effects = vec![Effect::AddLabel("ok-to-test"), Effect::PruneHelp];
        effects.extend(jobs.iter().map(|job| Effect::Create { job, pr: &pr, base_sha: "base", retest: false }));
        let mut done = Vec::new();
        let result = each(&effects, |effect| {
            done.push(name(effect));
            if name(effect) == refused { Err(Failure { message: "gone".to_owned() }) } else { Ok(()) }
        });
        assert_eq!(done, ["add label ok-to-test", "prune help comments", "start a", "start b"]);
        assert_eq!(result.unwrap_err().message, want);
    }

    #[test]
    fn case_54_of_two_jobs_the_other_is_created_and_the_error_returned() {
        check("start a", "start a: gone");
        check("start b", "start b: gone");
        check("add label ok-to-test", "add label ok-to-test: gone");
    }

    /// Prow tries seven times more itself. Here a store that is away is waited for by the host, with the task parked and the
    /// ProwJob's name fixed by the call; what comes back to the plugin is final.
    #[test]
    fn case_55_a_job_that_cannot_be_created_is_asked_for_once() {
        let (job, pr) = (job(0, "a"), sample::pull_request("t"));
        let create = Effect::Create { job: &job, pr: &pr, base_sha: "base", retest: false };
        for would_fail in [0, 1, 7, 8] {
            let mut asked = 0;
            let result = each(std::slice::from_ref(&create), |_| {
                asked += 1;
                if asked <= would_fail { Err(Failure { message: "away".to_owned() }) } else { Ok(()) }
            });
            let told = result.err().map(|failure| failure.message);
            assert_eq!((asked, told.as_deref()), (1, (would_fail > 0).then_some("start a: away")), "{would_fail}");
        }
    }
}
