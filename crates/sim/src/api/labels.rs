//! Labels of a repository, and which of them an issue or pull request carries.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::facts::Facts;
use crate::happened::{label_of, tell_label};
use crate::history::record;
use crate::hub::Hub;
use crate::page::list;
use crate::shapes::View;
use crate::world::{Happening, Label, World, now};

/// The longest name of a label.
const LONGEST: usize = 50;

#[derive(Deserialize)]
struct NewLabel {
    name: String,
    color: Option<String>,
    description: Option<String>,
}

/// The three ways in which GitHub takes a list of labels.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    Wrapped { labels: Vec<Name> },
    Plain(Vec<Name>),
    One(String),
    Nothing(Empty),
}

/// `{}`; a misspelt key is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Object { name: String },
}

impl Names {
    fn checked(self) -> Result<Vec<String>, Refusal> {
        let names = match self {
            Self::Wrapped { labels } | Self::Plain(labels) => labels,
            Self::One(name) => vec![Name::Text(name)],
            Self::Nothing(Empty {}) => Vec::new(),
        };
        let names = names.into_iter().map(|name| match name {
            Name::Text(name) | Name::Object { name } => name,
        });
        let names: Vec<String> = names.collect();
        match names.iter().find(|name| name.trim().is_empty() || name.chars().count() > LONGEST) {
            Some(_) => Err(Refusal::invalid("Label", "name", "invalid")),
            None => Ok(names),
        }
    }
}

pub(crate) fn of_repo(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let repo = call.repo(world)?;
        let view = View { world, base: hub.base() };
        Ok(list(call, hub.base(), repo.labels.iter().collect(), |label| view.label(repo, label)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewLabel = call.json()?;
    let color = new.color.unwrap_or_else(|| "ededed".to_owned());
    if color.len() != 6 || !color.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::invalid("Label", "color", "invalid"));
    }
    let names = Names::One(new.name).checked()?;
    hub.change(|world| {
        let (key, sender) = (call.repo_key(), call.login(world)?);
        let name = names.into_iter().next().unwrap_or_default();
        if call.repo(world)?.label(&name).is_some() {
            return Err(Refusal::invalid("Label", "name", "already_exists"));
        }
        let label = Label { id: world.next_id(), name, color, description: new.description };
        world.repos.get_mut(&key).ok_or_else(Refusal::not_found)?.labels.push(label.clone());
        tell_label(hub, world, &key, &label, &sender);
        Ok(Answer::created(&View { world, base: hub.base() }.label(call.repo(world)?, &label)))
    })
}

pub(crate) fn of_issue(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let labels = View { world, base: hub.base() }.labels_of(call.repo(world)?, issue);
        Ok(list(call, hub.base(), labels, |label| label))
    })
}

pub(crate) fn add(hub: &Arc<Hub>, call: &Call) -> Reply {
    let names = call.json::<Names>()?.checked()?;
    let (key, number) = (call.repo_key(), call.number("issue_number")?);
    let facts = hub.facts_of(&key, number)?;
    hub.change(|world| {
        call.target(world).ok_or_else(Refusal::not_found)?;
        let sender = call.login(world)?;
        for name in names {
            put_on(hub, world, (&key, number), &name, &sender, facts.as_deref());
        }
        shown(hub, world, call)
    })
}

pub(crate) fn set(hub: &Arc<Hub>, call: &Call) -> Reply {
    let names = call.json::<Names>()?.checked()?;
    let (key, number) = (call.repo_key(), call.number("issue_number")?);
    let facts = hub.facts_of(&key, number)?;
    hub.change(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let sender = call.login(world)?;
        let repo = call.repo(world)?;
        let on = repo.labels.iter().filter(|label| issue.labels.contains(&label.id));
        let gone = on.filter(|label| !names.iter().any(|name| name.eq_ignore_ascii_case(&label.name)));
        let gone: Vec<Label> = gone.cloned().collect();
        for label in gone {
            take_off(hub, world, (&key, number), &label, &sender, facts.as_deref());
        }
        for name in names {
            put_on(hub, world, (&key, number), &name, &sender, facts.as_deref());
        }
        shown(hub, world, call)
    })
}

pub(crate) fn remove(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (key, number) = (call.repo_key(), call.number("issue_number")?);
    let facts = hub.facts_of(&key, number)?;
    hub.change(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let sender = call.login(world)?;
        let label = call.repo(world)?.label(call.param("name")).filter(|label| issue.labels.contains(&label.id));
        let Some(label) = label.cloned() else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "Label does not exist"));
        };
        take_off(hub, world, (&key, number), &label, &sender, facts.as_deref());
        shown(hub, world, call)
    })
}

/// Puts a label on, and tells of it, unless it is on already.
pub(super) fn put_on(
    hub: &Arc<Hub>,
    world: &mut World,
    at: (&str, u64),
    name: &str,
    sender: &str,
    facts: Option<&Facts>,
) {
    let Some(label) = label_of(hub, world, at.0, name, sender) else { return };
    let Some(issue) = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)) else { return };
    if issue.labels.contains(&label.id) {
        return;
    }
    issue.labels.push(label.id);
    issue.updated_at = now();
    let happening = Happening::Labeled { name: label.name.clone(), color: label.color.clone() };
    record(world, at, sender, happening);
    tell(hub, world, at, "labeled", &label, sender, facts);
}

fn take_off(hub: &Arc<Hub>, world: &mut World, at: (&str, u64), label: &Label, sender: &str, facts: Option<&Facts>) {
    let Some(issue) = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)) else { return };
    issue.labels.retain(|id| *id != label.id);
    issue.updated_at = now();
    let happening = Happening::Unlabeled { name: label.name.clone(), color: label.color.clone() };
    record(world, at, sender, happening);
    tell(hub, world, at, "unlabeled", label, sender, facts);
}

fn tell(
    hub: &Arc<Hub>,
    world: &World,
    at: (&str, u64),
    action: &str,
    label: &Label,
    sender: &str,
    facts: Option<&Facts>,
) {
    let Some(repo) = world.repo(at.0) else { return };
    let label: Value = View { world, base: hub.base() }.label(repo, label);
    hub.tell_issue(world, at, action, json!({ "label": label }), sender, facts);
}

fn shown(hub: &Hub, world: &World, call: &Call) -> Reply {
    let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(&json!(View { world, base: hub.base() }.labels_of(call.repo(world)?, issue))))
}
