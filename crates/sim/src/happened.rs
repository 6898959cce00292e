//! Payloads of the events that several endpoints cause.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::event::Event;
use crate::facts::Facts;
use crate::hub::Hub;
use crate::shapes::{View, extend};
use crate::world::{Comment, Label, World};

impl Hub {
    /// Tells that something was done to an issue (`issues`) or to a pull request (`pull_request`). For the actions with
    /// which a new head arrives GitHub has not worked out yet whether it merges, and the payload says so.
    pub(crate) fn tell_issue(
        self: &Arc<Self>,
        world: &World,
        (repo, number): (&str, u64),
        action: &str,
        extra: Value,
        sender: &str,
        facts: Option<&Facts>,
    ) {
        let view = View { world, base: self.base() };
        let Some(found) = world.repo(repo) else { return };
        let Some(issue) = found.issues.get(&number) else { return };
        let (name, mut payload) = match &issue.pull {
            None => ("issues", json!({ "action": action, "issue": view.issue(found, issue) })),
            Some(pull) => {
                let mut shown = view.pull_in_full(found, issue, pull, facts);
                if matches!(action, "opened" | "synchronize" | "reopened") {
                    extend(&mut shown, json!({ "mergeable": null, "rebaseable": null, "mergeable_state": "unknown" }));
                }
                ("pull_request", json!({ "action": action, "number": number, "pull_request": shown }))
            }
        };
        extend(&mut payload, extra);
        self.emit(world, Event { name, repo: Some(repo), org: None, sender, payload });
    }

    /// Tells that something was done to a comment.
    pub(crate) fn tell_comment(
        self: &Arc<Self>,
        world: &World,
        (repo, number): (&str, u64),
        action: &str,
        comment: &Comment,
        extra: Value,
        sender: &str,
    ) {
        let view = View { world, base: self.base() };
        let Some(found) = world.repo(repo) else { return };
        let Some(issue) = found.issues.get(&number) else { return };
        let mut payload = json!({
            "action": action, "issue": view.issue(found, issue), "comment": view.comment(found, issue, comment),
        });
        extend(&mut payload, extra);
        self.emit(world, Event { name: "issue_comment", repo: Some(repo), org: None, sender, payload });
    }
}

/// The label of that name; one that is not there comes to be, grey, as on GitHub.
pub(crate) fn label_of(hub: &Arc<Hub>, world: &mut World, repo: &str, name: &str, sender: &str) -> Option<Label> {
    if let Some(known) = world.repo(repo)?.label(name) {
        return Some(known.clone());
    }
    let label = Label { id: world.next_id(), name: name.to_owned(), color: "ededed".to_owned(), description: None };
    world.repos.get_mut(repo)?.labels.push(label.clone());
    tell_label(hub, world, repo, &label, sender);
    Some(label)
}

/// Tells that a label came to be.
pub(crate) fn tell_label(hub: &Arc<Hub>, world: &World, repo: &str, label: &Label, sender: &str) {
    let Some(found) = world.repo(repo) else { return };
    let shown = View { world, base: hub.base() }.label(found, label);
    let payload = json!({ "action": "created", "label": shown });
    hub.emit(world, Event { name: "label", repo: Some(repo), org: None, sender, payload });
}
