//! Commands in a text, by plain parsing: a guest that compiles a regular expression spends longer on that than on the
//! event.

/// A line that begins with `/`, as a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// What stands between the slash and the first white space.
    pub name: &'a str,
    /// What follows on the line, without white space at either end.
    pub rest: &'a str,
}

impl<'a> Line<'a> {
    /// Whether the command is `name`, in any case.
    pub fn is(self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first word after the name; empty if there is none.
    pub fn argument(self) -> &'a str {
        self.rest.split(is_space).next().unwrap_or_default()
    }
}

/// The lines of `text` that begin with a slash. A quoted (`> /hold`) or indented one is none.
///
/// Where Prow's expressions let white space cross a line (`/hold` and, below it, `cancel`), here a command ends with
/// its line: what stands on the next one was hardly meant for it.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split('\n').filter_map(|line| {
        let command = line.strip_prefix('/')?;
        let end = command.find(is_space).unwrap_or(command.len());
        Some(Line { name: &command[..end], rest: command[end..].trim_matches(is_space) })
    })
}

/// Go's `\s`, without the line feed.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{c}' | '\r' | ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(&str, &str)]) {
        let found: Vec<_> = lines(text).map(|line| (line.name, line.rest)).collect();
        assert_eq!(found, want, "{text:?}");
    }

    #[test]
    fn a_command_starts_its_line_and_ends_with_it() {
        check("/hold for review\r\n/help\r\n", &[("hold", "for review"), ("help", "")]);
        check("> /hold\n /hold\nplease /hold", &[]);
        check("/hold\ncancel", &[("hold", "")]);
        check("/hold \t cancel \r", &[("hold", "cancel")]);
        check("/\n//", &[("", ""), ("/", "")]);
        check("", &[]);
    }

    #[test]
    fn names_ignore_case_and_arguments_are_words() {
        let line = lines("/Hold Cancel now").next().unwrap();
        assert!(line.is("hold"));
        assert_eq!(line.argument(), "Cancel");
        assert_eq!(lines("/hold").next().unwrap().argument(), "");
    }
}
