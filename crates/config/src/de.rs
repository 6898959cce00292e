//! Reads a [`Node`] into types, with Go's leniency and the place of every error.

use std::cell::RefCell;
use std::fmt;

use prow::problem::KeyPath;
use prow::scalar::number_text;
use serde::de::value::{MapAccessDeserializer, StrDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_json::Number;

use crate::fault::{Fault, Position};
use crate::node::{Key, Kind, Node};

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
        T::deserialize(Cursor { node, path: KeyPath::root(), named_at: node.at, reader: self })
    }

    pub(crate) fn into_unread(self) -> Vec<Unread> {
        self.unread.into_inner()
    }
}

/// Why a node does not fit a type.
#[derive(Debug)]
pub(crate) struct ReadError {
    at: Option<Position>,
    path: KeyPath,
    message: String,
}

impl ReadError {
    fn new(message: String) -> Self {
        Self { at: None, path: KeyPath::root(), message }
    }

    /// Says what was found and wanted in a config author's words rather than in Rust's.
    fn unfit(found: Unexpected<'_>, wanted: &str) -> Self {
        let found = match found {
            Unexpected::Str(text) => format!("the text `{text}`"),
            Unexpected::Bool(truth) => format!("the boolean `{truth}`"),
            Unexpected::Unsigned(number) => format!("the number `{number}`"),
            Unexpected::Signed(number) => format!("the number `{number}`"),
            Unexpected::Float(number) => format!("the number `{number}`"),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "a mapping".to_owned(),
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            other => other.to_string(),
        };
        let wanted = match wanted {
            "a string" => "a text",
            "a sequence" => "a list",
            "a map" => "a mapping",
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on (within its range)",
            "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
            "f32" | "f64" => "a number",
            other => other,
        };
        Self::new(format!("found {found}, where {wanted} belongs"))
    }

    /// Errors come from within visitors, which know no place; the innermost value that sees one gives it its own.
    fn placed(mut self, at: Position, path: &KeyPath) -> Self {
        if self.at.is_none() {
            self.at = Some(at);
            self.path = path.clone();
        }
        self
    }

    pub(crate) fn into_fault(self, file: &str, default: Position) -> Fault {
        let place = if self.path.0.is_empty() { String::new() } else { format!("`{}`: ", self.path) };
        Fault { file: file.to_owned(), at: self.at.unwrap_or(default), message: format!("{place}{}", self.message) }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::unfit(found, &wanted.to_string())
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::unfit(found, &wanted.to_string())
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("`{variant}` is not known here: use one of {}", known.join(", ")))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("the key `{field}` is not known here: use one of {}", known.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing: add it"))
    }
}

/// One node, on its way into a type.
struct Cursor<'a> {
    node: &'a Node,
    path: KeyPath,
    /// Where the key of this value stands; the value itself, where it has none.
    named_at: Position,
    reader: &'a NodeReader,
}

impl<'a> Cursor<'a> {
    fn place<T>(at: Position, path: &KeyPath, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.placed(at, path))
    }

    /// The text of anything but a list or mapping, as Prow's reader makes it where a text is wanted.
    fn text(&self) -> Option<String> {
        match &self.node.kind {
            Kind::Null => Some(String::new()),
            Kind::Text(text) => Some(text.clone()),
            Kind::Bool(truth) => Some(truth.to_string()),
            Kind::Unsigned(number) => Some(number.to_string()),
            Kind::Signed(number) => Some(number.to_string()),
            Kind::Float(number) => Number::from_f64(*number).map(|number| number_text(&number)),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    fn list<V: Visitor<'a>>(self, items: &'a [Node], visitor: V) -> Result<V::Value, ReadError> {
        let (at, path) = (self.node.at, self.path.clone());
        let access = Items { rest: items.iter().enumerate(), path: self.path, reader: self.reader };
        Self::place(at, &path, visitor.visit_seq(access))
    }

    fn map<V: Visitor<'a>>(self, entries: &'a [(Key, Node)], visitor: V) -> Result<V::Value, ReadError> {
        let (at, path) = (self.node.at, self.path.clone());
        let access = Entries { rest: entries.iter(), value: None, path: self.path, reader: self.reader };
        Self::place(at, &path, visitor.visit_map(access))
    }
}

