//! OWNERS_ALIASES: names for groups of people.

use std::collections::{BTreeMap, BTreeSet};

use super::login;

/// Groups by their names, all in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases(BTreeMap<String, BTreeSet<String>>);

impl Aliases {
    /// Adds a group; an empty one is a group of nobody.
    pub fn add<'a>(&mut self, name: &str, members: impl IntoIterator<Item = &'a str>) {
        self.0.insert(login(name), members.into_iter().map(login).collect());
    }

    /// The groups and their members, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.0.iter().map(|(name, members)| (name.as_str(), members))
    }

    /// Puts the members of a group in its place. A group within a group is taken for a login, and so is an unknown name.
    pub fn expand(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let mut people = BTreeSet::new();
        for name in names {
            match self.0.get(name) {
                Some(members) => people.extend(members.iter().cloned()),
                None => {
                    people.insert(name.clone());
                }
            }
        }
        people
    }
}
