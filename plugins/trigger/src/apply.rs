//! Carries a plan out.

use kit::{ClientAgent, Conversation as _, Failure, IssueRef, Outcome, OwnComments, PullRequests, prowjobs_write};

use crate::help_comment;
use crate::plan::{Effect, Plan};

/// Prow's tools look for this description.
const ABORTED: &str = "Aborted by trigger plugin.";
/// On a ProwJob that a comment asked to run again.
const RETEST: &str = "prow.k8s.io/retest";

/// Does all of it, then reports everything that failed.
pub(crate) fn apply(plan: &Plan<'_>, agent: &ClientAgent, number: IssueRef) -> Result<Outcome, Failure> {
    each(&plan.effects, |effect| one(effect, agent, number))?;
    Ok(if plan.effects.is_empty() { kit::ignored(&plan.said) } else { kit::done(&plan.said) })
}

/// Goes on after a failure: a label that cannot be set is no reason to leave the tests unstarted.
fn each(effects: &[Effect<'_>], mut act: impl FnMut(&Effect<'_>) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut errors = Vec::new();
    for effect in effects {
        if let Err(failure) = act(effect) {
            errors.push(format!("{}: {}", name(effect), failure.message));
        }
    }
    kit::failures(&errors)
}

fn one(effect: &Effect<'_>, agent: &ClientAgent, number: IssueRef) -> Result<(), Failure> {
    match effect {
        Effect::Abort(run) => prowjobs_write::abort(agent, &run.name, ABORTED)?,
        Effect::AddLabel(label) => PullRequests::add_label(agent, number, label)?,
        Effect::RemoveLabel(label) => PullRequests::remove_label(agent, number, label)?,
        Effect::Comment(text) => drop(PullRequests::comment(agent, number, text)?),
        Effect::PruneHelp => OwnComments::<PullRequests>::new(agent, number).prune(help_comment::is_one),
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
        Effect::Comment(_) => "comment".to_owned(),
        Effect::PruneHelp => "prune help comments".to_owned(),
        Effect::Create { job, .. } => format!("start {}", job.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_54_one_failure_keeps_nothing_else_from_being_done() {
        let effects = [Effect::AddLabel("a"), Effect::AddLabel("b"), Effect::PruneHelp];
        let mut done = Vec::new();
        let result = each(&effects, |effect| {
            done.push(name(effect));
            if *effect == Effect::AddLabel("a") { Err(Failure { message: "gone".to_owned() }) } else { Ok(()) }
        });
        assert_eq!(done, ["add label a", "add label b", "prune help comments"]);
        assert_eq!(result.unwrap_err().message, "add label a: gone");
    }
}
