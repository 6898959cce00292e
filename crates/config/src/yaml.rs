//! The one way in for YAML: text to types or JSON, read as Prow reads it, errors with their place.
//!
//! Prow reads YAML through sigs.k8s.io/yaml: YAML 1.1 words, then JSON, then Go types. So `yes` is a boolean, a number
//! is welcome where a text is wanted, and `null` leaves a value at its default. A key that stands twice is an error
//! here, as under that reader's strict mode: one of the two could never take effect.

mod dialect;
mod entries;

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StructureStyle, Tag};
use prow::scalar::number_text;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::de::{NodeReader, Unread};
use crate::fault::{Fault, Position};
use crate::node::{Key, Kind, Node};
use crate::scalar::{resolve, resolve_tagged};
use entries::Entries;

/// More than any config, and little enough to hold in memory: what aliases of aliases could blow up.
const MAX_NODES: usize = 2_000_000;

/// How much text counts as one value more: an alias of a long text takes room, too.
const BYTES_OF_A_VALUE: usize = 64;

/// More than any config, and few enough for the stack of whoever reads: each level is a call.
const MAX_DEPTH: usize = 100;

/// What was read, and which of its keys no type asked for.
#[derive(Debug)]
pub struct Read<T> {
    /// The value.
    pub value: T,
    /// The document, for the places of what is found wrong later.
    pub document: Node,
    /// Keys that nothing reads, in the document's order.
    pub unread: Vec<Unread>,
}

/// Reads the first document of `text`; `file` is its name in errors.
///
/// # Errors
/// The text is not YAML, or not of the type's shape.
pub fn from_str<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Fault> {
    read(file, text).map(|read| read.value)
}

/// The same, and keeps the document and the keys that were not read.
///
/// # Errors
/// The text is not YAML, or not of the type's shape.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<Read<T>, Fault> {
    let document = parse(file, text)?;
    let reader = NodeReader::new();
    let value = reader.read(&document).map_err(|error| error.into_fault(file, document.at))?;
    Ok(Read { value, unread: reader.into_unread(), document })
}

/// Reads a document that was parsed before.
///
/// # Errors
/// It is not of the type's shape.
pub(crate) fn from_node<T: DeserializeOwned>(file: &str, document: &Node) -> Result<T, Fault> {
    NodeReader::new().read(document).map_err(|error| error.into_fault(file, document.at))
}

/// Reads the first document of `text` as JSON.
///
/// # Errors
/// The text is not YAML, or holds a number that JSON has no word for.
pub fn to_json(file: &str, text: &str) -> Result<Value, Fault> {
    from_str(file, text)
}

/// Reads the first document of `text`; an empty text is `null`.
///
/// # Errors
/// The text is not YAML, holds a key twice, or unfolds to more than two million values.
pub fn parse(file: &str, text: &str) -> Result<Node, Fault> {
    let (document, twice) = parse_leniently(file, text)?;
    twice.map_or(Ok(document), Err)
}

/// The same, but of a key that stands twice the last counts, as in Prow; the first such key is told beside the document.
///
/// # Errors
/// The text is not YAML, or unfolds to more than two million values.
pub(crate) fn parse_leniently(file: &str, text: &str) -> Result<(Node, Option<Fault>), Fault> {
    let fault = |Wrong { at, message }| Fault { file: file.to_owned(), at, message };
    let options = granit_parser::options! { emit_comments: false };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    dialect::check(text)
        .and_then(|()| {
            let events = Parser::new_from_str_with_options(text, options);
            // Only tabs need them.
            let lines = if text.contains('\t') { text.lines().collect() } else { Vec::new() };
            let mut builder =
                Builder { events, text, lines, flows: 0, anchors: HashMap::new(), made: 0, depth: 0, twice: None };
            Ok((builder.document()?, builder.twice.map(fault)))
        })
        .map_err(fault)
}

struct Wrong {
    at: Position,
    message: String,
}

impl From<ScanError> for Wrong {
    fn from(error: ScanError) -> Self {
        let marker = error.marker();
        Self {
            at: Position { line: marker.line().max(1), column: marker.col() + 1 },
            message: format!(
                "this is not YAML: {}; check the indentation and quotes here and on the line before",
                error.info()
            ),
        }
    }
}

struct Builder<'a, I: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> {
    events: I,
    text: &'a str,
    lines: Vec<&'a str>,
    /// How many brackets and braces are open.
    flows: usize,
    anchors: HashMap<usize, (Node, usize)>,
    made: usize,
    /// How many lists and mappings are open.
    depth: usize,
    /// The first key that stands a second time.
    twice: Option<Wrong>,
}

impl<'a, I: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> Builder<'a, I> {
    fn document(&mut self) -> Result<Node, Wrong> {
        loop {
            match self.next()? {
                Some((Event::StreamStart | Event::DocumentStart(..), _)) => {}
                None | Some((Event::StreamEnd | Event::DocumentEnd, _)) => {
                    return Ok(Node { at: Position::START, kind: Kind::Null });
                }
                Some((event, span)) => {
                    let root = self.node(event, span)?;
                    self.ended()?;
                    return Ok(root);
                }
            }
        }
    }

