//! Puts the label `approved` on a pull request once the people in OWNERS files have approved all that it changes, and
//! says in a comment what is missing. Behaviour: Prow pkg/plugins/approve.
//!
//! [`gate::gate`] says whether an event matters, [`decide::decide`] what is to be done from all that is known; both are
//! pure. Nothing is kept between events: each computes everything anew.

mod about;
mod apply;
pub mod approvals;
pub mod approvers;
pub mod commands;
pub mod decide;
pub mod gate;
mod gather;
pub mod issue;
pub mod notification;
pub mod suggest;

use kit::prow::settings::ApproveSettings;
use kit::{ClientAgent, Description, Event, Failure, Outcome, Plugin, PluginHelp, RepoRef};

use crate::decide::{Facts, WhoLabelled, decide};
use crate::gate::{Gate, gate};

struct Approve;

impl Plugin for Approve {
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
        let settings: ApproveSettings = kit::settings(&agent)?;
        let (number, by) = match gate(&event, &settings) {
            Gate::Closed(why) => return Ok(kit::ignored(why)),
            Gate::Open { number, by } => (number, by),
        };
        let bot = agent.bot_login()?;
        if by == Some(bot.as_str()) {
            return Ok(kit::ignored("our own doing"));
        }
        let facts = gather::facts(&agent, &repo.ref_, number, bot, settings)?;
        let learn = |facts: &mut Facts, WhoLabelled| {
            facts.labelled_by_hand = Some(gather::labelled_by_hand(&agent, number, &facts.bot));
            Ok(())
        };
        kit::asking(facts, learn, |facts| Ok(apply::apply(&decide(facts)?, &agent, number)))
    }
}

kit::export!(Approve);

#[cfg(test)]
mod tests;
