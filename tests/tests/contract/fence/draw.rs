//! What is drawn at random: grants, how an agent is changed, and which calls stand in one event.

use std::sync::Arc;

use host::agent::Grants;
use host::http::Reach;
use prow::grants::{Access, Permission};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

/// How many calls one event asks for.
const CALLS: std::ops::RangeInclusive<usize> = 5..=20;

/// Grants as an operator could write them.
pub(super) fn grants(random: &mut StdRng) -> Grants {
    let pick = |permission: Permission, random: &mut StdRng| match random.random_range(0..3) {
        0 => None,
        1 => Some((permission, Access::Read)),
        _ => Some((permission, if permission.is_read_only() { Access::Read } else { Access::Write })),
    };
    let access = Permission::ALL.into_iter().filter_map(|permission| pick(permission, random)).collect();
    // A pattern, and lists that end; of an organisation besides the event's, too.
    let lists: [&[&str]; 6] =
        [&[], &[], &["my-org/*"], &["my-org/other"], &["second/its"], &["second/*", "my-org/other"]];
    let repos: Vec<_> = lists[random.random_range(0..lists.len())].iter().map(ToString::to_string).collect();
    let mut set = globset::GlobSetBuilder::new();
    for glob in &repos {
        set.add(globset::Glob::new(glob).unwrap());
    }
    let granted = prow::grants::Grants { access, repos, ..prow::grants::Grants::default() };
    Grants { granted, repos: set.build().unwrap(), namespaces: Some(trial()), ..Grants::default() }
}

/// The namespace that rows are about.
fn trial() -> globset::GlobSet {
    globset::GlobSet::new([globset::Glob::new("trial").unwrap()]).unwrap()
}

/// Some of these hosts for `wasi:http`, and nothing else.
pub(super) fn reach(hosts: &[String], random: &mut StdRng) -> (Grants, Vec<String>) {
    let granted: Vec<String> = hosts.iter().filter(|_| random.random_bool(0.5)).cloned().collect();
    let parsed = granted.iter().map(|host| host.parse().unwrap()).collect();
    let reach = Arc::new(Reach { granted: parsed, ..Reach::default() });
    (Grants { reach, ..Grants::default() }, granted)
}

/// Everything once, in any order, in sequences of any length.
pub(super) fn sequences<T: Clone>(all: &[T], random: &mut StdRng, shuffled: bool) -> Vec<Vec<T>> {
    let mut left = all.to_vec();
    if shuffled {
        left.shuffle(random);
    }
    let mut sequences: Vec<Vec<T>> = Vec::new();
    while !left.is_empty() {
        let length = random.random_range(CALLS).min(left.len());
        sequences.push(left.drain(..length).collect());
    }
    // A short rest is made up for by the one before.
    if sequences.last().is_some_and(|rest| rest.len() < *CALLS.start()) && sequences.len() > 1 {
        let rest = sequences.pop().unwrap();
        let mut before = sequences.pop().unwrap();
        before.extend(rest);
        let behind = if before.len() > *CALLS.end() { before.split_off(before.len() / 2) } else { Vec::new() };
        sequences.push(before);
        sequences.extend((!behind.is_empty()).then_some(behind));
    }
    sequences
}

#[test]
fn every_call_stands_in_one_sequence_of_its_length() {
    let mut random = rand::SeedableRng::seed_from_u64(1);
    for many in 5..200 {
        let all: Vec<usize> = (0..many).collect();
        let drawn = sequences(&all, &mut random, true);
        assert!(drawn.iter().all(|sequence| CALLS.contains(&sequence.len())), "{many}: {drawn:?}");
        let mut flat = drawn.concat();
        flat.sort_unstable();
        assert_eq!(flat, all);
    }
}
