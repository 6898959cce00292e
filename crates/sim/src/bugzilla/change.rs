//! What may be changed of bugs, and how.

use serde_json::{Value, json};

use super::No;
use super::state::{Bug, Bugzilla, STATUSES, plain_fields};
use crate::seed_services::SeedBugzillaAccount as Account;
use crate::world::now;

/// Bugzilla's limit for a comment.
const LONGEST_COMMENT: usize = 65_535;

/// Makes a bug; gives its number. What is wrong with any field keeps it from being made.
pub(crate) fn create(bugzilla: &mut Bugzilla, body: &Value, who: &Account) -> Result<u64, No> {
    for name in ["product", "component", "summary", "version"] {
        let value = &body[name];
        if value.is_null() || value == "" || value == &json!([]) {
            return Err(No(50, format!("The function Bug.create requires that you set a {name} parameter.")));
        }
    }
    let id = bugzilla.next_id();
    let aliases: Vec<String> = texts(&body["alias"]);
    for alias in &aliases {
        check_alias(bugzilla, alias)?;
    }
    let numbers = |name: &str| -> Result<Vec<u64>, No> {
        let numbers = body[name].as_array().into_iter().flatten().filter_map(Value::as_u64);
        numbers.map(|number| exists(bugzilla, number)).collect()
    };
    let (depends_on, blocks) = (numbers("depends_on")?, numbers("blocks")?);
    let description = body["description"].as_str().unwrap_or_default();
    let is_private = body["comment_is_private"] == json!(true);
    check_comment(description, is_private, who)?;
    let mut bug = Bug {
        id,
        alias: aliases,
        summary: body["summary"].as_str().unwrap_or_default().to_owned(),
        status: STATUSES[0].to_owned(),
        groups: texts(&body["groups"]),
        changed: Some(now()),
        ..Bug::default()
    };
    set_state(&mut bug, body)?;
    set_plain(&mut bug, body);
    bugzilla.bugs.insert(id, bug);
    bugzilla.comment(id, &who.login, description, is_private);
    depends_on.into_iter().for_each(|on| bugzilla.depend(id, on));
    blocks.into_iter().for_each(|blocked| bugzilla.depend(blocked, id));
    Ok(id)
}

/// Changes a bug; gives what changed, by field.
pub(crate) fn update(bugzilla: &mut Bugzilla, id: u64, body: &Value, who: &Account) -> Result<Value, No> {
    let before = bugzilla.bugs.get(&id).cloned().unwrap_or_default();
    let mut bug = before.clone();
    set_state(&mut bug, body)?;
    set_plain(&mut bug, body);
    if let Some(summary) = body["summary"].as_str() {
        bug.summary = summary.to_owned();
    }
    bug.changed = Some(now());
    // Documented is `body`; `comment` is taken too.
    let said = body["comment"]["body"].as_str().or_else(|| body["comment"]["comment"].as_str());
    let is_private = body["comment"]["is_private"] == json!(true);
    if let Some(text) = said {
        check_comment(text, is_private, who)?;
    }
    let mut moves = Vec::new();
    for (name, is_depends) in [("depends_on", true), ("blocks", false)] {
        for (verb, adds) in [("add", true), ("remove", false)] {
            for number in body[name][verb].as_array().into_iter().flatten().filter_map(Value::as_u64) {
                let other = exists(bugzilla, number)?;
                moves.push((adds, if is_depends { (id, other) } else { (other, id) }));
            }
        }
    }
    bugzilla.bugs.insert(id, bug);
    for (adds, (waits, on)) in moves {
        if adds { bugzilla.depend(waits, on) } else { bugzilla.no_longer_depend(waits, on) }
    }
    if let Some(text) = said {
        bugzilla.comment(id, &who.login, text, is_private);
    }
    let after = bugzilla.bugs.get(&id).map(Bug::shown).unwrap_or_default();
    Ok(difference(&before.shown(), &after))
}

/// Adds a comment; gives its number.
pub(crate) fn comment(
    bugzilla: &mut Bugzilla,
    bug: u64,
    text: &str,
    is_private: bool,
    who: &Account,
) -> Result<u64, No> {
    if text.trim().is_empty() {
        return Err(No(50, "The function Bug.add_comment requires that you set a comment parameter.".to_owned()));
    }
    check_comment(text, is_private, who)?;
    Ok(bugzilla.comment(bug, &who.login, text, is_private))
}

fn check_comment(text: &str, is_private: bool, who: &Account) -> Result<(), No> {
    if text.len() > LONGEST_COMMENT {
        return Err(No(114, format!("Comments cannot be longer than {LONGEST_COMMENT} characters.")));
    }
    if is_private && !who.insider {
        return Err(No(113, "You are not allowed to make comments private.".to_owned()));
    }
    Ok(())
}

fn check_alias(bugzilla: &Bugzilla, alias: &str) -> Result<(), No> {
    if alias.len() > 40 || alias.parse::<u64>().is_ok() || alias.contains([' ', ',']) {
        return Err(No(103, format!("`{alias}` cannot be an alias.")));
    }
    match bugzilla.find(alias) {
        Some(bug) => Err(No(103, format!("Bug {} has already taken the alias {alias}.", bug.id))),
        None => Ok(()),
    }
}

fn exists(bugzilla: &Bugzilla, id: u64) -> Result<u64, No> {
    if bugzilla.bugs.contains_key(&id) { Ok(id) } else { Err(No(101, format!("Bug #{id} does not exist."))) }
}

/// A closed bug has a resolution, an open one has none.
fn set_state(bug: &mut Bug, body: &Value) -> Result<(), No> {
    if let Some(status) = body["status"].as_str() {
        if !STATUSES.contains(&status) {
            return Err(No(51, format!("There is no status named '{status}'.")));
        }
        status.clone_into(&mut bug.status);
    }
    if let Some(resolution) = body["resolution"].as_str() {
        resolution.clone_into(&mut bug.resolution);
    }
    match (bug.status == "CLOSED", bug.resolution.is_empty()) {
        (true, true) => Err(No(121, "A valid resolution is required to mark bugs as CLOSED.".to_owned())),
        (false, false) if body["status"].is_string() && !body["resolution"].is_string() => {
            bug.resolution.clear();
            Ok(())
        }
        (false, false) => Err(No(122, "You cannot set a resolution for open bugs.".to_owned())),
        _ => Ok(()),
    }
}

fn set_plain(bug: &mut Bug, body: &Value) {
    for (name, _) in plain_fields() {
        if !body[name].is_null() {
            bug.set(name, body[name].clone());
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn difference(before: &Value, after: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::Array(all) => all.iter().map(super::text_of).collect::<Vec<_>>().join(", "),
        one => super::text_of(one),
    };
    let fields = before.as_object().into_iter().flatten();
    let changed = fields.filter(|(name, value)| *name != "last_change_time" && after[name.as_str()] != **value);
    let change = |(name, value): (&String, &Value)| {
        (name.clone(), json!({ "removed": text(value), "added": text(&after[name.as_str()]) }))
    };
    changed.map(change).collect::<serde_json::Map<_, _>>().into()
}
