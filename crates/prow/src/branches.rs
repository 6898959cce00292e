//! On which branches a job runs: `branches` and `skip_branches`.

use std::sync::Arc;

use regex::Regex;

use crate::goregex;
use crate::patterns::Patterns;

/// A job's branch selectors.
///
/// Behaviour: Prow pkg/config, `Brancher`. Each list is one unanchored expression (`master` also matches `master-2`),
/// and what is skipped is skipped even where it is included too.
#[derive(Debug, Clone, Default)]
pub struct Branches {
    include: Option<Selector>,
    skip: Option<Selector>,
}

#[derive(Debug, Clone)]
struct Selector {
    list: Vec<String>,
    regex: Arc<Regex>,
}

impl Selector {
    fn compile(list: Vec<String>, patterns: &Patterns) -> Result<Option<Self>, String> {
        if list.is_empty() {
            return Ok(None);
        }
        let regex = patterns.compile(&list.join("|")).map_err(|whole| {
            // Each alone, so that the error names the one at fault and not the whole list.
            list.iter().find_map(|branch| goregex::compile(branch).err()).unwrap_or(whole)
        })?;
        Ok(Some(Self { list, regex }))
    }
}

impl Branches {
    /// Compiles both lists of expressions, written in Go's syntax. Empty lists select every branch.
    ///
    /// # Errors
    /// Says which expression is wrong and why.
    pub fn compile(branches: Vec<String>, skip_branches: Vec<String>) -> Result<Self, String> {
        Self::compile_with(branches, skip_branches, &Patterns::default()).map_err(|(_, why)| why)
    }

    /// The same, with expressions that are compiled already. An error names the key, too.
    pub(crate) fn compile_with(
        branches: Vec<String>,
        skip_branches: Vec<String>,
        patterns: &Patterns,
    ) -> Result<Self, (&'static str, String)> {
        Ok(Self {
            include: Selector::compile(branches, patterns).map_err(|why| ("branches", why))?,
            skip: Selector::compile(skip_branches, patterns).map_err(|why| ("skip_branches", why))?,
        })
    }

    /// Whether a job runs on `branch` (or tag), given without `refs/heads/` or `refs/tags/`.
    pub fn should_run(&self, branch: &str) -> bool {
        if self.skip.as_ref().is_some_and(|skip| skip.regex.is_match(branch)) {
            return false;
        }
        self.include.as_ref().is_none_or(|include| include.regex.is_match(branch))
    }

    /// Whether both may run on one branch, as far as Prow can tell: lists of included branches are compared as texts,
    /// otherwise one's included branches are tried on the other; two that only skip always intersect.
    pub fn intersects(&self, other: &Self) -> bool {
        match (&self.include, &other.include) {
            (Some(ours), Some(theirs)) => ours.list.iter().any(|branch| theirs.list.contains(branch)),
            (Some(ours), None) => ours.list.iter().any(|branch| other.should_run(branch)),
            (None, Some(theirs)) => theirs.list.iter().any(|branch| self.should_run(branch)),
            (None, None) => true,
        }
    }

    /// The expressions of `branches`, as written.
    pub fn included(&self) -> &[String] {
        self.include.as_ref().map_or(&[], |include| &include.list)
    }

    /// The expressions of `skip_branches`, as written.
    pub fn skipped(&self) -> &[String] {
        self.skip.as_ref().map_or(&[], |skip| &skip.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branches(include: &[&str], skip: &[&str]) -> Branches {
        let owned = |list: &[&str]| list.iter().map(|branch| (*branch).to_owned()).collect();
        Branches::compile(owned(include), owned(skip)).unwrap()
    }

    #[track_caller]
    fn check(include: &[&str], skip: &[&str], branch: &str, want: bool) {
        assert_eq!(branches(include, skip).should_run(branch), want, "{include:?} but {skip:?}: {branch}");
    }

    #[test]
    fn branches_are_unanchored_and_skip_wins() {
        check(&[], &[], "any", true);
        check(&["master"], &[], "master", true);
        check(&["master"], &[], "master-2", true);
        check(&["^master$"], &[], "master-2", false);
        check(&["master", "release-.*"], &[], "release-1", true);
        check(&["master"], &[], "main", false);
        check(&[], &["docs"], "my-docs", false);
        check(&[], &["docs"], "main", true);
        check(&["main"], &["main"], "main", false);
        check(&["release-.*"], &["release-1"], "release-2", true);
    }

    #[track_caller]
    fn check_pair(one: &Branches, other: &Branches, want: bool) {
        assert_eq!((one.intersects(other), other.intersects(one)), (want, want), "{one:?} and {other:?}");
    }

    #[test]
    fn selectors_intersect_by_text_or_by_trial() {
        let all = branches(&[], &[]);
        check_pair(&all, &branches(&["a"], &[]), true);
        check_pair(&branches(&["a"], &[]), &branches(&["a", "b"], &[]), true);
        check_pair(&branches(&["a"], &[]), &branches(&["b"], &[]), false);
        // Compared as texts, although both match the branch `ab`.
        check_pair(&branches(&["a.*"], &[]), &branches(&["ab"], &[]), false);
        check_pair(&branches(&["a"], &[]), &branches(&[], &["a"]), false);
        check_pair(&branches(&["a", "b"], &[]), &branches(&[], &["a"]), true);
        check_pair(&branches(&[], &["a"]), &branches(&[], &["b"]), true);
    }

    #[test]
    fn the_error_names_the_expression_at_fault() {
        let error = Branches::compile(vec!["a".to_owned(), "b(".to_owned()], Vec::new()).unwrap_err();
        assert!(error.contains("`b(`") && !error.contains("a|b"), "{error}");
    }
}
