//! Milestones.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::world::{IssueState, Milestone, Repo};

impl View<'_> {
    /// A milestone with the number of what is planned for it.
    pub(crate) fn milestone(&self, repo: &Repo, milestone: &Milestone) -> Value {
        let api = format!("{}/milestones/{}", self.repo_url(repo), milestone.number);
        let planned = |state: IssueState| {
            let issues = repo.issues.values().filter(|issue| issue.milestone == Some(milestone.number));
            issues.filter(|issue| issue.state == state).count()
        };
        json!({
            "url": api,
            "html_url": format!("{}/milestone/{}", self.repo_html(repo), milestone.number),
            "labels_url": format!("{api}/labels"),
            "id": milestone.id,
            "node_id": node_id("MI", milestone.id),
            "number": milestone.number,
            "title": milestone.title,
            "description": milestone.description,
            "creator": self.account(&milestone.creator),
            "open_issues": planned(IssueState::Open),
            "closed_issues": planned(IssueState::Closed),
            "state": milestone.state,
            "created_at": milestone.created_at,
            "updated_at": milestone.created_at,
            "due_on": milestone.due_on,
            "closed_at": (milestone.state == IssueState::Closed).then_some(milestone.created_at),
        })
    }

    /// The milestone of that number, or null.
    pub(crate) fn milestone_of(&self, repo: &Repo, number: Option<u64>) -> Value {
        let milestone = number.and_then(|number| repo.milestone(number));
        milestone.map_or(Value::Null, |milestone| self.milestone(repo, milestone))
    }
}
