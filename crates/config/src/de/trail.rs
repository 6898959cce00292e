//! How the value that is being read is reached.

use prow::problem::KeyPath;

/// The way from the document's root, borrowed from whoever reads what lies around the value: most values are never told of, so
/// no path is made for them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trail<'p> {
    /// The value that reading began with.
    Start(&'p KeyPath),
    Key(&'p Trail<'p>, &'p str),
    Index(&'p Trail<'p>, usize),
}

impl Trail<'_> {
    pub(super) fn path(&self) -> KeyPath {
        match self {
            Self::Start(path) => (*path).clone(),
            Self::Key(parent, key) => parent.path().key(*key),
            Self::Index(parent, index) => parent.path().index(*index),
        }
    }
}
