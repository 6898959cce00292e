//! Which warnings are looked for.

use super::{Selection, WARNINGS};
use crate::checks::Set;

fn names(selection: Selection<'_>) -> Vec<&'static str> {
    selection.warnings().unwrap().iter().map(|warning| warning.name).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_default_ones_unless_some_are_named() {
    let default = names(Selection::default());
    let expected = WARNINGS.iter().filter(|warning| warning.set == Set::Default).map(|warning| warning.name);
    // The lenient form tells nothing that the other does not.
    let expected: Vec<_> = expected.filter(|name| *name != "mismatched-tide-lenient").collect();
    assert_eq!((default.len(), default), (19, expected));
    let named = owned(&["long-job-names", "unknown-fields-all"]);
    assert_eq!(names(Selection { named: &named, ..Selection::default() }), ["long-job-names", "unknown-fields-all"]);
    let both = names(Selection { named: &named, with_default: true, ..Selection::default() });
    assert!(both.contains(&"missing-trigger") && both.contains(&"unknown-fields-all"));
    assert!(!both.contains(&"unknown-fields"), "the wider one tells the same");
}

#[test]
fn expensive_checks_add_all_where_the_default_ones_are_asked_for() {
    let all = names(Selection { expensive: true, ..Selection::default() });
    assert_eq!(all.len(), WARNINGS.len() - 2);
    let named = owned(&["long-job-names"]);
    assert_eq!(names(Selection { named: &named, expensive: true, ..Selection::default() }), ["long-job-names"]);
}

#[test]
fn what_is_excluded_is_left_out_whatever_else_is_said() {
    let (named, excluded) = (owned(&["mismatched-tide-lenient", "mismatched-tide"]), owned(&["mismatched-tide", "?"]));
    let found = names(Selection { named: &named, excluded: &excluded, ..Selection::default() });
    assert_eq!(found, ["mismatched-tide-lenient"]);
}

#[test]
fn a_name_that_nobody_knows_is_refused() {
    let named = owned(&["long-job-names", "long-names"]);
    let why = Selection { named: &named, ..Selection::default() }.warnings().unwrap_err();
    assert!(why.starts_with("there is no warning `long-names`: use one of mismatched-tide, "), "{why}");
}
