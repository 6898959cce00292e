//! `/lgtm` says that a pull request was reviewed, until it changes. Behaviour: Prow pkg/plugins/lgtm/lgtm.go.
//!
//! [`comment::decide`], [`review::decide`] and [`new_commits::decide`] are pure; they ask for facts until they know
//! enough ([`known`]), and answer with a [`plan::Plan`].

mod about;
mod apply;
pub mod commands;
pub mod comment;
pub mod decide;
pub mod known;
mod learn;
pub mod messages;
pub mod new_commits;
pub mod plan;
pub mod review;

use kit::prow::settings::LgtmSettings;
use kit::{ClientAgent, Description, Event, EventBody, Failure, IssueRef, Outcome, Plugin, PluginHelp, RepoRef};

use crate::comment::Said;
use crate::known::{Known, Question};
use crate::new_commits::Happening;
use crate::plan::Plan;
use crate::review::Reviewed;

struct Lgtm;

impl Plugin for Lgtm {
    fn describe() -> Description {
        about::description()
    }

    fn help(settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        about::help(&settings)
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let settings: LgtmSettings = kit::settings(&agent)?;
        let settings = &settings;
        let action = event.action.as_deref().unwrap_or_default();
        match &event.body {
            EventBody::Comment(comment) => {
                let said = Said { comment, event: &event.name, settings };
                carry_out(&agent, comment.number, &said, |said, known| comment::decide(said, known))
            }
            EventBody::Review(event) => {
                let reviewed = Reviewed { action, event, settings };
                let number = event.pull_request.number;
                carry_out(&agent, number, &reviewed, |reviewed, known| review::decide(reviewed, known))
            }
            EventBody::PullRequest(event) => {
                let happening = Happening { action, event, settings };
                let number = event.pull_request.number;
                carry_out(&agent, number, &happening, |happening, known| new_commits::decide(happening, known))
            }
            _ => Ok(kit::ignored("not an event that concerns a review")),
        }
    }
}

/// Answers what the decision asks until it has decided, then does it.
fn carry_out<T>(
    agent: &ClientAgent,
    number: IssueRef,
    event: &T,
    decide: impl for<'k> Fn(&'k T, &'k Known) -> Result<Plan, Question>,
) -> Result<Outcome, Failure> {
    let learn = |known: &mut Known, question| known.learn(question, agent, number).map_err(Failure::from);
    kit::asking(Known::default(), learn, |known| Ok(apply::apply(&decide(event, known)?, agent, number)))
}

kit::export!(Lgtm);

#[cfg(test)]
mod tests;
