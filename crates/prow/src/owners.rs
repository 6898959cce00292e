//! Who owns what: OWNERS files, OWNERS_ALIASES, and the answers that follow from them.
//!
//! The texts are read elsewhere, since YAML is not pure Prow's matter; from [`Simple`], [`Full`] and [`Aliases`] on all
//! is decided here. Behaviour: Prow pkg/repoowners.

mod aliases;
mod answer;
mod deny;
mod file;
mod terms;
mod tree;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

pub use aliases::Aliases;
pub use answer::{FileOwners, OwnersGroup, View};
pub use deny::DenyList;
pub use file::{EVERYTHING, Filter, Full, OwnersFile, OwnersOptions, Section, Simple};
pub use terms::{Denied, OwnersDirDenylist, Terms};
pub use tree::{Names, Source, Tree};

/// A login as OWNERS files are compared by: lower case, one leading `@` taken off.
pub fn login(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.strip_prefix('@').map(str::to_owned).unwrap_or(lower)
}
