//! Why a node does not fit, in a config author's words.

use std::fmt;

use prow::problem::KeyPath;
use serde::de::{self, Expected, Unexpected};

use super::trail::Trail;
use crate::fault::{Fault, Position};

/// Why a node does not fit a type.
#[derive(Debug)]
pub(crate) struct ReadError {
    at: Option<Position>,
    path: KeyPath,
    message: String,
}

impl ReadError {
    pub(super) fn new(message: String) -> Self {
        Self { at: None, path: KeyPath::root(), message }
    }

    /// Says what was found and wanted in a config author's words rather than in Rust's.
    pub(super) fn unfit(found: Unexpected<'_>, wanted: &str) -> Self {
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
    pub(super) fn placed(mut self, at: Position, trail: &Trail<'_>) -> Self {
        if self.at.is_none() {
            self.at = Some(at);
            self.path = trail.path();
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

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` stands here a second time, in another case: remove one"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing: add it"))
    }
}
