//! The commands of a comment that concern tests, found without a regex engine.
//!
//! Behaviour: Prow pkg/pjutil/filter.go and pkg/plugins/trigger. Each rule equals the expression that it is documented
//! with, in Go's syntax: `(?m)` lets `^` and `$` stand at line ends, `\s` is `[\t\n\f\r ]` and crosses lines, `.` does
//! not. Commands are case-sensitive and must start a line.

use std::borrow::Cow;

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

const ALL: [Command; 11] = [
    Command::TestAll,
    Command::Retest,
    Command::RetestRequired,
    Command::TestManualRequired,
    Command::OkToTest,
    Command::OkToTestCancel,
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

/// The text without its fenced code blocks, which hold examples and not commands.
///
/// A block begins with a line that starts with three backticks or tildes (a language may follow) and ends with a line
/// of just the same three, the end of the text included. What is not closed so is not a block. Prow's expression
/// misses blocks with CRLF line ends, which GitHub's own page sends; here they are blocks.
pub fn strip_code_blocks(text: &str) -> Cow<'_, str> {
    // An opening behind the last closing line cannot be closed. Known beforehand, so that a text full of openings is not
    // searched to its end for each.
    let last = FENCES.map(|fence| last_closing(text, fence));
    let mut kept = String::new();
    let mut rest = text;
    let mut stripped = false;
    while let Some((start, end)) = first_block(rest, last.map(|last| last.checked_sub(text.len() - rest.len()))) {
        kept.push_str(&rest[..start]);
        rest = &rest[end..];
        stripped = true;
    }
    if !stripped {
        return Cow::Borrowed(text);
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

const FENCES: [&str; 2] = ["```", "~~~"];

/// Where the last line of just `fence` starts; 0 if there is none, since a block opens before it closes.
fn last_closing(text: &str, fence: &str) -> usize {
    let is_closing = |at: &usize| {
        let rest = &text[*at + fence.len()..];
        let line = rest.split('\n').next().unwrap_or_default();
        (*at == 0 || text.as_bytes()[*at - 1] == b'\n') && line.strip_suffix('\r').unwrap_or(line).is_empty()
    };
    text.rmatch_indices(fence).map(|(at, _)| at).find(is_closing).unwrap_or(0)
}

/// Where the first code block of `text` starts and ends. What precedes `text` must end a line. `last` is where each
/// fence closes for the last time, if it does behind the start of `text`.
fn first_block(text: &str, last: [Option<usize>; 2]) -> Option<(usize, usize)> {
    let mut start = 0;
    loop {
        let line = &text[start..];
        for (fence, last) in FENCES.into_iter().zip(last) {
            if last.is_none_or(|last| last <= start) {
                continue;
            }
            if let Some(end) = line.strip_prefix(fence).and_then(|body| block_end(body, fence)) {
                return Some((start, start + fence.len() + end));
            }
        }
        start += line.find('\n')? + 1;
    }
}

/// The length of a block's body with its closing fence and the line break after it.
fn block_end(body: &str, fence: &str) -> Option<usize> {
    let mut at = 0;
    while let Some(line_end) = body[at..].find('\n') {
        at += line_end + 1;
        if let Some(rest) = body[at..].strip_prefix(fence) {
            let rest = rest.strip_prefix('\r').unwrap_or(rest);
            if rest.is_empty() {
                return Some(body.len());
            }
            if let Some(rest) = rest.strip_prefix('\n') {
                return Some(body.len() - rest.len());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[Command]) {
        let found = Commands::of(text);
        let names: Vec<_> = ALL.into_iter().filter(|command| found.has(*command)).collect();
        assert_eq!(names, want, "{text:?}");
    }

    #[test]
    fn test_all_may_be_followed_by_a_comma_and_more() {
        use Command::*;
        let all = [TestAll, TestWithTarget, PruneHelp];
        check("/test all", &all);
        check("/test all,", &all);
        check("/test all please", &all);
        check("/test all\r\n", &all);
        check("hello\n/test all", &all);
        check("/test all, thanks", &all);
        check("/test alle", &[TestWithTarget, PruneHelp]);
        check("/test all,,", &[TestWithTarget, PruneHelp]);
        check("/test  all", &[TestWithTarget, PruneHelp]);
        check("/Test all", &[]);
        check(" /test all", &[]);
        check("say /test all", &[]);
    }

    #[test]
    fn retest_stands_alone_on_its_line() {
        use Command::*;
        check("/retest", &[Retest, PruneHelp]);
        check("/retest \t\r\nthanks", &[Retest, PruneHelp]);
        check("/retest\n\n", &[Retest, PruneHelp]);
        check("/retest please", &[RetestWithTarget, PruneHelp]);
        check("/retest \r\n/other-command", &[Retest, PruneHelp]);
        check("/retest,", &[PruneHelp]);
        check("/retests", &[]);
        check("/RETEST", &[]);
        check("x /retest", &[]);
        check("/retest-required", &[RetestRequired, PruneHelp]);
        check("/retest-required \r", &[RetestRequired, PruneHelp]);
        check("/retest-required now", &[PruneHelp]);
        check("/retest_required", &[]);
    }

    #[test]
    fn test_manual_required_is_not_test_with_a_target() {
        use Command::*;
        check("/test-manual-required", &[TestManualRequired, PruneHelp]);
        check("/test-manual-required\r\n", &[TestManualRequired, PruneHelp]);
        check("/test-manual-required x", &[PruneHelp]);
    }

    #[test]
    fn ok_to_test_and_its_cancel() {
        use Command::*;
        check("/ok-to-test", &[OkToTest]);
        check("/ok-to-test \r", &[OkToTest]);
        check("a\n/ok-to-test\nb", &[OkToTest]);
        check("not /ok-to-test", &[]);
        check("/ok-to-test now", &[]);
        check("/OK-to-test", &[]);
        check("/ok-to-test cancel", &[OkToTestCancel]);
        check("/ok-to-test \t cancel \r\n", &[OkToTestCancel]);
        check("/ok-to-test cancel it", &[]);
        check("/ok-to-testcancel", &[]);
        // `\s+` crosses the line, and the first line is a command of its own.
        check("/ok-to-test\ncancel", &[OkToTest, OkToTestCancel]);
    }

    #[test]
    fn asking_for_help() {
        use Command::*;
        check("/test ?", &[TestHelp, TestWithTarget, PruneHelp]);
        check("/test?", &[TestHelp, PruneHelp]);
        check("/test \t?\r\n", &[TestHelp, TestWithTarget, PruneHelp]);
        check("/test ? x", &[TestWithTarget, PruneHelp]);
        check("/test", &[EmptyTest, PruneHelp]);
        check("/test \r\n?", &[EmptyTest, PruneHelp]);
        check("/test \r\n", &[EmptyTest, PruneHelp]);
        check("/test\r\nfoo", &[EmptyTest, PruneHelp]);
    }

    #[test]
    fn a_target_stands_on_the_same_line() {
        use Command::*;
        check("/test foo", &[TestWithTarget, PruneHelp]);
        check("/test\tfoo", &[TestWithTarget, PruneHelp]);
        check("/retest foo", &[RetestWithTarget, PruneHelp]);
        check("/retest \r\nfoo", &[Retest, PruneHelp]);
        check("/testfoo", &[]);
        check("/test_foo", &[]);
        check("/test:foo", &[PruneHelp]);
        check("/testé", &[PruneHelp]);
    }

    #[test]
    fn any_is_about_commands_and_not_about_pruning() {
        assert!(Commands::of("/test x").any());
        assert!(!Commands::of("/test:x").any());
        assert!(!Commands::of("hello").any());
    }

    #[track_caller]
    fn check_blocks(text: &str, want: &str) {
        assert_eq!(strip_code_blocks(text), want, "{text:?}");
    }

    #[test]
    fn closed_fences_are_stripped() {
        check_blocks("a\n```\n/test x\n```\nb", "a\nb");
        check_blocks("```\n/test x\n```", "");
        check_blocks("~~~\n/test x\n~~~\n", "");
        check_blocks("```go\n/test x\n```\n/test y", "/test y");
        check_blocks("```\n```\nx", "x");
        check_blocks("```\na\n```\nb\n```\nc\n```\nd", "b\nd");
    }

    #[test]
    fn fences_with_crlf_are_stripped() {
        check_blocks("a\r\n```\r\n/test x\r\n```\r\nb", "a\r\nb");
        check_blocks("```\r\n/test x\r\n```\r", "");
    }

    #[test]
    fn a_text_full_of_openings_is_read_once() {
        let openings = "```x\n".repeat(1 << 20);
        assert_eq!(strip_code_blocks(&openings), openings);
        let closed = format!("{openings}~~~\n~~~\nend");
        assert_eq!(strip_code_blocks(&closed), format!("{openings}end"));
    }

    #[test]
    fn what_is_not_closed_by_a_bare_fence_stays() {
        for text in [
            "```\n/test x",
            "```\n/test x\n``` that was it",
            "```\n/test x\n~~~",
            " ```\n/test x\n ```",
            "text ```\n/test x\n```",
            "plain",
            "",
        ] {
            check_blocks(text, text);
        }
        check_blocks("```\n/test x\n``` no\n/test y\n```\nz", "z");
    }

    #[test]
    fn case_52_a_fenced_command_beside_a_bare_one_leaves_the_bare_one() {
        check_blocks("```\n/test FOO\n```\n/test BAR", "/test BAR");
    }
}
