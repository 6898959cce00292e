//! Transferring and pinning issues.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Ask, Trouble};
use crate::history::record;
use crate::hub::Hub;
use crate::shapes::View;
use crate::world::{Happening, Issue, Repo, World, key, now};

/// How many issues a repository can have pinned.
const MOST_PINNED: usize = 3;

/// An issue by its key and number.
type At = (String, u64);

pub(super) fn transfer(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    let (issue, repository) = (ask.text("issue")?, ask.text("repository")?);
    hub.change(|world| {
        let (from, number) = issue_at(world, ask, issue)?;
        let to = repo_at(world, ask, repository)?;
        let (source, target) = (&world.repos[&from], &world.repos[&to]);
        if !source.owner.eq_ignore_ascii_case(&target.owner) {
            return Err(Trouble::unprocessable("New repository must have the same owner as the current repository"));
        }
        if from == to {
            return Err(Trouble::unprocessable("Issue is already in this repository"));
        }
        let new = carry(hub, world, ask, (&from, number), &to)?;
        let target = &world.repos[&to];
        Ok(json!({ "issue": shown(hub, world, target, &target.issues[&new]) }))
    })
}

/// Moves the issue and tells of it at both ends. Gives its new number.
fn carry(hub: &Arc<Hub>, world: &mut World, ask: &Ask, from: (&str, u64), to: &str) -> Result<u64, Trouble> {
    let sender = ask.login(world);
    let id = world.next_id();
    let view = View { world, base: hub.base() };
    let (source, target) = (&world.repos[from.0], &world.repos[to]);
    let old = &source.issues[&from.1];
    let number = target.next_number();
    // A label goes along where the other repository has one of its name; a milestone never does.
    let names = source.labels.iter().filter(|label| old.labels.contains(&label.id)).map(|label| &label.name);
    let labels = names.filter_map(|name| target.label(name)).map(|label| label.id).collect();
    let moved = Issue { id, number, labels, milestone: None, updated_at: now(), ..old.clone() };
    let old_shown = json!({ "old_issue": view.issue(source, old), "old_repository": view.repo(source) });

    let target = world.repos.get_mut(to).ok_or_else(|| Trouble::no_repo(to))?;
    target.issues.insert(number, moved);
    record(world, (to, number), &sender, Happening::Transferred);
    let view = View { world, base: hub.base() };
    let target = &world.repos[to];
    let new_shown =
        json!({ "new_issue": view.issue(target, &target.issues[&number]), "new_repository": view.repo(target) });
    hub.tell_issue(world, from, "transferred", json!({ "changes": new_shown }), &sender, None);
    hub.tell_issue(world, (to, number), "opened", json!({ "changes": old_shown }), &sender, None);

    let source = world.repos.get_mut(from.0).ok_or_else(|| Trouble::no_repo(from.0))?;
    source.issues.remove(&from.1);
    source.pinned.retain(|pinned| *pinned != from.1);
    source.moved.insert(from.1, (to.to_owned(), number));
    Ok(number)
}

pub(super) fn pin(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    change_pins(hub, ask, |pinned, number| {
        if pinned.contains(&number) {
            return Err(Trouble::unprocessable("The issue is already pinned"));
        }
        if pinned.len() >= MOST_PINNED {
            return Err(Trouble::unprocessable("Maximum 3 pinned issues per repository"));
        }
        pinned.push(number);
        Ok((Happening::Pinned, "pinned"))
    })
}

pub(super) fn unpin(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    change_pins(hub, ask, |pinned, number| {
        if !pinned.contains(&number) {
            return Err(Trouble::unprocessable("The issue is not pinned"));
        }
        pinned.retain(|other| *other != number);
        Ok((Happening::Unpinned, "unpinned"))
    })
}

fn change_pins(
    hub: &Arc<Hub>,
    ask: &Ask,
    change: impl FnOnce(&mut Vec<u64>, u64) -> Result<(Happening, &'static str), Trouble>,
) -> Result<Value, Trouble> {
    let id = ask.text("issue")?;
    hub.change(|world| {
        let (repo, number) = issue_at(world, ask, id)?;
        let sender = ask.login(world);
        let found = world.repos.get_mut(&repo).ok_or_else(|| Trouble::no_repo(&repo))?;
        let (happening, action) = change(&mut found.pinned, number)?;
        record(world, (&repo, number), &sender, happening);
        hub.tell_issue(world, (&repo, number), action, json!({}), &sender, None);
        let found = &world.repos[&repo];
        Ok(json!({ "issue": shown(hub, world, found, &found.issues[&number]) }))
    })
}

pub(super) fn is_pinned(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    let id = ask.text("issue")?;
    hub.read(|world| {
        let (repo, number) = issue_at(world, ask, id)?;
        let found = &world.repos[&repo];
        Ok(shown(hub, world, found, &found.issues[&number]))
    })
}

fn shown(hub: &Hub, world: &World, repo: &Repo, issue: &Issue) -> Value {
    json!({
        "__typename": "Issue",
        "id": View { world, base: hub.base() }.issue_node(issue),
        "number": issue.number,
        "isPinned": repo.pinned.contains(&issue.number),
        "repository": { "nameWithOwner": repo.full_name() },
    })
}

/// The issue of that node id, which a pull request has not.
fn issue_at(world: &World, ask: &Ask, id: &str) -> Result<At, Trouble> {
    let unseen = || Trouble::no_node("Issue", id);
    let number: Option<u64> = id.strip_prefix("I_").and_then(|number| number.parse().ok());
    let found = world.repos.values().find_map(|repo| {
        let issue = repo.issues.values().find(|issue| issue.pull.is_none() && Some(issue.id) == number)?;
        Some((repo, issue.number))
    });
    let (repo, number) = found.ok_or_else(unseen)?;
    ask.permit(world, repo, unseen())?;
    Ok((key(&repo.full_name()), number))
}

/// The repository of that node id.
fn repo_at(world: &World, ask: &Ask, id: &str) -> Result<String, Trouble> {
    let unseen = || Trouble::no_node("Repository", id);
    let number: Option<u64> = id.strip_prefix("R_").and_then(|number| number.parse().ok());
    let repo = world.repos.values().find(|repo| Some(repo.id) == number).ok_or_else(unseen)?;
    ask.permit(world, repo, unseen())?;
    Ok(key(&repo.full_name()))
}
