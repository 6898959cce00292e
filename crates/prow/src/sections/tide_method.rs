//! How a repository's pull requests are merged.

use super::tide::{MergeMethod, MethodOr, Tide};
use crate::goregex;

impl Tide {
    /// The method of a repository, whatever the branch: what is said for `org/repo`, else for the repository below its
    /// org (or for `*` there), else for the org; else a merge commit.
    ///
    /// Behaviour: Prow pkg/config/tide.go, `MergeMethod`, which asks for a branch without a name. So an expression for
    /// branches that matches the empty text, such as `.*`, comes first.
    pub fn merge_method(&self, org: &str, repo: &str) -> MergeMethod {
        let of_org = self.merge_method.get(org);
        let of_repo = match of_org {
            Some(MethodOr::By(repos)) => repos.get(repo).or_else(|| repos.get("*")),
            _ => None,
        };
        let matches_nothing = |branch: &str| goregex::compile(branch).is_ok_and(|regex| regex.is_match(""));
        let by_branch = match of_repo {
            Some(MethodOr::By(branches)) => branches.iter().find(|(branch, _)| matches_nothing(branch)),
            _ => None,
        };
        by_branch
            .map(|(_, method)| *method)
            .or_else(|| all(self.merge_method.get(&format!("{org}/{repo}"))))
            .or_else(|| all(of_repo))
            .or_else(|| all(of_org))
            .unwrap_or(MergeMethod::Merge)
    }
}

fn all<T>(method: Option<&MethodOr<T>>) -> Option<MergeMethod> {
    if let Some(MethodOr::All(method)) = method { *method } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(methods: Value, want: MergeMethod) {
        let tide: Tide = serde_json::from_value(json!({ "merge_method": methods })).unwrap();
        assert_eq!(tide.merge_method("o", "r"), want, "{methods}");
    }

    #[test]
    fn the_narrowest_that_says_something() {
        check(json!({}), MergeMethod::Merge);
        check(json!({"o": "squash", "other": "rebase", "o/other": "rebase"}), MergeMethod::Squash);
        check(json!({"o": "squash", "o/r": "rebase"}), MergeMethod::Rebase);
        check(json!({"o": "squash", "o/r": ""}), MergeMethod::Squash);
        check(json!({"o": {"r": "squash"}}), MergeMethod::Squash);
        check(json!({"o": {"r": "squash"}, "o/r": "rebase"}), MergeMethod::Rebase);
        check(json!({"o": {"*": "squash"}}), MergeMethod::Squash);
        check(json!({"o": {"*": "squash", "r": "rebase"}}), MergeMethod::Rebase);
        check(json!({"o/r@main": "rebase"}), MergeMethod::Merge);
    }

    #[test]
    fn branches_count_where_they_match_one_without_a_name() {
        check(json!({"o": {"r": {"main": "rebase"}}}), MergeMethod::Merge);
        check(json!({"o": {"r": {".*": "squash", "main": "rebase"}}, "o/r": "rebase"}), MergeMethod::Squash);
    }
}
