//! What a request to add or remove the label leads to. Behaviour: Prow pkg/plugins/lgtm/lgtm.go, `handle`.

use kit::prow::settings::LgtmSettings;
use kit::{PullRequest, has_label, reply};

use crate::commands::Ask;
use crate::known::{Known, Question};
use crate::messages;
use crate::plan::{Effect, LGTM, Plan};

/// A comment or review that asks for a change of the label.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// For what.
    pub ask: Ask,
    /// Who asks.
    pub by: &'a str,
    /// Whose pull request it is.
    pub author: &'a str,
    /// Who is assigned to it.
    pub assignees: &'a [String],
    /// What was written, for a reply to quote.
    pub body: &'a str,
    /// Where.
    pub html_url: &'a str,
    /// The pull request where the event brings it: as it was when this was asked, which is what it was asked about.
    pub pull_request: Option<&'a PullRequest>,
    /// For this repository.
    pub settings: &'a LgtmSettings,
}

impl<'a> Request<'a> {
    /// Decides; an error is the question that the decision still hangs on.
    pub fn decide(&self, known: &'a Known) -> Result<Plan, Question> {
        let mut plan = Plan::default();
        if self.by == self.author {
            if self.ask == Ask::Add {
                return Ok(self.refuse(messages::OWN, "asks for lgtm on a pull request of their own"));
            }
        } else if self.settings.skip_collaborators {
            let base = &self.pull_request(known)?.base.name;
            if !known.owners(base)?.contains(&self.by.to_lowercase()) {
                return Ok(self.refuse(messages::NOT_OWNER, "is no owner of any changed file"));
            }
        } else if !known.is_collaborator(self.by)? {
            return Ok(self.refuse(messages::NOT_COLLABORATOR, "is no collaborator"));
        } else if !self.assignees.iter().any(|assignee| assignee == self.by) {
            plan.add(Effect::Assign(self.by.to_owned()));
            plan.say(&format!("assigns {}", self.by));
        }

        match (self.ask, has_label(known.labels()?, LGTM)) {
            (Ask::Add, true) | (Ask::Remove, false) => plan.say("the label is already as asked"),
            (Ask::Add, false) => self.add(&mut plan, known)?,
            (Ask::Remove, true) => self.remove(&mut plan),
        }
        Ok(plan)
    }

    fn add(&self, plan: &mut Plan, known: &'a Known) -> Result<(), Question> {
        plan.add(Effect::AddLabel);
        plan.say("adds lgtm");
        // Whether the label will stay anyway matters to the record alone.
        if self.settings.store_tree_hash {
            if known.is_in_team(&self.settings.trusted_team_for_sticky_lgtm, self.author)? {
                plan.say("without a record: on this author's pull requests it stays");
                return Ok(());
            }
            match known.tree(&self.pull_request(known)?.head.sha)? {
                Some(tree) => plan.add(Effect::Comment(messages::record(tree))),
                None => plan.say("without a record: the head could not be read"),
            }
        }
        plan.add(Effect::PruneNotices);
        Ok(())
    }

    fn remove(&self, plan: &mut Plan) {
        plan.add(Effect::RemoveLabel);
        plan.say("removes lgtm");
        if self.settings.store_tree_hash {
            plan.add(Effect::PruneRecords);
            plan.request_review(self.assignees, self.author);
        }
    }

    fn pull_request(&self, known: &'a Known) -> Result<&'a PullRequest, Question> {
        self.pull_request.map_or_else(|| known.pull_request(), Ok)
    }

    fn refuse(&self, message: &str, why: &str) -> Plan {
        let text = reply::reply(self.by, message, self.body, self.html_url);
        Plan::of(Effect::Refuse(text), format!("refused: {} {why}", self.by))
    }
}
