//! Reads a [`Node`] into types, with Go's leniency and the place of every error.

mod access;
mod cursor;
mod error;
mod trail;

#[cfg(test)]
mod tests;

use std::cell::RefCell;

use prow::problem::KeyPath;
use serde::de::DeserializeOwned;

use crate::fault::Position;
use crate::node::Node;
pub(crate) use access::field_name;
use cursor::Cursor;
pub(crate) use error::ReadError;
use trail::Trail;

/// A key that no type asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The key, from the document's root.
    pub path: KeyPath,
    /// Where it stands.
    pub at: Position,
}

/// Reads nodes and remembers what nobody asked for.
#[derive(Debug, Default)]
pub(crate) struct NodeReader {
    unread: RefCell<Vec<Unread>>,
}

impl NodeReader {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, node: &Node) -> Result<T, ReadError> {
        self.read_at(node, &KeyPath::root())
    }

    /// The same for a value within a document, whose place is `path`.
    pub(crate) fn read_at<T: DeserializeOwned>(&self, node: &Node, path: &KeyPath) -> Result<T, ReadError> {
        T::deserialize(Cursor { node, trail: Trail::Start(path), named_at: node.at, reader: self })
    }

    pub(crate) fn into_unread(self) -> Vec<Unread> {
        self.unread.into_inner()
    }
}
