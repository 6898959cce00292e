//! What test harnesses print, counted.

/// The sum over all test binaries that were run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests marked `#[ignore]`, each with its reason behind a colon.
    pub(crate) ignored: Vec<String>,
    /// Names of the tests that failed.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    /// Takes one line of a harness's output into account.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += count(result, "passed");
            self.failed += count(result, "failed");
        } else if let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            match outcome {
                "FAILED" => self.failures.push(name.to_owned()),
                "ignored" => self.ignored.push(format!("{name}: marked #[ignore] without a reason")),
                _ => {
                    let reason = outcome.strip_prefix("ignored, ");
                    self.ignored.extend(reason.map(|reason| format!("{name}: {reason}")));
                }
            }
        }
    }

    /// Takes account of how the whole run of `what` ended. A binary that does not compile, or that dies in the middle,
    /// prints no result line; its failure is counted as one.
    pub(crate) fn ended(&mut self, what: &str, success: bool, failed_before: usize) {
        if !success && self.failed == failed_before {
            self.failed += 1;
            self.failures.push(format!("{what}: did not run to its end"));
        }
    }
}

/// The number before `word` in `ok. 3 passed; 0 failed; …`.
fn count(result: &str, word: &str) -> usize {
    let words: Vec<&str> = result.split_whitespace().collect();
    words
        .windows(2)
        .find(|pair| pair[1].trim_end_matches(';') == word)
        .and_then(|pair| pair[0].parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn every_result_line_counts() {
        let output = "running 3 tests
test a ... ok
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test deep::b ... FAILED
test result: FAILED. 10 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out; finished in 2.10s";
        let want = Tally { passed: 13, failed: 1, ignored: vec![], failures: vec!["deep::b".into()] };
        assert_eq!(tally(output), want);
    }

    #[test]
    fn ignored_tests_are_named() {
        let output = "test a ... ignored\ntest src/lib.rs - b (line 3) ... ignored, needs a moon\ntest c ... ok";
        assert_eq!(
            tally(output).ignored,
            ["a: marked #[ignore] without a reason", "src/lib.rs - b (line 3): needs a moon"]
        );
    }

    #[test]
    fn what_tests_print_themselves_does_not_count() {
        assert_eq!(tally("the test result: ok. 3 passed\ntest results follow"), Tally::default());
    }

    #[test]
    fn a_binary_that_died_is_one_failure() {
        let mut tally = tally("test result: ok. 3 passed; 0 failed");
        tally.ended("cargo test", true, 0);
        assert_eq!(tally.failed, 0);
        tally.ended("cargo test", false, 0);
        assert_eq!((tally.failed, tally.failures.len()), (1, 1));
        // A failure that the harness has counted is not counted twice.
        tally.ended("cargo test", false, 0);
        assert_eq!(tally.failed, 1);
    }
}
