//! Milestones, and which one an issue or pull request is planned for.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::event::Event;
use crate::facts::Facts;
use crate::history::record;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;
use crate::world::{Happening, IssueState, Milestone, Repo, World, now};

#[derive(Deserialize)]
struct NewMilestone {
    title: Option<String>,
    description: Option<String>,
    state: Option<IssueState>,
    due_on: Option<jiff::Timestamp>,
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (repo, view) = (call.repo(world)?, View { world, base: hub.base() });
        let asked = |milestone: &&Milestone| match call.query("state").unwrap_or("open") {
            "all" => true,
            "closed" => milestone.state == IssueState::Closed,
            _ => milestone.state == IssueState::Open,
        };
        let mut found: Vec<&Milestone> = repo.milestones.iter().filter(asked).collect();
        if call.query("direction") == Some("desc") {
            found.reverse();
        }
        Ok(page_of(call, hub.base(), found, |milestone| view.milestone(repo, milestone)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewMilestone = call.json()?;
    let title = new.title.filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| Refusal::invalid("Milestone", "title", "missing_field"))?;
    let key = call.repo_key();
    hub.change(|world| {
        let creator = call.login(world)?;
        if call.repo(world)?.milestones.iter().any(|milestone| milestone.title == title) {
            return Err(Refusal::invalid("Milestone", "title", "already_exists"));
        }
        let id = world.next_id();
        let repo = world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?;
        let milestone = Milestone {
            state: new.state.unwrap_or(IssueState::Open),
            description: new.description,
            due_on: new.due_on,
            ..new_milestone(id, repo, title, &creator)
        };
        repo.milestones.push(milestone.clone());
        let shown = View { world, base: hub.base() }.milestone(call.repo(world)?, &milestone);
        let payload = json!({ "action": "created", "milestone": shown });
        hub.emit(world, Event { name: "milestone", repo: Some(&key), org: None, sender: &creator, payload });
        Ok(Answer::created(&shown))
    })
}

/// An open milestone with the repository's next number.
pub(crate) fn new_milestone(id: u64, repo: &Repo, title: String, creator: &str) -> Milestone {
    Milestone {
        id,
        number: repo.milestones.iter().map(|milestone| milestone.number).max().unwrap_or(0) + 1,
        title,
        description: None,
        state: IssueState::Open,
        creator: creator.to_owned(),
        due_on: None,
        created_at: now(),
    }
}

/// Plans an issue or pull request for the milestone of that number, which is there, or for none, and tells of it.
pub(super) fn set(
    hub: &Arc<Hub>,
    world: &mut World,
    at: (&str, u64),
    milestone: Option<u64>,
    sender: &str,
    facts: Option<&Facts>,
) {
    let Some(issue) = world.issue_mut(at.0, at.1) else { return };
    let was = std::mem::replace(&mut issue.milestone, milestone);
    if was == milestone {
        return;
    }
    issue.updated_at = now();
    for (action, number) in [("demilestoned", was), ("milestoned", milestone)] {
        let Some(found) = number.and_then(|number| world.repo(at.0)?.milestone(number)).cloned() else { continue };
        let title = found.title.clone();
        let happening = match action {
            "milestoned" => Happening::Milestoned { title },
            _ => Happening::Demilestoned { title },
        };
        record(world, at, sender, happening);
        let shown: Value = View { world, base: hub.base() }.milestone_of(&world.repos[at.0], number);
        hub.tell_issue(world, at, action, json!({ "milestone": shown }), sender, facts);
    }
}
