//! A delivery in sentences. Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;
use store::{Considered, DeliveryState, EffectKind, EntryState, Scope, TaskReport, TaskState};

use super::Found;
use crate::age;
use crate::output::tame;

/// Characters of a text that are quoted.
const QUOTED: usize = 60;

/// What became of it: who did what, then a paragraph for each plugin.
pub(super) fn tell(found: &Found, now: Timestamp) -> String {
    let report = &found.report;
    let delivery = &report.summary;
    let (at, ago) = (delivery.received_at, age::age(delivery.received_at, now));
    let mut text = format!("{}, {ago} ago ({at}).\n", what_happened(found));
    let mut say = |line: String| writeln!(text, "  {}", tame(&line)).expect("writing to a string does not fail");
    say(format!("Delivery {}, signed with {}.", delivery.guid, key(&report.key_level)));
    if let Some(first) = &delivery.duplicate_of {
        say(format!(
            "It is a duplicate: another hook told of the same event, as delivery {first}, and nothing is done twice."
        ));
        return text;
    }
    if delivery.state == DeliveryState::New && report.reports.is_empty() {
        say("It is on disk, and the host has not come to it yet: it is busy, or is not running.".to_owned());
        return text;
    }
    if report.considered.is_empty() && report.reports.is_empty() {
        say(match &delivery.scope {
            Scope::Repo(name) => format!("No plugin is enabled for {name} in plugins.yaml, so nobody was asked."),
            Scope::Org(_) | Scope::Any => "Events that are about no repository reach no plugin.".to_owned(),
        });
    }
    for task in &report.reports {
        about_task(task, &delivery.guid, now).into_iter().for_each(&mut say);
        let considered = report.considered.iter().find(|considered| considered.plugin == task.plugin);
        // It may be the quarantine that it waits for.
        if let Some(considered) = considered.filter(|_| task.state == TaskState::Queued) {
            say(format!("  It {}.", considered.why.trim_end_matches('.')));
        }
    }
    passed_over(&report.considered).into_iter().for_each(&mut say);
    text
}

/// Why the others did not run: those with one reason together.
fn passed_over(considered: &[Considered]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for plugin in considered.iter().filter(|plugin| !plugin.runs) {
        let why = plugin.why.trim_end_matches('.');
        match reasons.iter_mut().find(|(other, _)| *other == why) {
            Some((_, plugins)) => plugins.push(&plugin.plugin),
            None => reasons.push((why, vec![&plugin.plugin])),
        }
    }
    let told = reasons.into_iter().map(|(why, plugins)| match &plugins[..] {
        [plugin] => format!("{plugin} did not run: it {why}."),
        plugins => format!("{} did not run: each {why}.", plugins.join(", ")),
    });
    told.collect()
}

/// `ann commented "/hold" on o/r#7`.
fn what_happened(found: &Found) -> String {
    let delivery = &found.report.summary;
    let who = found.sender.as_deref().unwrap_or("someone");
    let on = match (&delivery.scope, delivery.key.as_deref()) {
        (Scope::Repo(name), Some(key)) if key.starts_with('#') => format!("{name}{key}"),
        (Scope::Repo(name), Some(key)) => format!("{key} of {name}"),
        (Scope::Repo(name) | Scope::Org(name), _) => name.clone(),
        (Scope::Any, _) => "GitHub".to_owned(),
    };
    let what = match (found.action.as_deref(), found.text.as_deref()) {
        (Some("created" | "submitted"), Some(text)) => format!("wrote {}", quoted(text)),
        (Some(action), _) => format!("caused `{}` ({action})", delivery.event),
        (None, _) => format!("caused `{}`", delivery.event),
    };
    tame(&format!("{who} {what} on {on}"))
}

fn quoted(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let cut: String = line.chars().take(QUOTED).collect();
    let more = if cut.len() < text.trim().len() { "…" } else { "" };
    format!("\"{cut}{more}\"")
}

fn key(level: &str) -> String {
    match level {
        "*" => "the key for all (`*`)".to_owned(),
        level => format!("the key of `{level}`"),
    }
}

