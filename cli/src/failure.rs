//! How a command that failed says so.

use std::io;

use crate::output::tame_lines;

/// `error: …`, then one line for each cause. A message of several lines (a config file's faults, each with its
/// file:line:column) keeps them; control characters, which a file or a server that others wrote may have put in, are gone.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    let mut last = tame_lines(&error.to_string());
    let mut lines = format!("error: {last}\n");
    for cause in error.chain().skip(1) {
        let cause = tame_lines(&cause.to_string());
        // Some libraries put their cause into their own text as well.
        if !last.contains(&cause) {
            lines.push_str(&format!("  because: {cause}\n"));
            last = cause;
        }
    }
    lines
}

/// Whether the reader of our output went away (`bowsprit jobs list | head`): nobody is left to tell.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|it| it.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[track_caller]
    fn check(error: &anyhow::Error, want: &str) {
        assert_eq!(explain(error), want);
    }

    #[test]
    fn each_cause_has_a_line_and_none_stands_twice() {
        check(&anyhow!("no such job"), "error: no such job\n");
        let chain = anyhow!("permission denied").context("cannot read a.yaml").context("the configuration");
        check(&chain, "error: the configuration\n  because: cannot read a.yaml\n  because: permission denied\n");
        check(&anyhow!("refused").context("cannot connect: refused"), "error: cannot connect: refused\n");
    }

    #[test]
    fn faults_of_a_file_come_as_they_are() {
        check(
            &anyhow!("config.yaml:3:5: not a duration\nconfig.yaml:9:1: no such key").context("the configuration"),
            "error: the configuration\n  because: config.yaml:3:5: not a duration\nconfig.yaml:9:1: no such key\n",
        );
    }

    #[test]
    fn nothing_in_a_message_moves_the_cursor_or_sets_colours() {
        check(
            &anyhow!("line 1: \x1b[2J\u{9b}31m\nline 2\r\n").context("a\x07.wasm\rforged"),
            "error: a .wasm forged\n  because: line 1:  [2J 31m\nline 2\n",
        );
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&anyhow::Error::from(gone).context("writing")));
        assert!(!is_broken_pipe(&anyhow!("writing")));
    }
}
