//! The comment that lists what can be run. Behaviour: Prow pkg/plugins/trigger/generic-comment.go and
//! pkg/pjutil/help.go.

use std::collections::BTreeSet;

use kit::job_config::Presubmit;
use kit::prow::commands::{Command, Commands};

/// Why help is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `/test ?`
    Asked,
    /// `/test` alone.
    NoTarget,
    /// `/retest` with a target.
    RetestTakesNoTarget,
    /// `/test all`, and nothing would run.
    NothingOnAll,
    /// `/test` with a target that no job answers to.
    NotFound,
}

/// The first case that holds, if any. A command that found its job needs no help.
pub(crate) fn case(commands: Commands, nothing_selected: bool) -> Option<Case> {
    let cases = [
        (Case::Asked, commands.has(Command::TestHelp)),
        (Case::NoTarget, commands.has(Command::EmptyTest)),
        (Case::RetestTakesNoTarget, commands.has(Command::RetestWithTarget)),
        (Case::NothingOnAll, nothing_selected && commands.has(Command::TestAll)),
        (Case::NotFound, nothing_selected && commands.has(Command::TestWithTarget)),
    ];
    cases.into_iter().find(|(_, holds)| *holds).map(|(case, _)| case)
}

// These sentences are also what finds the comment again when it is outdated: once published, they stay.
const NO_TARGET: &str = "`/test` needs to be told what to run.";
const RETEST_TAKES_NO_TARGET: &str = "`/retest` takes no target.";
const NOT_FOUND: &str = "`/test` found no job by this name.";
const NOTHING_ON_ALL: &str = "`/test all` has nothing to run here.";
const REQUIRED: &str = "These commands start required jobs:";
const OPTIONAL: &str = "These commands start optional jobs:";
const NOTHING_AT_ALL: &str = "No presubmit can be started by a comment on";

/// Pieces of the sentences in Prow's help comments; those from before a move to this host are cleaned away with ours.
const IN_PROW: [&str; 6] = [
    "command needs one or more targets.",
    "command does not accept any targets.",
    "The specified target(s) for",
    "No jobs can be run with",
    "available to trigger required jobs:",
    "available to trigger optional jobs:",
];

/// Whether a comment of the bot's is a help comment, ours or Prow's.
pub fn is_one(body: &str) -> bool {
    let ours = [NO_TARGET, RETEST_TAKES_NO_TARGET, NOT_FOUND, NOTHING_ON_ALL, REQUIRED, OPTIONAL, NOTHING_AT_ALL];
    ours.into_iter().chain(IN_PROW).any(|sentence| body.contains(sentence))
}

/// The message: a note, the commands for jobs on the base branch, and what `/test all` would run. `place` is
/// `org/repo@branch`.
pub fn text(case: Case, presubmits: &[Presubmit], by_test_all: &[&Presubmit], place: &str) -> String {
    let note = match case {
        Case::Asked => None,
        Case::NoTarget => Some(NO_TARGET),
        Case::RetestTakesNoTarget => Some(RETEST_TAKES_NO_TARGET),
        Case::NothingOnAll => Some(NOTHING_ON_ALL),
        Case::NotFound => Some(NOT_FOUND),
    };
    let mut sections: Vec<String> = note.map(str::to_owned).into_iter().collect();
    let commands = |required: bool| -> BTreeSet<&str> {
        let counts = |job: &&Presubmit| job.on_branch && (!job.optional && !job.skip_report) == required;
        presubmits.iter().filter(counts).map(|job| job.rerun_command.as_str()).collect()
    };
    let (required, optional) = (commands(true), commands(false));
    if required.is_empty() && optional.is_empty() {
        sections.push(format!("{NOTHING_AT_ALL} {place}."));
        return sections.join("\n\n");
    }
    for (heading, commands) in [(REQUIRED, &required), (OPTIONAL, &optional)] {
        if !commands.is_empty() {
            sections.push(format!("{heading}\n{}", fenced(commands)));
        }
    }
    let names: BTreeSet<&str> = by_test_all.iter().map(|job| job.name.as_str()).collect();
    if names.len() == required.len() + optional.len() {
        sections.push("`/test all` runs all of them.".to_owned());
    } else if !names.is_empty() {
        let list: Vec<String> = names.iter().map(|name| format!("- {name}")).collect();
        sections.push(format!("`/test all` runs these jobs:\n{}", list.join("\n")));
    }
    sections.join("\n\n")
}

/// Each in a block of its own, so that GitHub offers to copy it.
fn fenced(commands: &BTreeSet<&str>) -> String {
    commands.iter().map(|command| format!("```\n{command}\n```")).collect::<Vec<_>>().join("\n")
}
