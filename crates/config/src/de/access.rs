//! The items of a list and the entries of a mapping for serde.

use prow::problem::KeyPath;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::NodeReader;
use super::cursor::Cursor;
use super::error::ReadError;
use crate::node::{Key, Node};

pub(super) struct Items<'a> {
    pub(super) rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    pub(super) path: KeyPath,
    pub(super) reader: &'a NodeReader,
}

impl<'a> SeqAccess<'a> for Items<'a> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.rest.next() else { return Ok(None) };
        let path = self.path.index(index);
        let cursor = Cursor { node, path: path.clone(), named_at: node.at, reader: self.reader };
        Cursor::place(node.at, &path, seed.deserialize(cursor).map(Some))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

pub(super) struct Entries<'a> {
    pub(super) rest: std::slice::Iter<'a, (Key, Node)>,
    pub(super) value: Option<&'a (Key, Node)>,
    pub(super) path: KeyPath,
    pub(super) reader: &'a NodeReader,
}

impl<'a> MapAccess<'a> for Entries<'a> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(entry);
        let key: StrDeserializer<'a, ReadError> = entry.0.text.as_str().into_deserializer();
        Cursor::place(entry.0.at, &self.path, seed.deserialize(key).map(Some))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (key, node) =
            self.value.take().ok_or_else(|| ReadError::new("a value was asked for before its key".to_owned()))?;
        let path = self.path.key(&key.text);
        let cursor = Cursor { node, path: path.clone(), named_at: key.at, reader: self.reader };
        Cursor::place(node.at, &path, seed.deserialize(cursor))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
