//! Which comments start a presubmit by name.

use regex::Regex;

use crate::commands::is_space;
use crate::goregex;

/// A presubmit's trigger.
///
/// Most have the default shape, which differs from job to job by the name alone: those are matched by a scan of the
/// text, as hundreds of compiled expressions cost megabytes and milliseconds.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// `(?m)^/test( | .* )<name>,?($|\s.*)`
    Named(String),
    /// Any other expression.
    Pattern(Regex),
}

/// The expression that Prow gives a presubmit without a trigger, in Go's syntax. The name goes in as it is: a `.` in
/// it stands for any character.
pub fn default_trigger(name: &str) -> String {
    format!(r"(?m)^/test( | .* ){name},?($|\s.*)")
}

/// The comment that Prow names for a presubmit without a rerun command.
pub fn default_rerun_command(name: &str) -> String {
    format!("/test {name}")
}

impl Trigger {
    /// The default trigger of a job. `name` holds only what a job's name may hold: ASCII letters, digits, `-`, `_`, `.`.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named(name.into())
    }

    /// Compiles an expression in Go's syntax; one of the default shape is recognised, for whatever name.
    ///
    /// # Errors
    /// Says what is wrong with the expression.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let inner = pattern.strip_prefix(r"(?m)^/test( | .* )").and_then(|rest| rest.strip_suffix(r",?($|\s.*)"));
        match inner {
            Some(name) if !name.is_empty() && name.bytes().all(is_name_byte) => Ok(Self::named(name)),
            _ => goregex::compile(pattern).map(Self::Pattern),
        }
    }

    /// Whether the text asks for the job.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            // Of hundreds of jobs a comment names one or two: the rest is out after one plain search.
            Self::Named(name) if !name.as_bytes().contains(&b'.') && !text.contains(name.as_str()) => false,
            Self::Named(name) => text.split('\n').any(|line| line_names(line, name)),
            Self::Pattern(regex) => regex.is_match(text),
        }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Whether a line is `/test`, anything or nothing between spaces, the name, and then a comma at most or white space.
fn line_names(line: &str, name: &str) -> bool {
    let Some(arguments) = line.strip_prefix("/test") else { return false };
    arguments.match_indices(' ').any(|(at, space)| {
        // The name follows the first space, or a later one: `( | .* )` takes the first space and all up to the last.
        if !arguments.starts_with(' ') {
            return false;
        }
        let Some(rest) = strip_name(&arguments[at + space.len()..], name) else { return false };
        let rest = rest.strip_prefix(',').unwrap_or(rest);
        rest.is_empty() || rest.starts_with(is_space)
    })
}

/// What follows `name` at the start of `text`; a `.` in the name takes any one character.
fn strip_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut chars = text.chars();
    for wanted in name.chars() {
        let found = chars.next()?;
        if wanted != '.' && wanted != found {
            return None;
        }
    }
    Some(chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the scan and the expression that it stands for against each other.
    #[track_caller]
    fn check(name: &str, text: &str, want: bool) {
        let regex = goregex::compile(&default_trigger(name)).unwrap();
        assert_eq!(regex.is_match(text), want, "expression for {name:?}: {text:?}");
        assert_eq!(Trigger::named(name).matches(text), want, "scan for {name:?}: {text:?}");
    }

    #[test]
    fn a_default_trigger_and_its_expression_agree() {
        check("b", "/test b", true);
        check("b", "/test a b", true);
        check("b", "/test a  b c", true);
        check("b", "/test  b", true);
        check("b", "/test b,", true);
        check("b", "/test a, b, c", true);
        check("b", "/test b,,", false);
        check("b", "/test b,c", false);
        check("b", "/test b\r", true);
        check("b", "/test b\r\n", true);
        check("b", "/test b\nmore", true);
        check("b", "text\n/test b", true);
        check("b", "text /test b", false);
        check("b", "/test\tb", false);
        check("b", "/test a\tb", false);
        check("b", "/test a\t b", true);
        check("b", "/test b\tc", true);
        check("b", "/testb", false);
        check("b", "/testing b", false);
        check("b", "/test", false);
        check("b", "/test ", false);
        check("b", "/test bb", false);
        check("b", "/test ab", false);
        check("b", "/test \nb", false);
        check("b", "/Test b", false);
        check("b", "/test b\u{b}", false);
        check("b", "/test b\u{a0}c", false);
        check("b", "", false);
        check("pull-jeb", "/test jeb", false);
    }

    #[test]
    fn a_dot_in_the_name_takes_any_character_of_the_line() {
        check("e2e-1.2", "/test e2e-1.2", true);
        check("e2e-1.2", "/test e2e-1x2", true);
        check("e2e-1.2", "/test e2e-1é2", true);
        check("e2e-1.2", "/test e2e-1 2", true);
        check("e2e-1.2", "/test e2e-1\r2", true);
        check("e2e-1.2", "/test e2e-1\n2", false);
        check("e2e-1.2", "/test e2e-12", false);
        check("a.", "/test a", false);
        check("a.", "/test a ", true);
        check(".", "/test é", true);
        check(".", "/test ,", true);
    }

    #[test]
    fn the_default_shape_is_recognised_where_it_is_written_out() {
        assert!(matches!(Trigger::compile(&default_trigger("a-1.b")), Ok(Trigger::Named(name)) if name == "a-1.b"));
        assert!(matches!(Trigger::compile(&default_trigger("a|b")), Ok(Trigger::Pattern(_))));
        assert!(matches!(Trigger::compile("(?m)^/test( | .* ),?($|\\s.*)"), Ok(Trigger::Pattern(_))));
        assert!(Trigger::compile("(?=").is_err());
    }

    #[test]
    fn other_triggers_match_as_they_are_written() {
        let loose = Trigger::compile("run the tests").unwrap();
        assert!(loose.matches("would you run the tests please"));
        assert!(!loose.matches("/test it"));
    }
}
