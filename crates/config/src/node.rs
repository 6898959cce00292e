//! A YAML document as a tree that knows where everything stands.

use prow::problem::{KeyPath, Segment};

use crate::fault::Position;

/// One value of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing.
    Null,
    /// A boolean, by YAML 1.1's words.
    Bool(bool),
    /// An integer from 0 on.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the document's order, each key once.
    Map(Vec<(Key, Node)>),
}

/// A mapping's key; keys that are numbers or booleans are written as texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where it begins.
    pub at: Position,
    /// Its text.
    pub text: String,
}

impl Node {
    /// Where `path` leads; as far as the document goes, where it does not go that far.
    pub fn position_of(&self, path: &KeyPath) -> Position {
        self.follow(path).0
    }

    /// How many steps of `path` the document goes.
    pub(crate) fn depth_of(&self, path: &KeyPath) -> usize {
        self.follow(path).1
    }

    fn follow(&self, path: &KeyPath) -> (Position, usize) {
        let mut node = self;
        let mut at = self.at;
        for (depth, segment) in path.0.iter().enumerate() {
            let found = match (segment, &node.kind) {
                (Segment::Key(key), Kind::Map(entries)) => {
                    entries.iter().find(|(own, _)| own.text == *key).map(|(own, value)| {
                        // A list or mapping begins on a line of its own; the key shows better what is meant.
                        let inner = matches!(value.kind, Kind::List(_) | Kind::Map(_) | Kind::Null);
                        (if inner { own.at } else { value.at }, value)
                    })
                }
                (Segment::Index(index), Kind::List(items)) => items.get(*index).map(|item| (item.at, item)),
                _ => None,
            };
            let Some((position, next)) = found else { return (at, depth) };
            (at, node) = (position, next);
        }
        (at, path.0.len())
    }
}
