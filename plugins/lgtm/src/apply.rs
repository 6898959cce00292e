//! Carries a plan out.

use kit::{
    ClientAgent, Conversation as _, Failure, IssueRef, Outcome, OwnComments, PullRequests, github_pull_requests_write,
};

use crate::messages;
use crate::plan::{Effect, LGTM, Plan};

/// Does one after the other, up to the first that fails.
pub(crate) fn apply(plan: &Plan, agent: &ClientAgent, number: IssueRef) -> Result<Outcome, Failure> {
    let mut own = OwnComments::new(agent, number);
    in_order(&plan.effects, |effect| one(effect, agent, number, &mut own))?;
    Ok(if plan.effects.is_empty() { kit::ignored(&plan.said) } else { kit::done(&plan.said) })
}

/// What follows speaks of what was done before: no record without the label, and no notice while it is there.
fn in_order(effects: &[Effect], mut act: impl FnMut(&Effect) -> Result<(), Failure>) -> Result<(), Failure> {
    effects.iter().try_for_each(|effect| {
        act(effect).map_err(|failure| Failure { message: format!("{}: {}", name(effect), failure.message) })
    })
}

fn one(
    effect: &Effect,
    agent: &ClientAgent,
    number: IssueRef,
    own: &mut OwnComments<'_, PullRequests>,
) -> Result<(), Failure> {
    match effect {
        Effect::AddLabel => PullRequests::add_label(agent, number, LGTM)?,
        Effect::RemoveLabel => PullRequests::remove_label(agent, number, LGTM)?,
        Effect::Assign(login) => assign(agent, number, login),
        Effect::RequestReview(logins) => {
            let left_out = github_pull_requests_write::request_review(agent, number, logins)?.logins;
            if !left_out.is_empty() {
                kit::info(format_args!("cannot be asked for a review: {}", left_out.join(", ")));
            }
        }
        Effect::Refuse(text) => own.say_once(text)?,
        Effect::Comment(text) => drop(PullRequests::comment(agent, number, text)?),
        Effect::PruneNotices | Effect::PruneRecords => own.prune(|body| effect.prunes(body)),
        Effect::Void(comment) => {
            github_pull_requests_write::edit_comment(agent, number, *comment, messages::VOID)?;
        }
    }
    Ok(())
}

/// Who cannot be assigned can still have reviewed.
fn assign(agent: &ClientAgent, number: IssueRef, login: &str) {
    match github_pull_requests_write::assign(agent, number, &[login.to_owned()]) {
        Ok(left_out) if left_out.logins.is_empty() => {}
        Ok(_) => kit::info(format_args!("{login} cannot be assigned")),
        Err(error) => kit::warn(format_args!("cannot assign {login}: {}", Failure::from(error).message)),
    }
}

fn name(effect: &Effect) -> String {
    match effect {
        Effect::AddLabel => "add label lgtm".to_owned(),
        Effect::RemoveLabel => "remove label lgtm".to_owned(),
        Effect::Assign(login) => format!("assign {login}"),
        Effect::RequestReview(_) => "request review".to_owned(),
        Effect::Refuse(_) => "refuse".to_owned(),
        Effect::Comment(_) => "comment".to_owned(),
        Effect::PruneNotices => "prune notices".to_owned(),
        Effect::PruneRecords => "prune records".to_owned(),
        Effect::Void(comment) => format!("write over comment {comment}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_record_is_made_of_a_label_that_could_not_be_added() {
        let effects = [Effect::Assign("carol".to_owned()), Effect::AddLabel, Effect::Comment(String::new())];
        let mut done = Vec::new();
        let result = in_order(&effects, |effect| {
            done.push(name(effect));
            if *effect == Effect::AddLabel { Err(Failure { message: "gone".to_owned() }) } else { Ok(()) }
        });
        assert_eq!(done, ["assign carol", "add label lgtm"]);
        assert_eq!(result.unwrap_err().message, "add label lgtm: gone");
    }
}
