//! What has to be approved, by the OWNERS files.

use std::collections::BTreeSet;

use super::world::{Owns, govern, names, owned};
use crate::approvers::{Required, with_the_unlisted};

type Tree<'a> = &'a [(&'a str, Owns)];

#[track_caller]
fn check_approved(owners: Tree<'_>, files: &[&str], by: &[&str], want: bool) {
    let required = Required::of(&govern(owners, files, None));
    let by: BTreeSet<String> = names(by).into_iter().collect();
    assert_eq!(required.is_approved(&by), want, "{files:?} by {by:?}: {required:?}");
}

#[track_caller]
fn check_folders(owners: Tree<'_>, files: &[&str], want: &[&str]) {
    let required = Required::of(&govern(owners, files, None));
    let mut found: Vec<&str> = required.groups().iter().map(|group| group.folder.as_str()).collect();
    found.dedup();
    assert_eq!(found, want, "{files:?}");
}

#[test]
fn case_23_new_subfolders_need_no_approval() {
    let owners = [("", owned(&["root"])), ("d", owned(&["dan"]).auto())];
    check_approved(&owners, &["d/new-folder/x"], &[], true);
}

#[test]
fn case_23_even_if_that_owners_file_lists_no_approvers() {
    // As Prow's own test has it: the folder is said to govern the file all the same.
    let mut changed = govern(&[("d", owned(&["dan"]).auto())], &["d/new-folder/x"], None);
    let owners = &mut changed.groups[0].owners;
    (owners.leaf_approvers, owners.approvers) = Default::default();
    assert!(Required::of(&changed).is_approved(&BTreeSet::new()));
    changed.groups[0].owners.auto_approve_unowned_subfolders = false;
    assert!(!Required::of(&changed).is_approved(&BTreeSet::new()));
    // What reads OWNERS, here as there, takes a file without approvers for none: the folder above governs.
    let owners = [("", owned(&["root"])), ("d", owned(&[]).auto())];
    check_approved(&owners, &["d/new-folder/x"], &[], false);
    check_approved(&owners, &["d/new-folder/x"], &["root"], true);
}

#[test]
fn a_file_that_is_not_in_a_subfolder_keeps_no_other_exempt() {
    let owners = [("d", owned(&["dan"]).auto())];
    check_approved(&owners, &["d/new/x", "d/x"], &[], false);
    check_approved(&owners, &["d/new/x", "d/x"], &["dan"], true);
}

#[test]
fn case_24_but_for_those_with_owners_and_what_is_not_in_a_subfolder() {
    let owners = [("d", owned(&["dan"]).auto()), ("d/owned", owned(&["olga"]))];
    check_approved(&owners, &["d/x"], &[], false);
    check_approved(&owners, &["d/new/sub/x"], &[], true);
    check_approved(&owners, &["d/owned/x"], &[], false);
    check_approved(&owners, &["dd/new/x"], &[], false);
}

#[test]
fn subfolders_of_the_root_are_like_others() {
    let owners = [("", owned(&["root"]).auto())];
    check_approved(&owners, &["new/x"], &[], true);
    check_approved(&owners, &["x"], &[], false);
}

#[test]
fn case_25_what_needs_no_approval_beside_what_does() {
    let owners = [("b", owned(&["bill"])), ("d", owned(&["dan"]).auto())];
    check_approved(&owners, &["b/x", "d/new/x"], &[], false);
    check_approved(&owners, &["b/x", "d/new/x"], &["bill"], true);
    check_folders(&owners, &["b/x", "d/new/x"], &["b"]);
}

#[test]
fn case_26_without_files_there_is_nothing_to_approve() {
    check_approved(&[("", owned(&["root"]))], &[], &["root"], false);
}

#[test]
fn case_27_the_root_or_each_leaf() {
    let owners = [
        ("", owned(&["Alice", "Art"])),
        ("a", owned(&["Anne", "Bill"])),
        ("b", owned(&["Bill", "Ben"])),
        ("c", owned(&["Chris"])),
    ];
    let files = ["a/x.go", "b/x.go", "c/x.go"];
    check_approved(&owners, &files, &["alice"], true);
    check_approved(&owners, &files, &["anne", "ben", "chris"], true);
    check_approved(&owners, &files, &["bill", "chris"], true);
    check_approved(&owners, &files, &["bill"], false);
    check_approved(&owners, &files, &["mallory"], false);
    check_approved(&[], &files, &["mallory"], false);
}

#[test]
fn case_33_a_folder_stands_for_those_below() {
    let owners = [
        ("", owned(&["root"])),
        ("a", owned(&["anne"])),
        ("a/combo", owned(&["eric"])),
        ("a/d", owned(&["dan"])),
        ("b", owned(&["bill"])),
        ("c", owned(&["chris"])),
    ];
    check_folders(&owners, &["x", "a/x"], &[""]);
    check_folders(&owners, &["a/x", "a/combo/x", "a/d/x", "b/x", "c/x"], &["a", "b", "c"]);
    check_folders(&owners, &["a/combo/x", "a/d/x"], &["a/combo", "a/d"]);
}

#[test]
fn case_34_not_across_no_parent_owners() {
    let owners = [("a", owned(&["anne"])), ("a/combo", owned(&["eric"]).no_parents())];
    check_folders(&owners, &["a/x", "a/combo/x"], &["a", "a/combo"]);
    // The option stands in a folder of which no file is changed.
    let owners = [("a", owned(&["anne"])), ("a/b", owned(&["bill"]).no_parents()), ("a/b/combo", owned(&["eric"]))];
    check_folders(&owners, &["a/x", "a/b/combo/x"], &["a", "a/b/combo"]);
    // It does not matter that the same people stand in both.
    let owners = [("a", owned(&["anne"])), ("a/combo", owned(&["anne"]).no_parents())];
    check_folders(&owners, &["a/x", "a/combo/x"], &["a", "a/combo"]);
}

#[test]
fn case_35_but_up_to_it() {
    let owners = [("a", owned(&["anne"])), ("a/b", owned(&["bill"]).no_parents()), ("a/b/combo", owned(&["eric"]))];
    check_folders(&owners, &["a/x", "a/b/x", "a/b/combo/x"], &["a", "a/b"]);
}

#[test]
fn a_folder_does_not_stand_for_files_that_its_people_do_not_own() {
    let go = Owns::default().filter(r"\.go$", &["gopher"]).filter(r"\.md$", &["writer"]);
    let owners = [("a", go), ("a/b", owned(&["bill"]))];
    check_folders(&owners, &["a/x.go", "a/b/x.md"], &["a", "a/b"]);
    check_approved(&owners, &["a/x.go", "a/b/x.md"], &["gopher"], false);
    check_approved(&owners, &["a/x.go", "a/b/x.md"], &["gopher", "writer"], true);
    check_folders(&owners, &["a/x.go", "a/b/x.go"], &["a"]);
}

#[test]
fn files_of_one_folder_may_need_different_people() {
    let owners = [("a", Owns::default().filter(r"\.go$", &["gopher"]).filter(r"\.md$", &["writer"]))];
    check_approved(&owners, &["a/x.go", "a/x.md"], &["gopher"], false);
    check_approved(&owners, &["a/x.go", "a/x.md"], &["gopher", "writer"], true);
}

#[track_caller]
fn check_governed(owners: Tree<'_>, file: &str, collaborators: &[&str], folder: &str, approvers: &[&str]) {
    let found = govern(owners, &[file], Some(collaborators)).groups.remove(0).owners;
    assert_eq!((found.path.as_str(), found.approvers_folder.as_str()), (file, folder));
    assert_eq!(found.approvers, approvers, "{file}");
}

#[test]
fn who_is_no_collaborator_has_no_say() {
    let owners = [("", owned(&["root"])), ("a", owned(&["anne", "gone"])), ("a/b", owned(&["gone"]).no_parents())];
    check_governed(&owners, "a/x", &["root", "anne"], "a", &["anne", "root"]);
    // A folder of which nobody is left is as if it had no OWNERS file, its options included.
    check_governed(&owners, "a/b/x", &["root", "anne"], "a", &["anne", "root"]);
    check_governed(&owners, "a/b/x", &["root"], "", &["root"]);
    check_governed(&owners, "a/b/x", &["somebody"], "", &[]);
    check_governed(&owners, "a/b/x", &["gone"], "a/b", &["gone"]);
}

#[test]
fn a_deserted_folder_falls_to_those_above_and_to_nobody_beside() {
    // `a/b` is deserted, and a folder beside it has the name of the file in it.
    let owners = [
        ("", owned(&["root"])),
        ("a/b", owned(&["gone"])),
        ("a/x", owned(&["beside"])),
        ("b", Owns::default().filter(r"\.go$", &["gopher"]).filter(".*", &["bill"])),
        ("b/c", owned(&["gone"])),
        ("c/x.md", owned(&["gone"])),
    ];
    let all = ["root", "beside", "gopher", "bill"];
    check_governed(&owners, "a/b/x", &all, "", &["root"]);
    check_governed(&owners, "a/b/b", &all, "", &["root"]);
    check_governed(&owners, "c/x.md", &all, "", &["root"]);
    // Filters by the file's ending hold still.
    check_governed(&owners, "b/c/x.go", &all, "b", &["bill", "gopher", "root"]);
    check_governed(&owners, "b/c/x.py", &all, "b", &["bill", "root"]);
}

#[test]
fn for_files_that_github_hides_the_root_has_to_approve() {
    let owners = [("", owned(&["root"])), ("a", owned(&["anne"]))];
    let many = vec!["a/x".to_owned(); 3000];
    let few = vec!["a/x".to_owned(); 2999];
    assert_eq!(with_the_unlisted(few.clone()), few);
    let asked = with_the_unlisted(many);
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    check_approved(&owners, &asked, &["anne"], false);
    check_approved(&owners, &asked, &["root"], true);
}
