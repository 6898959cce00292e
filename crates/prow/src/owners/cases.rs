//! Prow's own cases of who owns what, as far as no file is read for them: those are in `crates/git` (2, 9, 10, 11) and
//! `crates/config` (14).

use super::tests::{alone, filters, list, people, set, tree};
use super::*;

#[track_caller]
fn check(tree: &Tree, path: &str, approvers: &str) {
    assert_eq!(tree.file_owners(path).approvers, set(approvers), "{path}");
}

#[test]
fn case_01_an_alias_is_expanded_and_without_its_file_a_login() {
    let files = || [("OWNERS".to_owned(), people("team root", "team"))];
    let mut aliases = Aliases::default();
    aliases.add("team", ["anna", "bob"]);
    let with = Tree::new(files(), aliases, &Names::default());
    let without = Tree::new(files(), Aliases::default(), &Names::default());
    check(&with, "x", "anna bob root");
    check(&without, "x", "team root");
    assert_eq!((with.file_owners("x").reviewers, without.file_owners("x").reviewers), (set("anna bob"), set("team")));
}

#[test]
fn case_03_without_a_file_of_its_own_a_folder_has_its_parent_s_owners() {
    let tree = tree(&[("", people("root", "")), ("src", people("best", "")), ("src/dir/deep", people("deep", ""))]);
    check(&tree, "src/dir/x.go", "best root");
    check(&tree, "src/dir/not/there/x.go", "best root");
    check(&tree, "nowhere/x.go", "root");
}

#[test]
fn case_04_without_parent_owners_those_of_the_folder_alone_count() {
    let tree = tree(&[("", people("root", "")), ("src", people("best", "")), ("src/dir", alone(people("dora", "")))]);
    check(&tree, "src/dir/x", "dora");
    check(&tree, "src/dir/below/x", "dora");
    check(&tree, "src/x", "best root");
}

#[test]
fn case_05_but_where_its_filters_are_not_about_the_file_the_parents_do() {
    let tree = tree(&[("", people("root", "")), ("src", alone(filters(&[(r"\.go$", "gopher")])))]);
    check(&tree, "src/x.go", "gopher");
    check(&tree, "src/x.md", "root");
}

#[test]
fn case_06_all_filters_that_match_give_their_labels() {
    let tree = tree(&[("re", filters(&[(".*", "re/all"), (r"\.go$", "re/go"), (r"^a/.*\.go$", "re/a")]))]);
    for (path, labels) in [("re/a/go.go", "re/a re/all re/go"), ("re/go.go", "re/all re/go"), ("re/b/md.md", "re/all")]
    {
        assert_eq!(tree.file_owners(path).labels, set(labels), "{path}");
    }
}

#[test]
fn case_07_names_are_compared_in_lower_case() {
    let mut aliases = Aliases::default();
    aliases.add("Best-Approvers", ["CBlecker", "@Carl"]);
    let files = [("OWNERS".to_owned(), people("@BEST-approvers Root", ""))];
    check(&Tree::new(files, aliases, &Names::default()), "x", "carl cblecker root");
}

/// What governs a file among these collaborators: the folder, its approvers and reviewers.
#[track_caller]
fn check_among(tree: &Tree, path: &str, collaborators: &str, want: (&str, &str, &str)) {
    let collaborators = set(collaborators);
    let found = tree.among(&collaborators).file_owners(path);
    let (folder, approvers, reviewers) = want;
    assert_eq!(found.approvers_folder, folder, "{path} among {collaborators:?}");
    assert_eq!((found.approvers, found.reviewers), (set(approvers), set(reviewers)), "{path} among {collaborators:?}");
}

