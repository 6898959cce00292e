//! The lines of an issue's history.

use serde_json::{Value, json};

use super::{View, extend, node_id};
use crate::world::{Happening, HistoryEvent, Repo};

impl View<'_> {
    /// What was done to an issue or pull request.
    pub(crate) fn history_event(&self, repo: &Repo, event: &HistoryEvent) -> Value {
        let api = self.repo_url(repo);
        let commit = match &event.what {
            Happening::Closed { commit, .. } => commit.as_deref(),
            Happening::Merged { commit } => Some(commit.as_str()),
            _ => None,
        };
        let mut value = json!({
            "id": event.id,
            "node_id": node_id("EV", event.id),
            "url": format!("{api}/issues/events/{}", event.id),
            "actor": self.account(&event.actor),
            "event": json!(event.what)["event"],
            "commit_id": commit,
            "commit_url": commit.map(|sha| format!("{api}/commits/{sha}")),
            "created_at": event.created_at,
            "performed_via_github_app": null,
        });
        extend(&mut value, self.particulars(repo, event));
        value
    }

    fn particulars(&self, repo: &Repo, event: &HistoryEvent) -> Value {
        match &event.what {
            Happening::Labeled { name, color } | Happening::Unlabeled { name, color } => {
                json!({ "label": { "name": name, "color": color } })
            }
            Happening::Assigned { assignee } | Happening::Unassigned { assignee } => {
                json!({ "assignee": self.account(assignee), "assigner": self.account(&event.actor) })
            }
            Happening::Milestoned { title } | Happening::Demilestoned { title } => {
                json!({ "milestone": { "title": title } })
            }
            Happening::Renamed { from, to } => json!({ "rename": { "from": from, "to": to } }),
            Happening::Closed { reason, .. } => json!({ "state_reason": reason }),
            Happening::ReviewRequested { login, team } | Happening::ReviewRequestRemoved { login, team } => {
                let mut value = json!({ "review_requester": self.account(&event.actor) });
                if let Some(login) = login {
                    value["requested_reviewer"] = self.account(login);
                }
                if let Some(team) = team.as_deref().and_then(|slug| self.team_of(&repo.owner, slug)) {
                    value["requested_team"] = team;
                }
                value
            }
            Happening::Reopened
            | Happening::Merged { .. }
            | Happening::Pinned
            | Happening::Unpinned
            | Happening::Transferred
            | Happening::ConvertToDraft
            | Happening::ReadyForReview => json!({}),
        }
    }
}