/// One plugin's paragraph: how it ended, then what it changed, what it was denied, and what it said.
fn about_task(task: &TaskReport, guid: &str, now: Timestamp) -> Vec<String> {
    let mut lines = vec![ending(task, guid, now)];
    let changes = changes(task);
    if !changes.is_empty() {
        lines.push(format!("  It {}.", changes.join(", ")));
    }
    let trace = |key: &str| task.trace.as_ref().and_then(|trace| trace[key].as_array()).into_iter().flatten();
    for denied in trace("denied").filter_map(Value::as_str) {
        lines.push(format!("  It was not let: {denied}."));
    }
    for call in trace("calls") {
        if let (Some(op), Some(error)) = (call["op"].as_str(), call["error"].as_str()) {
            lines.push(format!("  `{op}` was answered with an error: {error}."));
        }
    }
    for said in trace("log") {
        let (level, message) = (said["level"].as_str(), said["message"].as_str());
        lines.push(format!("  It logged ({}): {}", level.unwrap_or("info"), message.unwrap_or_default()));
    }
    lines
}

fn ending(task: &TaskReport, guid: &str, now: Timestamp) -> String {
    let plugin = &task.plugin;
    let why = task.reason.as_deref().map(|why| format!(": {}", why.trim_end_matches('.'))).unwrap_or_default();
    let took = task.duration.map(|took| format!(" ({})", age::took(took))).unwrap_or_default();
    let retry = format!("Nothing more is done by itself; `bowsprit deliveries retry {guid}` runs it again.");
    match task.state {
        TaskState::Done => format!("{plugin} ran{took}{why}."),
        TaskState::Ignored => format!("{plugin} looked at it and had nothing to do{took}{why}."),
        TaskState::Failed => format!("{plugin} failed{took}{why}. {retry}"),
        TaskState::Dead => format!("{plugin} was given up{why}. {retry}"),
        TaskState::Unknown => format!(
            "{plugin} began something of which nobody can tell whether it happened{why}. Look there; it is not done twice."
        ),
        TaskState::Queued => format!("{plugin} waits for its turn: what came before it, or a free place."),
        TaskState::Parked => {
            let until = task.not_before.unwrap_or(now);
            let failed = match task.attempts {
                0 => String::new(),
                1 => " One attempt has failed.".to_owned(),
                attempts => format!(" {attempts} attempts have failed."),
            };
            format!("{plugin} waits until {until} (in {}){why}.{failed}", age::age(now, until))
        }
    }
}

/// What it changed, in order; one that was made for the second time is said once.
fn changes(task: &TaskReport) -> Vec<String> {
    let effects = task.journal.iter().filter(|entry| entry.kind != EffectKind::Read);
    let told = effects.filter_map(|entry| match &entry.state {
        EntryState::Done(result) if is_refused(result) => None,
        EntryState::Done(_) => Some(phrase(&entry.op, &entry.args)),
        EntryState::Intent => Some(format!("perhaps {}", phrase(&entry.op, &entry.args))),
    });
    told.collect()
}

/// Results are written as `{"Ok": …}` and `{"Err": …}`.
fn is_refused(result: &str) -> bool {
    result.starts_with(r#"{"Err""#)
}

/// `put on the label "lgtm"`.
fn phrase(op: &str, args: &str) -> String {
    let function = op.rsplit_once('.').map_or(op, |(_, function)| function);
    let last = last_text(args);
    let with = |what: &str| match &last {
        Some(text) => format!("{what} {}", quoted(text)),
        None => what.to_owned(),
    };
    match function {
        "create-comment" => with("commented"),
        "edit-comment" => with("changed its comment to"),
        "delete-comment" => "deleted a comment".to_owned(),
        "add-label" => with("put on the label"),
        "remove-label" => with("took off the label"),
        "assign" => "assigned people".to_owned(),
        "unassign" => "unassigned people".to_owned(),
        "request-review" => "asked for reviews".to_owned(),
        "unrequest-review" => "took back requests for reviews".to_owned(),
        "create-review" => "wrote a review".to_owned(),
        "create-status" => "set a commit status".to_owned(),
        "create-presubmit" | "create-postsubmit" => "started a job".to_owned(),
        "create-overridden" => "marked a job as passed".to_owned(),
        "abort" => "asked a job to end".to_owned(),
        "close" => "closed it".to_owned(),
        "reopen" => "opened it again".to_owned(),
        "write-message" => "wrote to Slack".to_owned(),
        _ => format!("made `{op}`"),
    }
}

/// The last argument, if it is a text: what most effects are about.
fn last_text(args: &str) -> Option<String> {
    let args: Value = serde_json::from_str(args).ok()?;
    args.as_array()?.last()?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
