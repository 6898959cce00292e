//! The entries of a mapping while it is read.

use std::collections::HashMap;

use crate::node::{Key, Node};

/// More keys than most mappings have: so many are looked through faster than hashed.
const FEW: usize = 24;

/// The entries so far, in the document's order, each key once.
#[derive(Default)]
pub(super) struct Entries {
    all: Vec<(Key, Node)>,
    /// Whether each was written here rather than merged.
    written: Vec<bool>,
    /// Where each key stands, once they are many.
    index: HashMap<String, usize>,
}

impl Entries {
    /// Adds an entry that is written here; what was merged gives way to it, and so does what was written before, whose name
    /// is then the answer.
    pub(super) fn write(&mut self, key: Key, value: Node) -> Option<String> {
        let Some(index) = self.find(&key.text) else {
            self.push(key, value, true);
            return None;
        };
        let twice = std::mem::replace(&mut self.written[index], true).then(|| key.text.clone());
        self.all[index] = (key, value);
        twice
    }

    /// `<<: *defaults`: what comes later in the mapping wins, be it merged or written; of a list of sources the earlier.
    ///
    /// Behaviour: gopkg.in/yaml.v2, `merge`. By YAML's own rule what is written would win wherever it stands.
    pub(super) fn merge(&mut self, sources: Vec<Vec<(Key, Node)>>) {
        for (key, value) in sources.into_iter().rev().flatten() {
            match self.find(&key.text) {
                Some(index) => self.all[index] = (key, value),
                None => self.push(key, value, false),
            }
        }
    }

    pub(super) fn into_vec(self) -> Vec<(Key, Node)> {
        self.all
    }

    fn find(&self, key: &str) -> Option<usize> {
        match self.index.is_empty() {
            true => self.all.iter().position(|(known, _)| known.text == key),
            false => self.index.get(key).copied(),
        }
    }

    fn push(&mut self, key: Key, value: Node, written: bool) {
        if !self.index.is_empty() {
            self.index.insert(key.text.clone(), self.all.len());
        }
        self.all.push((key, value));
        self.written.push(written);
        if self.index.is_empty() && self.all.len() > FEW {
            let keys = self.all.iter().enumerate();
            self.index = keys.map(|(index, (key, _))| (key.text.clone(), index)).collect();
        }
    }
}
