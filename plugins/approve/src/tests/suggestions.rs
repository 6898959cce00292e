//! Who is asked.

use std::collections::BTreeSet;

use super::world::{Owns, govern, names, owned};
use crate::approvers::Required;
use crate::suggest::{Asking, Suggestions, suggest};

fn tree() -> Vec<(&'static str, Owns)> {
    vec![
        ("", owned(&["Alice", "Bob"])),
        ("a", owned(&["Art", "Anne"])),
        ("b", owned(&["Bill", "Ben", "Barbara"])),
        ("a/combo", owned(&["Eric", "Art"])),
        ("c", owned(&["Chris", "Carol"])),
    ]
}

fn asked(tree: &[(&str, Owns)], files: &[&str], approved: &[&str], assignees: &[&str], number: u32) -> Suggestions {
    let set = |logins: &[&str]| names(logins).into_iter().collect::<BTreeSet<String>>();
    let (approved, assignees) = (set(approved), set(assignees));
    let asking = Asking { number, author: "author", approved: &approved, assignees: &assignees };
    suggest(&Required::of(&govern(tree, files, None)), &asking)
}

/// For many numbers, since chance is in it.
#[track_caller]
fn check(files: &[&str], approved: &[&str], assignees: &[&str], assigned: &[&str], others: &[&str]) {
    for number in 0..50 {
        let found = asked(&tree(), files, approved, assignees, number);
        let want = Suggestions { assigned: names(assigned), others: names(others) };
        assert_eq!(found, want, "{files:?}, #{number}");
    }
}

const ALL: [&str; 3] = ["a/x", "b/x", "c/x"];

#[test]
fn case_31_only_for_what_is_left() {
    for number in 0..50 {
        let found = asked(&tree(), &ALL, &["anne", "ben"], &[], number).others;
        assert!(found == ["carol"] || found == ["chris"], "{found:?}");
        let found = asked(&tree(), &ALL, &["eric"], &[], number).others;
        assert_eq!(found.len(), 3, "{found:?}");
    }
    check(&ALL, &["alice"], &[], &[], &[]);
    check(&ALL, &["anne", "ben", "chris"], &[], &[], &[]);
}

#[test]
fn case_32_assignees_who_can_approve_all_are_enough() {
    check(&ALL, &[], &["anne", "bill", "carol"], &["anne", "bill", "carol"], &[]);
    check(&ALL, &[], &["bob", "mallory"], &["bob"], &[]);
    check(&ALL, &[], &["alice", "bill"], &["alice"], &[]);
}

#[test]
fn who_owns_two_folders_is_asked_once() {
    check(&["a/combo/x", "a/combo/y"], &["eric"], &[], &[], &[]);
    let two = [("a", owned(&["art", "anne"])), ("b", owned(&["art", "bill"]))];
    for number in 0..50 {
        assert_eq!(asked(&two, &["a/x", "b/x"], &[], &[], number).others, ["art"]);
    }
}

#[test]
fn the_same_people_are_asked_each_time_and_others_on_other_pull_requests() {
    let of = |number| asked(&tree(), &ALL, &[], &[], number);
    assert_eq!(of(7), of(7));
    let different: BTreeSet<_> = (0..50).map(|number| of(number).others).collect();
    assert!(different.len() > 5, "{different:?}");
}

#[test]
fn the_author_is_asked_where_nobody_else_can_be() {
    let both = [("a", owned(&["author", "anne"]))];
    let alone = [("a", owned(&["author"]))];
    for number in 0..50 {
        assert_eq!(asked(&both, &["a/x"], &[], &[], number).others, ["anne"]);
        assert_eq!(asked(&alone, &["a/x"], &[], &[], number).others, ["author"]);
    }
}

#[test]
fn for_files_of_one_folder_with_different_owners_all_of_them_are_asked() {
    let filters = [("a", Owns::default().filter(r"\.go$", &["g1", "g2"]).filter(r"\.md$", &["writer"]))];
    for number in 0..50 {
        let found = asked(&filters, &["a/x.go", "a/x.md"], &["g1"], &[], number);
        assert_eq!(found.others, ["writer"]);
        assert_eq!(asked(&filters, &["a/x.go", "a/x.md"], &[], &[], number).others.len(), 2);
    }
}

#[test]
fn without_owners_nobody_is_asked() {
    assert_eq!(asked(&[], &["x"], &[], &["anne"], 7), Suggestions::default());
}