    /// After a document comes another only where one of them says so; what is in that is nobody's concern.
    fn ended(&mut self) -> Result<(), Wrong> {
        let end = self.next()?;
        match end.is_some().then(|| self.next()) {
            Some(Ok(Some((Event::DocumentStart(false, _), span)))) if !dialect::ends(self.text, position(span)) => {
                Err(Wrong {
                    at: position(span),
                    message: "the value before this is over: check the indentation, or separate documents by `---`"
                        .to_owned(),
                })
            }
            _ => Ok(()),
        }
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Wrong> {
        Ok(self.events.next().transpose()?)
    }

    /// The next event within what was opened at `opened`.
    fn content(&mut self, opened: Position) -> Result<(Event<'a>, Span), Wrong> {
        let ended = || Wrong { at: opened, message: "what begins here does not end".to_owned() };
        self.next()?.ok_or_else(ended)
    }

    /// The value that `event` begins.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, Wrong> {
        let at = position(span);
        let before = self.made;
        let size = match &event {
            Event::Scalar(text, ..) => 1 + text.len() / BYTES_OF_A_VALUE,
            _ => 1,
        };
        self.count(size, at)?;
        if self.flows == 0 {
            dialect::check_tabs(&self.lines, at)?;
        } else {
            dialect::check_flow(&event, at)?;
        }
        let is_flow = matches!(
            event,
            Event::SequenceStart(StructureStyle::Flow, ..) | Event::MappingStart(StructureStyle::Flow, ..)
        );
        self.flows += usize::from(is_flow);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Wrong {
                at,
                message: format!("values lie within one another more than {MAX_DEPTH} deep: use fewer levels"),
            });
        }
        let anchor = event.anchor_id();
        let kind = match event {
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref(), at)?,
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.content(at)? {
                        (Event::SequenceEnd, _) => break Kind::List(items),
                        (event, span) => items.push(self.node(event, span)?),
                    }
                }
            }
            Event::MappingStart(..) => self.mapping(at)?,
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id).cloned() else {
                    return Err(Wrong {
                        at,
                        message: "this alias is inside what it names: write the value out".to_owned(),
                    });
                };
                self.count(size, at)?;
                self.depth -= 1;
                return Ok(Node { at, ..node });
            }
            other => return Err(Wrong { at, message: format!("there is no value here: {other:?}") }),
        };
        self.flows -= usize::from(is_flow);
        self.depth -= 1;
        let node = Node { at, kind };
        if let Some(id) = anchor {
            self.anchors.insert(id, (node.clone(), self.made - before));
        }
        Ok(node)
    }

    fn mapping(&mut self, at: Position) -> Result<Kind, Wrong> {
        let mut entries = Entries::default();
        loop {
            let (event, span) = match self.content(at)? {
                (Event::MappingEnd, _) => break,
                found => found,
            };
            let is_merge = is_merge(&event);
            let key = self.node(event, span)?;
            let (event, span) = self.content(at)?;
            let is_alias = matches!(event, Event::Alias(_));
            let value = self.node(event, span)?;
            if is_merge {
                entries.merge(sources(value, is_alias)?);
                continue;
            }
            let key = Key { at: key.at, text: key_text(key)? };
            let place = key.at;
            if let Some(name) = entries.write(key, value) {
                let message = format!("the key `{name}` stands here a second time: remove one");
                self.twice.get_or_insert(Wrong { at: place, message });
            }
        }
        Ok(Kind::Map(entries.into_vec()))
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), Wrong> {
        self.made = self.made.saturating_add(nodes);
        if self.made > MAX_NODES {
            return Err(Wrong {
                at,
                message: format!("this file unfolds to more than {MAX_NODES} values: use fewer aliases"),
            });
        }
        Ok(())
    }
}

fn is_merge(key: &Event<'_>) -> bool {
    let Event::Scalar(text, style, _, tag) = key else { return false };
    let plain = tag.is_none() && matches!(style, ScalarStyle::Plain);
    let tagged = |tag: &Tag| tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some("merge");
    text == "<<" && (plain || tag.as_deref().is_some_and(tagged))
}

/// What `<<` merges; a list of mappings has to be written there and cannot be an alias.
fn sources(value: Node, is_alias: bool) -> Result<Vec<Vec<(Key, Node)>>, Wrong> {
    let nodes = match value.kind {
        Kind::List(nodes) if !is_alias => nodes,
        _ => vec![value],
    };
    let entries = |node: Node| match node.kind {
        Kind::Map(entries) => Ok(entries),
        _ => Err(Wrong { at: node.at, message: "`<<` merges mappings: name one, or a list of them".to_owned() }),
    };
    nodes.into_iter().map(entries).collect()
}

fn position(span: Span) -> Position {
    Position { line: span.start.line().max(1), column: span.start.col() + 1 }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Kind, Wrong> {
    let kind = match tag {
        Some(tag) => match tag.suffix_in_namespace("tag:yaml.org,2002:") {
            Some(ours) => resolve_tagged(&ours, text).map_err(|message| Wrong { at, message })?,
            None => Kind::Text(text.to_owned()),
        },
        None if matches!(style, ScalarStyle::Plain) => resolve(text),
        None => Kind::Text(text.to_owned()),
    };
    match kind {
        Kind::Float(value) if !value.is_finite() => Err(Wrong {
            at,
            message: format!("`{text}` is no number that a config can hold: quote it, if the text is meant"),
        }),
        kind => Ok(kind),
    }
}

/// Prow's reader makes texts of keys that are numbers and booleans: `on:` is the key `true`.
fn key_text(key: Node) -> Result<String, Wrong> {
    match key.kind {
        Kind::Text(text) => Ok(text),
        Kind::Bool(truth) => Ok(truth.to_string()),
        Kind::Unsigned(number) if i64::try_from(number).is_ok() => Ok(number.to_string()),
        Kind::Signed(number) => Ok(number.to_string()),
        Kind::Float(number) => Ok(Number::from_f64(number).map(|number| number_text(&number)).unwrap_or_default()),
        Kind::Unsigned(_) | Kind::Null | Kind::List(_) | Kind::Map(_) => {
            Err(Wrong { at: key.at, message: "a key must be a text: quote it, or write a plain word".to_owned() })
        }
    }
}

#[cfg(test)]
mod tests;