/// `null` leaves a Go value as it is, which is its zero value.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
            match &self.node.kind {
                Kind::Null => visitor.visit_u64(0),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'a> Deserializer<'a> for Cursor<'a> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.kind {
            Kind::List(items) => return self.list(items, visitor),
            Kind::Map(entries) => return self.map(entries, visitor),
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(truth) => visitor.visit_bool(*truth),
            Kind::Unsigned(number) => visitor.visit_u64(*number),
            Kind::Signed(number) => visitor.visit_i64(*number),
            // JSON has one kind of number: 1.0 is written 1, and then is as good as an integer.
            Kind::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 =>
            {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and far below 2^63")]
                visitor.visit_i64(*number as i64)
            }
            Kind::Float(number) => visitor.visit_f64(*number),
            Kind::Text(text) => visitor.visit_borrowed_str(text),
        };
        Self::place(self.node.at, &self.path, result)
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.kind {
            Kind::Null => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_string<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.text() {
            Some(text) => Self::place(self.node.at, &self.path, visitor.visit_string(text)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_char<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.kind {
            Kind::Null => self.list(&[], visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.kind {
            Kind::Null => self.map(&[], visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    // Derived code would take a list for a struct too, item by item; no config means that.
    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let found = match &self.node.kind {
            Kind::Null | Kind::Map(_) => return self.deserialize_map(visitor),
            Kind::List(_) => Unexpected::Seq,
            Kind::Text(text) => Unexpected::Str(text),
            Kind::Bool(truth) => Unexpected::Bool(*truth),
            Kind::Unsigned(number) => Unexpected::Unsigned(*number),
            Kind::Signed(number) => Unexpected::Signed(*number),
            Kind::Float(number) => Unexpected::Float(*number),
        };
        Err(ReadError::unfit(found, "a map").placed(self.node.at, &self.path))
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        let (at, path) = (self.node.at, self.path.clone());
        Self::place(at, &path, visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (at, path) = (self.node.at, self.path.clone());
        let result = match (&self.node.kind, self.text()) {
            (Kind::Map(entries), _) => {
                let access = Entries { rest: entries.iter(), value: None, path: self.path, reader: self.reader };
                visitor.visit_enum(MapAccessDeserializer::new(access))
            }
            (_, Some(text)) => {
                let word: StringDeserializer<ReadError> = text.into_deserializer();
                visitor.visit_enum(word)
            }
            (_, None) => return self.deserialize_any(visitor),
        };
        Self::place(at, &path, result)
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_string(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.reader.unread.borrow_mut().push(Unread { path: self.path, at: self.named_at });
        visitor.visit_unit()
    }
}

struct Items<'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    path: KeyPath,
    reader: &'a NodeReader,
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

struct Entries<'a> {
    rest: std::slice::Iter<'a, (Key, Node)>,
    value: Option<&'a (Key, Node)>,
    path: KeyPath,
    reader: &'a NodeReader,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use crate::yaml;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        text: String,
        flag: bool,
        count: u32,
        list: Vec<String>,
        labels: BTreeMap<String, String>,
        word: Option<Word>,
        strict: Option<Strict>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Read,
        Write,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        needed: u8,
    }

    #[track_caller]
    fn check(text: &str, want: Sample) {
        assert_eq!(yaml::from_str::<Sample>("f", text).unwrap(), want, "{text:?}");
    }

    #[test]
    fn scalars_are_welcome_where_texts_are_wanted() {
        check("text: 1.20\n", Sample { text: "1.2".to_owned(), ..Sample::default() });
        check("text: true\n", Sample { text: "true".to_owned(), ..Sample::default() });
        check(
            "list: [1, yes, a]\n",
            Sample { list: ["1", "true", "a"].map(str::to_owned).into(), ..Sample::default() },
        );
        let labels = [("a".to_owned(), "true".to_owned()), ("1".to_owned(), "2".to_owned())].into();
        check("labels: {a: true, 1: 2}\n", Sample { labels, ..Sample::default() });
    }

    #[test]
    fn null_leaves_the_default() {
        check("text:\nflag: ~\ncount: null\nlist:\nlabels:\nword:\n", Sample::default());
        check("", Sample::default());
    }

    #[test]
    fn whole_fractions_are_integers() {
        check("count: 3.0\n", Sample { count: 3, ..Sample::default() });
    }

    #[track_caller]
    fn check_wrong(text: &str, want: &str) {
        assert_eq!(yaml::from_str::<Sample>("f", text).unwrap_err().to_string(), want, "{text:?}");
    }

    #[test]
    fn errors_name_the_place_and_the_key() {
        check_wrong(
            "text: a\ncount: many\n",
            "f:2:8: `count`: found the text `many`, where a whole number from 0 on (within its range) belongs",
        );
        check_wrong("list:\n- a\n- {b: c}\n", "f:3:3: `list[1]`: found a mapping, where a text belongs");
        check_wrong("flag: 'yes'\n", "f:1:7: `flag`: found the text `yes`, where a boolean belongs");
        check_wrong("word: admin\n", "f:1:7: `word`: `admin` is not known here: use one of read, write");
        check_wrong("strict: {need: 1}\n", "f:1:10: `strict`: the key `need` is not known here: use one of needed");
        check_wrong("a: 1\nstrict:\n  {}\n", "f:3:3: `strict`: the key `needed` is missing: add it");
        check_wrong(
            "strict: {needed: 300}\n",
            "f:1:18: `strict.needed`: found the number `300`, where a whole number from 0 on (within its range) belongs",
        );
        check_wrong("- a\n", "f:1:1: found a list, where a mapping belongs");
    }

    #[test]
    fn keys_that_nobody_reads_are_remembered() {
        let read = yaml::read::<Sample>("f", "text: a\nlabel:\n  x: 1\nword: read\nmore: 2\n").unwrap();
        let unread: Vec<_> = read.unread.iter().map(|unread| (unread.path.to_string(), unread.at.line)).collect();
        assert_eq!(unread, [("label".to_owned(), 2), ("more".to_owned(), 5)]);
        assert_eq!(read.value.word, Some(Word::Read));
    }
}
