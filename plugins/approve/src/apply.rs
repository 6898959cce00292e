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

/// Goes on after a failure: a comment that cannot be deleted is no reason to keep a label that is not deserved. But what
/// could not be replaced is not deleted.
fn each(effects: &[Effect], mut act: impl FnMut(&Effect) -> Result<(), Failure>) -> Result<(), Failure> {
    let (mut errors, mut is_replaced) = (Vec::new(), true);
    for effect in effects {
        if matches!(effect, Effect::Delete(_)) && !is_replaced {
            continue;
        }
        if let Err(failure) = act(effect) {
            is_replaced &= !matches!(effect, Effect::Comment(_));
            errors.push(format!("{}: {}", name(effect), failure.message));
        }
    }
    kit::failures(&errors)
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

    #[track_caller]
    fn check(refused: &[&str], done: &[&str], errors: &str) {
        let effects = [Effect::Comment("x".to_owned()), Effect::Delete(1), Effect::Delete(2), Effect::RemoveLabel];
        let mut asked = Vec::new();
        let result = each(&effects, |effect| {
            asked.push(name(effect));
            let is_refused = refused.contains(&name(effect).as_str());
            if is_refused { Err(Failure { message: "gone".to_owned() }) } else { Ok(()) }
        });
        assert_eq!(asked, done);
        assert_eq!(result.err().map(|failure| failure.message).unwrap_or_default(), errors);
    }

    #[test]
    fn one_failure_keeps_nothing_else_from_being_done() {
        let all = ["comment", "delete comment 1", "delete comment 2", "remove label approved"];
        check(&[], &all, "");
        check(&["delete comment 1"], &all, "delete comment 1: gone");
        check(&[all[1], all[3]], &all, "delete comment 1: gone; remove label approved: gone");
    }

    #[test]
    fn a_notification_that_cannot_be_replaced_stays() {
        check(&["comment"], &["comment", "remove label approved"], "comment: gone");
    }
}
