//! What is said of a delivery that runs again, or would.

use std::fmt::Write as _;

use store::{Fate, Rerun, TaskFate, TaskState};

use crate::output::tame;

/// What is queued runs when a host comes to it.
pub(super) const WHEN: &str =
    "A host that runs on this inbox begins within a second or two; if none does, the next one at its start.\n";

/// Whether a host is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tense {
    Done,
    DryRun,
}

/// Whether anything runs because of it.
pub(super) fn runs(rerun: &Rerun) -> bool {
    let is_run = |task: &TaskFate| match task.fate {
        Fate::Resumes | Fate::Begins | Fate::Doubles => true,
        Fate::Stays | Fate::Runs => false,
    };
    rerun.asks_others || rerun.tasks.iter().any(is_run)
}

/// One line for the delivery, and one for each task.
pub(super) fn render(rerun: &Rerun, asked_for: &str, tense: Tense) -> String {
    let mut text = format!("{}\n", tame(&rerun.guid));
    let mut say = |line: String| writeln!(text, "  {}", tame(&line)).expect("writing to a string does not fail");
    if rerun.guid != asked_for {
        say(format!("{asked_for} is a duplicate of it"));
    }
    for task in &rerun.tasks {
        say(format!("{} ({}), {}: {}", task.plugin, task.kind, task.state, fate(task, tense)));
    }
    if rerun.asks_others {
        let ask = match tense {
            Tense::Done => "are asked",
            Tense::DryRun => "would be asked",
        };
        say(format!("plugins that were not asked, and that want the event as plugins.yaml stands, {ask}"));
    } else if rerun.tasks.is_empty() {
        say("it has no task".to_owned());
    }
    text
}

fn fate(task: &TaskFate, tense: Tense) -> String {
    let runs = match tense {
        Tense::Done => "runs",
        Tense::DryRun => "would run",
    };
    let did = made(&task.effects);
    match task.fate {
        Fate::Resumes if task.effects.is_empty() => format!("{runs} again"),
        Fate::Resumes => format!("{runs} again from its journal, and does not repeat {did}"),
        Fate::Begins => format!("{runs} again from the beginning; it has changed nothing"),
        Fate::Doubles if task.effects.is_empty() => format!("{runs} again, and may do twice what it did"),
        Fate::Doubles => format!("{runs} again from the beginning, and may repeat {did}"),
        Fate::Stays if task.state == TaskState::Unknown => {
            format!("stays as it is: nobody can tell whether {did} happened, and it is not done twice")
        }
        Fate::Stays if task.effects.is_empty() => "stays as it is".to_owned(),
        Fate::Stays => format!("stays as it is: {did} is done"),
        Fate::Runs => "runs already, or waits for its time".to_owned(),
    }
}

/// `create-comment`, `add-label ×2`: in order of the first.
fn made(effects: &[String]) -> String {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for op in effects {
        let name = op.rsplit_once('.').map_or(op.as_str(), |(_, name)| name);
        match counted.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => counted.push((name, 1)),
        }
    }
    let told: Vec<_> = counted
        .into_iter()
        .map(|(name, count)| if count == 1 { format!("`{name}`") } else { format!("`{name}` ×{count}") })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use store::{TaskId, TaskKind};

    use super::*;

    fn task(plugin: &str, state: TaskState, fate: Fate, effects: &[&str]) -> TaskFate {
        let effects = effects.iter().map(|op| format!("github-issues-write.{op}")).collect();
        TaskFate { id: TaskId(1), plugin: plugin.into(), kind: TaskKind::Comment, state, effects, fate }
    }

    #[test]
    fn each_task_is_told_with_what_becomes_of_it() {
        let rerun = Rerun {
            guid: "g-1".into(),
            asks_others: true,
            tasks: vec![
                task("hold", TaskState::Failed, Fate::Resumes, &["add-label", "create-comment", "create-comment"]),
                task("cat", TaskState::Dead, Fate::Resumes, &[]),
                task("dog", TaskState::Ignored, Fate::Begins, &[]),
                task("lgtm", TaskState::Done, Fate::Doubles, &["add-label"]),
                task("approve", TaskState::Done, Fate::Stays, &["create-comment"]),
                task("pony", TaskState::Unknown, Fate::Stays, &["write-message"]),
                task("trigger", TaskState::Parked, Fate::Runs, &[]),
            ],
        };
        insta::assert_snapshot!(render(&rerun, "g-2", Tense::DryRun), @r"
        g-1
          g-2 is a duplicate of it
          hold (comment), failed: would run again from its journal, and does not repeat `add-label`, `create-comment` ×2
          cat (comment), dead: would run again
          dog (comment), ignored: would run again from the beginning; it has changed nothing
          lgtm (comment), done: would run again from the beginning, and may repeat `add-label`
          approve (comment), done: stays as it is: `create-comment` is done
          pony (comment), unknown: stays as it is: nobody can tell whether `write-message` happened, and it is not done twice
          trigger (comment), parked: runs already, or waits for its time
          plugins that were not asked, and that want the event as plugins.yaml stands, would be asked
        ");
        let idle = Rerun { guid: "g-1".into(), asks_others: false, tasks: vec![] };
        assert_eq!(render(&idle, "g-1", Tense::Done), "g-1\n  it has no task\n");
        assert!(runs(&rerun) && !runs(&idle));
    }
}
