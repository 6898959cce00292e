//! Carries a plan out.

use kit::{ClientAgent, Conversation as _, Failure, IssueRef, Outcome, PullRequests};

use crate::decide::{APPROVED, Effect, Plan};

/// Does all of it, then reports everything that failed. The next event mends what was left undone.
pub(crate) fn apply(plan: &Plan, agent: &ClientAgent, number: IssueRef) -> Result<Outcome, Failure> {
    each(&plan.effects, |effect| {
        match effect {
            Effect::Delete(comment) => PullRequests::delete_comment(agent, number, *comment)?,
            Effect::Comment(text) => drop(PullRequests::comment(agent, number, text)?),
            Effect::AddLabel => PullRequests::add_label(agent, number, APPROVED)?,
            Effect::RemoveLabel => PullRequests::remove_label(agent, number, APPROVED)?,
        }
        Ok(())
    })?;
    Ok(if plan.effects.is_empty() { kit::ignored(format!("still {}", plan.said)) } else { kit::done(&plan.said) })
}

/// Goes on after a failure: a comment that cannot be deleted is no reason to keep a label that is not deserved.
fn each(effects: &[Effect], mut act: impl FnMut(&Effect) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |effect| act(effect).err().map(|failure| format!("{}: {}", name(effect), failure.message));
    kit::failures(&effects.iter().filter_map(failed).collect::<Vec<_>>())
}

fn name(effect: &Effect) -> String {
    match effect {
        Effect::Delete(comment) => format!("delete comment {comment}"),
        Effect::Comment(_) => "comment".to_owned(),
        Effect::AddLabel => format!("add label {APPROVED}"),
        Effect::RemoveLabel => format!("remove label {APPROVED}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_keeps_nothing_else_from_being_done() {
        let effects = [Effect::Delete(1), Effect::Delete(2), Effect::Comment("x".to_owned()), Effect::RemoveLabel];
        let mut done = Vec::new();
        let result = each(&effects, |effect| {
            done.push(name(effect));
            match effect {
                Effect::Delete(1) | Effect::Comment(_) => Err(Failure { message: "gone".to_owned() }),
                _ => Ok(()),
            }
        });
        assert_eq!(done, ["delete comment 1", "delete comment 2", "comment", "remove label approved"]);
        assert_eq!(result.unwrap_err().message, "delete comment 1: gone; comment: gone");
    }
}
