//! The items of a list and the entries of a mapping for serde.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::NodeReader;
use super::cursor::Cursor;
use super::error::ReadError;
use super::trail::Trail;
use crate::node::{Key, Node};

pub(super) struct Items<'a, 'p> {
    pub(super) rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    pub(super) trail: Trail<'p>,
    pub(super) reader: &'a NodeReader,
}

impl<'a> SeqAccess<'a> for Items<'a, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.rest.next() else { return Ok(None) };
        let trail = Trail::Index(&self.trail, index);
        let cursor = Cursor { node, trail, named_at: node.at, reader: self.reader };
        Cursor::place(node.at, &trail, seed.deserialize(cursor).map(Some))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

pub(super) struct Entries<'a, 'p> {
    pub(super) rest: std::slice::Iter<'a, (Key, Node)>,
    pub(super) value: Option<&'a (Key, Node)>,
    pub(super) trail: Trail<'p>,
    /// The names that a struct knows; empty for what takes any.
    pub(super) fields: &'static [&'static str],
    pub(super) reader: &'a NodeReader,
}

impl<'a> MapAccess<'a> for Entries<'a, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(entry);
        let key: StrDeserializer<'a, ReadError> = field_name(&entry.0.text, self.fields).into_deserializer();
        Cursor::place(entry.0.at, &self.trail, seed.deserialize(key).map(Some))
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let (key, node) =
            self.value.take().ok_or_else(|| ReadError::new("a value was asked for before its key".to_owned()))?;
        let trail = Trail::Key(&self.trail, &key.text);
        let cursor = Cursor { node, trail, named_at: key.at, reader: self.reader };
        Cursor::place(node.at, &trail, seed.deserialize(cursor))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The field that a key means: Go's reader takes a name in any case, if it is not one as it stands.
pub(crate) fn field_name<'a>(key: &'a str, fields: &'static [&'static str]) -> &'a str {
    if fields.contains(&key) {
        return key;
    }
    fields.iter().find(|field| field.chars().map(folded).eq(key.chars().map(folded))).copied().unwrap_or(key)
}

/// The lower case of an ASCII letter and of the two others that fold to one: the long s and the Kelvin sign.
fn folded(c: char) -> char {
    match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    }
}
