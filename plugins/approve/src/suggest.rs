//! Whom to ask for approval. Behaviour: Prow pkg/plugins/approve/approvers/owners.go, `GetCCs`.
//!
//! The answer has to be the same each time for one pull request, or else the notification would change with every
//! event: chance comes from the pull request's number.
//!
//! Decided otherwise than there, which changes names and nothing else: another generator; everybody is in the hat once,
//! however many folders they own; the best is who covers most of what is still uncovered, where Prow compares that with
//! all that the best so far owns; the author is asked where nobody else can be.

use std::collections::{BTreeMap, BTreeSet};

use crate::approvers::{Group, Required};

/// Who should approve; logins in lower case, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestions {
    /// Those who are assigned already.
    pub assigned: Vec<String>,
    /// Those who should be.
    pub others: Vec<String>,
}

impl Suggestions {
    /// All of them, sorted.
    pub fn all(&self) -> Vec<&str> {
        let all: BTreeSet<&str> = self.assigned.iter().chain(&self.others).map(String::as_str).collect();
        all.into_iter().collect()
    }
}

/// What is known of a pull request; logins in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Its number.
    pub number: u32,
    /// Its author.
    pub author: &'a str,
    /// Who has approved.
    pub approved: &'a BTreeSet<String>,
    /// Who is assigned.
    pub assignees: &'a BTreeSet<String>,
}

/// The fewest people that come to mind who could approve what is not.
///
/// First those near the change, beyond what the assignees could approve; then those of the assignees who help, though
/// they may stand in an OWNERS file farther up.
pub fn suggest(required: &Required, asking: &Asking<'_>) -> Suggestions {
    let Asking { approved, assignees, .. } = *asking;
    let groups = required.groups();
    let (near, far) = (Owned::new(groups, |group| &group.leaf), Owned::new(groups, |group| &group.approvers));
    let picked = near.cover(&far, &candidates(groups, asking));
    let picked = near.useful(&far, picked, &union(approved, assignees));

    let known = union(approved, &picked);
    let everyone: Vec<String> = union(&known, assignees).into_iter().collect();
    let helping = far.useful(&far, far.cover(&far, &everyone), &known);

    let all = union(&picked, &helping);
    Suggestions {
        assigned: all.intersection(assignees).cloned().collect(),
        others: all.difference(assignees).cloned().collect(),
    }
}

/// The places of the groups that each login owns.
struct Owned<'a> {
    by: BTreeMap<&'a str, Vec<usize>>,
    groups: usize,
}

impl<'a> Owned<'a> {
    fn new(groups: &'a [Group], owners: fn(&Group) -> &BTreeSet<String>) -> Self {
        let mut by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, group) in groups.iter().enumerate() {
            for login in owners(group) {
                by.entry(login).or_default().push(at);
            }
        }
        Self { by, groups: groups.len() }
    }

    fn of(&self, login: &str) -> &[usize] {
        self.by.get(login).map_or(&[], Vec::as_slice)
    }

    /// Greedily: who owns the most of what is left comes next, of equals the first. `approve` says what they then approve.
    fn cover(&self, approve: &Owned<'_>, candidates: &[String]) -> BTreeSet<String> {
        let mut chosen = BTreeSet::new();
        let mut left = vec![true; self.groups];
        loop {
            let mut best = None;
            let mut most = 0;
            for candidate in candidates {
                let count = self.of(candidate).iter().filter(|at| left[**at]).count();
                if count > most {
                    (best, most) = (Some(candidate), count);
                }
            }
            let Some(login) = best else { return chosen };
            self.of(login).iter().chain(approve.of(login)).for_each(|at| left[*at] = false);
            chosen.insert(login.clone());
        }
    }

    /// Those of the picked who own something that the known could not approve.
    fn useful(&self, approve: &Owned<'_>, picked: BTreeSet<String>, known: &BTreeSet<String>) -> BTreeSet<String> {
        let mut left = vec![true; self.groups];
        known.iter().flat_map(|login| approve.of(login)).for_each(|at| left[*at] = false);
        picked.into_iter().filter(|login| self.of(login).iter().any(|at| left[*at])).collect()
    }
}

/// All whom the nearest OWNERS files name, in an order that the pull request's number gives; the author last.
fn candidates(groups: &[Group], asking: &Asking<'_>) -> Vec<String> {
    let near: BTreeSet<&String> = groups.iter().flat_map(|group| &group.leaf).collect();
    let mut order: Vec<String> = near.into_iter().filter(|login| *login != asking.author).cloned().collect();
    shuffle(&mut order, u64::from(asking.number));
    if groups.iter().any(|group| group.leaf.contains(asking.author)) {
        order.push(asking.author.to_owned());
    }
    order
}

/// Fisher and Yates, with SplitMix64: a few lines, and the same everywhere for ever.
fn shuffle(list: &mut [String], seed: u64) {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    for end in (1..list.len()).rev() {
        // The remainder is below `end + 1`, so it fits.
        let other = usize::try_from(next() % (end as u64 + 1)).unwrap_or_default();
        list.swap(end, other);
    }
}

fn union(one: &BTreeSet<String>, other: &BTreeSet<String>) -> BTreeSet<String> {
    one.union(other).cloned().collect()
}
