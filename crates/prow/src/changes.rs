//! On which changed files a job runs: `run_if_changed` and `skip_if_only_changed`.

use std::sync::Arc;

use regex::Regex;

use crate::patterns::Patterns;

/// A job's change matcher; expressions are unanchored, on paths relative to the repository's root.
///
/// Behaviour: Prow pkg/config, `RegexpChangeMatcher`.
#[derive(Debug, Clone, Default)]
pub enum ChangeMatcher {
    /// The job has none.
    #[default]
    None,
    /// `run_if_changed`: holds if any file matches.
    RunIfChanged(Arc<Regex>),
    /// `skip_if_only_changed`: holds if any file does not match.
    SkipIfOnlyChanged(Arc<Regex>),
}

impl ChangeMatcher {
    /// Compiles whichever of the two is not empty.
    ///
    /// # Errors
    /// Both are given, or the expression is not one of Go's.
    pub fn compile(run_if_changed: &str, skip_if_only_changed: &str) -> Result<Self, String> {
        Self::compile_with(run_if_changed, skip_if_only_changed, &Patterns::default())
    }

    /// The same, with expressions that are compiled already.
    pub(crate) fn compile_with(
        run_if_changed: &str,
        skip_if_only_changed: &str,
        patterns: &Patterns,
    ) -> Result<Self, String> {
        match (run_if_changed, skip_if_only_changed) {
            ("", "") => Ok(Self::None),
            (run, "") => patterns.compile(run).map(Self::RunIfChanged),
            ("", skip) => patterns.compile(skip).map(Self::SkipIfOnlyChanged),
            _ => Err("`run_if_changed` and `skip_if_only_changed` exclude each other: keep one".to_owned()),
        }
    }

    /// Whether the job has one.
    pub fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether it holds for these files. With no files neither kind holds, and without a matcher nothing does.
    pub fn matches<S: AsRef<str>>(&self, files: &[S]) -> bool {
        match self {
            Self::None => false,
            Self::RunIfChanged(regex) => files.iter().any(|file| regex.is_match(file.as_ref())),
            Self::SkipIfOnlyChanged(regex) => files.iter().any(|file| !regex.is_match(file.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(run_if: &str, skip_if_only: &str, files: &[&str], want: bool) {
        let matcher = ChangeMatcher::compile(run_if, skip_if_only).unwrap();
        assert_eq!(matcher.matches(files), want, "{matcher:?}: {files:?}");
    }

    #[test]
    fn run_if_changed_needs_one_file_that_matches() {
        check("^docs/", "", &[], false);
        check("^docs/", "", &["docs/a"], true);
        check("^docs/", "", &["a.go"], false);
        check("^docs/", "", &["a.go", "docs/a"], true);
        check("docs", "", &["my/docs/a"], true);
    }

    #[test]
    fn skip_if_only_changed_needs_one_file_that_does_not_match() {
        check("", "^docs/", &[], false);
        check("", "^docs/", &["docs/a"], false);
        check("", "^docs/", &["a.go"], true);
        check("", "^docs/", &["a.go", "docs/a"], true);
    }

    #[test]
    fn without_a_matcher_nothing_holds() {
        check("", "", &["a"], false);
        assert!(!ChangeMatcher::None.is_some());
    }

    #[test]
    fn both_at_once_are_refused() {
        assert!(ChangeMatcher::compile("a", "b").unwrap_err().contains("exclude each other"));
    }
}