#[test]
fn case_08_who_is_no_collaborator_counts_only_where_collaborators_are_skipped() {
    let everything = OwnersFile::from(Simple {
        approvers: list("anna gone"),
        reviewers: list("rita gone"),
        required_reviewers: list("gone"),
        labels: list("gone"),
        ..Simple::default()
    });
    let tree = tree(&[("", people("root", "rob")), ("a", everything), ("a/b", alone(people("gone", "")))]);
    let all = "root rob anna rita";
    check(&tree, "a/x", "anna gone root");
    check_among(&tree, "a/x", all, ("a", "anna root", "rita rob"));
    // A folder of which nobody is left is as if it named nobody, and does not end the search.
    check_among(&tree, "a/b/x", all, ("a", "anna root", "rita rob"));
    check_among(&tree, "a/b/x", "gone", ("a/b", "gone", "gone"));
    check_among(&tree, "a/x", "root", ("", "root", ""));
    check_among(&tree, "a/x", "", ("", "", ""));
    let collaborators = set(all);
    let found = tree.among(&collaborators).file_owners("a/x");
    assert_eq!((found.leaf_approvers, found.leaf_reviewers), (set("anna"), set("rita")));
    // These stay, whoever they are.
    assert_eq!((found.required_reviewers, found.labels), (set("gone"), set("gone")));
    assert_eq!(tree.among(&collaborators).all_owners(), set("anna rita rob root"));
    assert_eq!(tree.whole().all_owners(), set("anna gone rita rob root"));
    let nobody = set("anna");
    assert_eq!(tree.among(&nobody).top_level_approvers(), set(""));
    assert_eq!(tree.among(&collaborators).top_level_approvers(), set("root"));
}

/// Which of the folders of a repository keep their OWNERS files.
#[track_caller]
fn check_kept(denied: &Denied, folders: &[&str], want: &[&str]) {
    let (deny, problems) = denied.compile();
    assert_eq!(problems, Vec::<String>::new());
    let is_kept = |folder: &&&str| {
        let path = format!("{folder}/OWNERS");
        Names::default().source(path.trim_start_matches('/'), &deny).is_some()
    };
    assert_eq!(folders.iter().filter(is_kept).copied().collect::<Vec<_>>(), want, "{denied:?}");
}

fn denied(patterns: &[&str], ignore_preconfigured_defaults: bool) -> Denied {
    Denied { patterns: patterns.iter().map(|&pattern| pattern.to_owned()).collect(), ignore_preconfigured_defaults }
}

#[test]
fn case_12_a_pattern_is_unanchored_and_denies_what_is_below_too() {
    let folders = ["", "src", "src/dir", "src/dir/conformance", "src/doc", "docs"];
    let check = |pattern, want: &[&str]| check_kept(&denied(&[pattern], false), &folders, want);
    check("src", &["", "docs"]);
    check("dir", &["", "src", "src/doc", "docs"]);
    check("src/dir/.", &["", "src", "src/dir", "src/doc", "docs"]);
    check("/c", &["", "src", "src/dir", "src/doc", "docs"]);
    check("sr$", &folders);
    // Patterns are about paths in the repository; where this machine keeps it is no part of them.
    check("tmp|mirrors", &folders);
}

#[test]
fn case_13_vendored_files_count_where_the_defaults_are_ignored() {
    let folders = ["vendor", "vendor/k8s.io/client-go", "a/_output", ".git"];
    check_kept(&denied(&[], false), &folders, &["vendor"]);
    check_kept(&denied(&["^nothing$"], true), &folders, &folders);
}

#[test]
fn a_repository_has_the_patterns_for_all_of_its_org_and_its_own() {
    let raw = serde_json::json!({"default": ["d"], "repos": {"o": ["of-o"], "o/r": ["of-r"], "p": null}});
    let list = OwnersDirDenylist::from(serde_json::from_value::<crate::raw_config::RawOwnersDirDenylist>(raw).unwrap());
    assert_eq!(list.of("o", "r"), denied(&["d", "of-o", "of-r"], false));
    assert_eq!(list.of("o", "s"), denied(&["d", "of-o"], false));
    assert_eq!(list.of("p", "r"), denied(&["d"], false));
    assert_eq!(OwnersDirDenylist::default().of("o", "r"), Denied::default());
}
