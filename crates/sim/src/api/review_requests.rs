//! Who is asked to review a pull request.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::pulls::found;
use crate::call::Call;
use crate::facts::Facts;
use crate::history::record;
use crate::hub::Hub;
use crate::roles::is_collaborator;
use crate::shapes::View;
use crate::world::{Happening, Pull, World, key};

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    team_reviewers: Vec<String>,
}

/// A person by login, or a team by slug.
#[derive(Clone)]
enum Reviewer {
    Person(String),
    Team(String),
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let asked: Asked = call.json()?;
    change(hub, call, StatusCode::CREATED, |world| {
        let (issue, pull) = found(world, call)?;
        let repo = call.repo(world)?;
        if asked.reviewers.iter().any(|login| login.eq_ignore_ascii_case(&issue.author)) {
            return Err(Refusal::unprocessable("Review cannot be requested from pull request author."));
        }
        let may = |login: &String| is_collaborator(world, repo, login) || repo.owner.eq_ignore_ascii_case(login);
        let org = world.org(&repo.owner);
        let name = key(&repo.full_name());
        let has_access =
            |slug: &String| org.and_then(|org| org.teams.get(slug)).is_some_and(|team| team.repos.contains_key(&name));
        if !asked.reviewers.iter().all(may) || !asked.team_reviewers.iter().all(has_access) {
            return Err(Refusal::unprocessable(&format!(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is \
                 not a collaborator of the {} repository.",
                repo.full_name()
            )));
        }
        let people = asked.reviewers.iter().map(|login| world.user(login).map_or(login, |user| &user.login));
        let people = people.map(|login| Reviewer::Person(login.clone()));
        let teams = asked.team_reviewers.iter().map(|slug| Reviewer::Team(slug.clone()));
        Ok(people.chain(teams).filter(|reviewer| !reviewer.is_in(pull)).collect())
    })
}

pub(crate) fn delete(hub: &Arc<Hub>, call: &Call) -> Reply {
    let asked: Asked = call.json()?;
    change(hub, call, StatusCode::OK, |world| {
        let (_, pull) = found(world, call)?;
        let named = |names: &[String], name: &String| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let people = pull.requested_reviewers.iter().filter(|login| named(&asked.reviewers, login));
        let teams = pull.requested_teams.iter().filter(|slug| named(&asked.team_reviewers, slug));
        Ok(people.cloned().map(Reviewer::Person).chain(teams.cloned().map(Reviewer::Team)).collect())
    })
}

/// Turns each reviewer from asked to not asked or back, and tells of it.
fn change(
    hub: &Arc<Hub>,
    call: &Call,
    status: StatusCode,
    whom: impl FnOnce(&World) -> Result<Vec<Reviewer>, Refusal>,
) -> Reply {
    let at = (call.repo_key(), call.number("pull_number")?);
    let facts = hub.facts_of(&at.0, at.1)?;
    hub.change(|world| {
        let sender = call.login(world)?;
        for reviewer in whom(world)? {
            turn(hub, world, (&at.0, at.1), &reviewer, &sender, facts.as_deref());
        }
        let (issue, pull) = found(world, call)?;
        Ok(Answer::json(status, &View { world, base: hub.base() }.pull(call.repo(world)?, issue, pull)))
    })
}

fn turn(hub: &Arc<Hub>, world: &mut World, at: (&str, u64), reviewer: &Reviewer, sender: &str, facts: Option<&Facts>) {
    let Some(pull) = world.issue_mut(at.0, at.1).and_then(|issue| issue.pull.as_mut()) else { return };
    let was_asked = reviewer.is_in(pull);
    let (list, name) = match reviewer {
        Reviewer::Person(login) => (&mut pull.requested_reviewers, login),
        Reviewer::Team(slug) => (&mut pull.requested_teams, slug),
    };
    if was_asked {
        list.retain(|other| other != name);
    } else {
        list.push(name.clone());
    }
    let (login, team) = match reviewer {
        Reviewer::Person(login) => (Some(login.clone()), None),
        Reviewer::Team(slug) => (None, Some(slug.clone())),
    };
    let view = View { world, base: hub.base() };
    let extra = match reviewer {
        Reviewer::Person(login) => json!({ "requested_reviewer": view.account(login) }),
        Reviewer::Team(slug) => json!({ "requested_team": view.team_of(&world.repos[at.0].owner, slug) }),
    };
    let (action, happening) = if was_asked {
        ("review_request_removed", Happening::ReviewRequestRemoved { login, team })
    } else {
        ("review_requested", Happening::ReviewRequested { login, team })
    };
    record(world, at, sender, happening);
    hub.tell_issue(world, at, action, extra, sender, facts);
}

impl Reviewer {
    fn is_in(&self, pull: &Pull) -> bool {
        match self {
            Self::Person(login) => pull.requested_reviewers.contains(login),
            Self::Team(slug) => pull.requested_teams.contains(slug),
        }
    }
}
