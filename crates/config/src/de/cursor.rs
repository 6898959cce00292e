//! One node for serde.

use prow::scalar::number_text;
use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde_json::Number;

use super::access::{Entries, Items};
use super::error::ReadError;
use super::trail::Trail;
use super::{NodeReader, Unread};
use crate::fault::Position;
use crate::node::{Key, Kind, Node};

/// One node, on its way into a type.
pub(super) struct Cursor<'a, 'p> {
    pub(super) node: &'a Node,
    pub(super) trail: Trail<'p>,
    /// Where the key of this value stands; the value itself, where it has none.
    pub(super) named_at: Position,
    pub(super) reader: &'a NodeReader,
}

impl<'a> Cursor<'a, '_> {
    pub(super) fn place<T>(at: Position, trail: &Trail<'_>, result: Result<T, ReadError>) -> Result<T, ReadError> {
        result.map_err(|error| error.placed(at, trail))
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
        let (at, trail) = (self.node.at, self.trail);
        let access = Items { rest: items.iter().enumerate(), trail, reader: self.reader };
        Self::place(at, &trail, visitor.visit_seq(access))
    }

    /// `fields` are the names that a struct knows.
    fn map<V: Visitor<'a>>(
        self,
        entries: &'a [(Key, Node)],
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (at, trail) = (self.node.at, self.trail);
        let access = Entries { rest: entries.iter(), value: None, trail, fields, reader: self.reader };
        Self::place(at, &trail, visitor.visit_map(access))
    }
}

enum Whole {
    Signed(i64),
    Unsigned(u64),
}

/// JSON has one kind of number: 1.0 is written 1, and then is as good as an integer. From 1e21 on Go writes an exponent,
/// which is not. What counts are the shortest digits, with zeros for those that a fraction does not hold.
fn whole(number: f64) -> Option<Whole> {
    if number.fract() != 0.0 || number.abs() >= 1e21 {
        return None;
    }
    let digits = number.to_string();
    digits.parse().map(Whole::Signed).or_else(|_| digits.parse().map(Whole::Unsigned)).ok()
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

impl<'a> Deserializer<'a> for Cursor<'a, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.kind {
            Kind::List(items) => return self.list(items, visitor),
            Kind::Map(entries) => return self.map(entries, &[], visitor),
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(truth) => visitor.visit_bool(*truth),
            Kind::Unsigned(number) => visitor.visit_u64(*number),
            Kind::Signed(number) => visitor.visit_i64(*number),
            Kind::Float(number) => match whole(*number) {
                Some(Whole::Signed(number)) => visitor.visit_i64(number),
                Some(Whole::Unsigned(number)) => visitor.visit_u64(number),
                None => visitor.visit_f64(*number),
            },
            Kind::Text(text) => visitor.visit_borrowed_str(text),
        };
        Self::place(self.node.at, &self.trail, result)
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
            Some(text) => Self::place(self.node.at, &self.trail, visitor.visit_string(text)),
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
            Kind::Null => self.map(&[], &[], visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    // Derived code would take a list for a struct too, item by item; no config means that.
    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let found = match &self.node.kind {
            Kind::Null => return self.deserialize_map(visitor),
            Kind::Map(entries) => return self.map(entries, fields, visitor),
            Kind::List(_) => Unexpected::Seq,
            Kind::Text(text) => Unexpected::Str(text),
            Kind::Bool(truth) => Unexpected::Bool(*truth),
            Kind::Unsigned(number) => Unexpected::Unsigned(*number),
            Kind::Signed(number) => Unexpected::Signed(*number),
            Kind::Float(number) => Unexpected::Float(*number),
        };
        Err(ReadError::unfit(found, "a map").placed(self.node.at, &self.trail))
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        let (at, trail) = (self.node.at, self.trail);
        Self::place(at, &trail, visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let (at, trail) = (self.node.at, self.trail);
        let result = match (&self.node.kind, self.text()) {
            (Kind::Map(entries), _) => {
                let access = Entries { rest: entries.iter(), value: None, trail, fields: &[], reader: self.reader };
                visitor.visit_enum(MapAccessDeserializer::new(access))
            }
            (_, Some(text)) => {
                let word: StringDeserializer<ReadError> = text.into_deserializer();
                visitor.visit_enum(word)
            }
            (_, None) => return self.deserialize_any(visitor),
        };
        Self::place(at, &trail, result)
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
        self.reader.unread.borrow_mut().push(Unread { path: self.trail.path(), at: self.named_at });
        visitor.visit_unit()
    }
}
