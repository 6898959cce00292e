//! Tests that could not run on this machine. The harness takes them for passed; they say otherwise in a file.

use std::collections::BTreeMap;
use std::fmt;

use crate::tally::Tally;

/// A test's name with its reason, each name once.
pub(crate) type Skips = BTreeMap<String, String>;

/// Reads the file that tests append `name<TAB>reason` to.
pub(crate) fn parse(text: &str) -> Skips {
    let line = |line: &str| {
        let (name, reason) = line.split_once('\t').unwrap_or((line, "no reason given"));
        (name.trim().to_owned(), reason.trim().to_owned())
    };
    text.lines().filter(|it| !it.trim().is_empty()).map(line).collect()
}

/// Whether even a machine that was set up cannot be blamed: its kernel refuses something, or data is not there.
pub(crate) fn excused(reason: &str) -> bool {
    reason.starts_with("kernel:") || reason.starts_with("data:")
}

/// The last line of `cargo xtask test`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// Sums up. On a CI machine (`ci`) a skip that setup should have made needless is a failure.
pub(crate) fn verdict(tally: &Tally, skips: &Skips, ci: bool) -> Verdict {
    let blamed = if ci { skips.values().filter(|reason| !excused(reason)).count() } else { 0 };
    Verdict {
        passed: tally.passed.saturating_sub(skips.len()),
        failed: tally.failed + blamed,
        skipped: skips.len() - blamed + tally.ignored.len(),
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, ci: bool, want: &str) {
        let tally = Tally { passed: 10, failed: 1, ignored: vec!["long".into()], failures: vec!["x".into()] };
        assert_eq!(verdict(&tally, &parse(file), ci).to_string(), want, "{file:?}, CI: {ci}");
    }

    #[test]
    fn a_skipped_test_has_not_passed() {
        check("", false, "10 passed, 1 failed, 1 skipped");
        check("a\tno docker\nb\tdata: absent\n", false, "8 passed, 1 failed, 3 skipped");
        check("a\tone\na\ttwo\n\n", false, "9 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn on_ci_only_kernel_and_data_excuse_a_skip() {
        let file = "a\tno docker\nb\tdata: absent\nc\tkernel: bwrap: no user namespaces\nd\n";
        check(file, true, "6 passed, 3 failed, 3 skipped");
    }
}
