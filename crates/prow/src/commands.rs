//! The commands of a comment that concern tests, found without a regex engine.
//!
//! Behaviour: Prow pkg/pjutil/filter.go and pkg/plugins/trigger. Each rule equals the expression that it is documented
//! with, in Go's syntax: `(?m)` lets `^` and `$` stand at line ends, `\s` is `[\t\n\f\r ]` and crosses lines, `.` does
//! not. Commands are case-sensitive and must start a line.

mod fences;
#[cfg(test)]
mod tests;

pub use fences::strip_code_blocks;

/// A command about tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// `(?m)^/test all,?($|\s.*)`
    TestAll,
    /// `(?m)^/retest\s*$`
    Retest,
    /// `(?m)^/retest-required\s*$`
    RetestRequired,
    /// `(?m)^/test-manual-required\s*$`
    TestManualRequired,
    /// `(?m)^/ok-to-test\s*$`
    OkToTest,
    /// `(?m)^/ok-to-test\s+cancel\s*$`
    OkToTestCancel,
    /// `(?m)^/ok-to-test[ \t]+[0-9a-fA-F]{7,40}\s*$`, which Prow does not know.
    OkToTestCommit,
    /// `(?m)^/test[ \t]*\?\s*$`
    TestHelp,
    /// `(?m)^/test\s*$`
    EmptyTest,
    /// `(?m)^/retest[ \t]+\S+`
    RetestWithTarget,
    /// `(?m)^/test[ \t]+\S+`
    TestWithTarget,
    /// `(?m)^/(?:re)?test\b`, after which older help comments are pruned.
    PruneHelp,
}

const ALL: [Command; 12] = [
    Command::TestAll,
    Command::Retest,
    Command::RetestRequired,
    Command::TestManualRequired,
    Command::OkToTest,
    Command::OkToTestCancel,
    Command::OkToTestCommit,
    Command::TestHelp,
    Command::EmptyTest,
    Command::RetestWithTarget,
    Command::TestWithTarget,
    Command::PruneHelp,
];

/// The commands that a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Commands(u16);

impl Commands {
    /// Finds all commands of `text`.
    pub fn of(text: &str) -> Self {
        let mut found = Self::default();
        for rest in line_starts(text) {
            for command in ALL {
                if starts_with_command(rest, command) {
                    found.0 |= bit(command);
                }
            }
        }
        found
    }

    /// Whether `command` is among them.
    pub fn has(self, command: Command) -> bool {
        self.0 & bit(command) != 0
    }

    /// Whether the comment concerns tests at all, even if no job's own trigger matches it.
    pub fn any(self) -> bool {
        self.0 & !bit(Command::PruneHelp) != 0
    }
}

fn bit(command: Command) -> u16 {
    1 << command as u16
}

/// The text from each line's start to the text's end, since some commands may cross lines.
fn line_starts(text: &str) -> impl Iterator<Item = &str> {
    let after_breaks = text.match_indices('\n').map(|(at, _)| &text[at + 1..]);
    std::iter::once(text).chain(after_breaks).filter(|rest| rest.starts_with('/'))
}

/// Whether `rest`, which begins where a line does, begins with `command`.
fn starts_with_command(rest: &str, command: Command) -> bool {
    match command {
        Command::TestAll => rest.strip_prefix("/test all").is_some_and(|rest| {
            let rest = rest.strip_prefix(',').unwrap_or(rest);
            rest.is_empty() || rest.starts_with(is_space)
        }),
        Command::Retest => rest.strip_prefix("/retest").is_some_and(blank_to_line_end),
        Command::RetestRequired => rest.strip_prefix("/retest-required").is_some_and(blank_to_line_end),
        Command::TestManualRequired => rest.strip_prefix("/test-manual-required").is_some_and(blank_to_line_end),
        Command::OkToTest => rest.strip_prefix("/ok-to-test").is_some_and(blank_to_line_end),
        Command::OkToTestCancel => rest.strip_prefix("/ok-to-test").is_some_and(|rest| {
            let target = rest.trim_start_matches(is_space);
            target.len() < rest.len() && target.strip_prefix("cancel").is_some_and(blank_to_line_end)
        }),
        Command::OkToTestCommit => commit_of_line(rest).is_some(),
        Command::TestHelp => rest.strip_prefix("/test").is_some_and(|rest| {
            let target = rest.trim_start_matches([' ', '\t']);
            target.strip_prefix('?').is_some_and(blank_to_line_end)
        }),
        Command::EmptyTest => rest.strip_prefix("/test").is_some_and(blank_to_line_end),
        Command::RetestWithTarget => rest.strip_prefix("/retest").is_some_and(has_target),
        Command::TestWithTarget => rest.strip_prefix("/test").is_some_and(has_target),
        Command::PruneHelp => {
            let rest = rest.strip_prefix("/retest").or_else(|| rest.strip_prefix("/test"));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        }
    }
}

/// The commits that lines of `/ok-to-test SHA` name, as they are written.
pub fn reviewed_commits(text: &str) -> impl Iterator<Item = &str> {
    line_starts(text).filter_map(commit_of_line)
}

/// Whether `written`, a whole SHA or its beginning, names the commit `sha`.
pub fn names_commit(written: &str, sha: &str) -> bool {
    !written.is_empty() && sha.get(..written.len()).is_some_and(|start| start.eq_ignore_ascii_case(written))
}

/// Seven digits are what GitHub's page shows; fewer may well be a word, which as in Prow is no command.
fn commit_of_line(rest: &str) -> Option<&str> {
    let line = rest.strip_prefix("/ok-to-test")?.split('\n').next()?;
    let commit = line.trim_matches(is_space);
    let is_commit = (7..=40).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_commit && line.starts_with([' ', '\t'])).then_some(commit)
}

/// Go's `\s`, which unlike Unicode's white space knows five characters.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' ')
}

/// `\s*$` with `(?m)`.
fn blank_to_line_end(rest: &str) -> bool {
    let line = rest.split('\n').next().unwrap_or_default();
    line.chars().all(is_space)
}

/// `[ \t]+\S+`
fn has_target(rest: &str) -> bool {
    let target = rest.trim_start_matches([' ', '\t']);
    target.len() < rest.len() && target.starts_with(|c| !is_space(c))
}
