//! Starts presubmits and postsubmits: on pull requests, comments and pushes. Behaviour: Prow pkg/plugins/trigger.
//!
//! [`pull_request::decide`] and [`comment::decide`] are pure; they ask for facts until they know enough
//! ([`known`]), and answer with a [`plan::Plan`].

mod about;
mod apply;
pub mod comment;
mod expired;
pub mod help_comment;
mod in_repo;
pub mod known;
mod learn;
pub mod plan;
pub mod pull_request;
pub mod push;
mod select;
mod trust;
pub mod vouched;
mod welcome;
mod workflows;

use kit::prow::settings::TriggerSettings;
use kit::{ClientAgent, Description, Event, EventBody, Failure, IssueRef, Outcome, Plugin, PluginHelp, RepoRef};

use crate::comment::Said;
use crate::known::{Known, Question};
use crate::plan::Plan;
use crate::pull_request::Happening;

struct Trigger;

impl Plugin for Trigger {
    fn describe() -> Description {
        about::description()
    }

    fn help(settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        about::help(&settings)
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let Some(repo) = &event.repo else {
            return Ok(kit::ignored("the event names no repository"));
        };
        let settings: TriggerSettings = kit::settings(&agent)?;
        match &event.body {
            EventBody::PullRequest(happened) => {
                let action = event.action.as_deref().unwrap_or_default();
                let sender = event.sender.as_ref().map_or("", |sender| sender.login.as_str());
                let happening = Happening { action, sender, event: happened, repo, settings: &settings };
                let number = happened.pull_request.number;
                carry_out(&agent, number, &happening, |happening, known| pull_request::decide(happening, known))
            }
            EventBody::Comment(comment) => {
                let said = Said { comment, repo, settings: &settings };
                carry_out(&agent, comment.number, &said, |said, known| comment::decide(said, known))
            }
            EventBody::Push(push) => push::handle(push, &agent),
            _ => Ok(kit::ignored("not an event that starts jobs")),
        }
    }
}

/// Answers what the decision asks until it has decided, then does it.
fn carry_out<T>(
    agent: &ClientAgent,
    number: IssueRef,
    event: &T,
    decide: impl for<'k> Fn(&'k T, &'k Known) -> Result<Plan<'k>, Question>,
) -> Result<Outcome, Failure> {
    let learn = |known: &mut Known, question| known.learn(question, agent, number).map_err(Failure::from);
    kit::asking(Known::default(), learn, |known| Ok(apply::apply(&decide(event, known)?, agent, number)))
}

kit::export!(Trigger);

#[cfg(test)]
mod tests;
