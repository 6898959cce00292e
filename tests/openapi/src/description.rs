//! A description in memory, its operations found by method and path.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result};
use flate2::bufread::GzDecoder;
use jsonschema::Validator;
use serde_json::Value;

use crate::path::{Template, best};

/// An OpenAPI description. Its schemas are compiled when they are first needed.
pub struct Description {
    pub(crate) document: Value,
    templates: Vec<Template>,
    pub(crate) validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One method on one path template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// `GET`, `POST`, …
    pub method: String,
    /// The path with its placeholders: `/repos/{owner}/{repo}`.
    pub template: String,
    /// The description's own name for it: `repos/get`.
    pub id: String,
}

/// Something in an exchange that the description does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `path`, `query key`, `body /labels/0`, `status`, …
    pub place: String,
    /// What.
    pub text: String,
}

impl Description {
    /// The description in a gzipped JSON file, read once a process.
    ///
    /// # Errors
    /// A file that cannot be read, or holds something else.
    pub fn load(path: &Path) -> Result<Arc<Self>> {
        static LOADED: OnceLock<Mutex<HashMap<PathBuf, Arc<Description>>>> = OnceLock::new();
        let loaded = LOADED.get_or_init(Mutex::default);
        // Held while reading: tests that start together are to wait for one copy, not to make a copy each.
        let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(description) = loaded.get(path) {
            return Ok(Arc::clone(description));
        }
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let document = serde_json::from_reader(BufReader::new(GzDecoder::new(BufReader::new(file))))
            .with_context(|| format!("cannot read {} as gzipped JSON", path.display()))?;
        let description = Arc::new(Self::new(document)?);
        loaded.insert(path.to_owned(), Arc::clone(&description));
        Ok(description)
    }

    /// A description that is in memory already.
    ///
    /// # Errors
    /// Where the document has no `paths`.
    pub fn new(document: Value) -> Result<Self> {
        let paths = document.get("paths").and_then(Value::as_object).context("the document has no `paths`")?;
        let resolve = |value| resolve(&document, value);
        let templates = paths
            .iter()
            .filter_map(|(path, operations)| {
                let methods = operations.as_object()?;
                let spans_slashes = |name: &str| {
                    methods.values().filter_map(|operation| operation.get("parameters")?.as_array()).flatten().any(
                        |parameter| {
                            let parameter = resolve(parameter);
                            parameter["name"] == name && parameter["x-multi-segment"] == true
                        },
                    )
                };
                Template::parse(path, methods.keys().map(|method| method.to_ascii_uppercase()), spans_slashes)
            })
            .collect();
        Ok(Self { document, templates, validators: Mutex::default() })
    }

    /// All operations there are.
    pub fn operations(&self) -> impl Iterator<Item = Operation> + '_ {
        self.templates
            .iter()
            .flat_map(move |template| template.methods.iter().map(move |method| self.operation(&template.text, method)))
    }

    /// The operation that `path` (percent-encoded, without a query) is for, and the values of its placeholders.
    pub(crate) fn find(&self, method: &str, path: &str) -> Result<(Operation, Vec<(String, String)>), Problem> {
        let method = method.to_ascii_uppercase();
        match best(&self.templates, &method, path) {
            Ok((template, values)) => Ok((self.operation(&template.text, &method), values)),
            Err(None) => Err(Problem::new("path", format!("the description has no `{path}`"))),
            Err(Some(template)) => {
                Err(Problem::new("method", format!("`{}` has no {method}, only {:?}", template.text, template.methods)))
            }
        }
    }

    fn operation(&self, template: &str, method: &str) -> Operation {
        let described = &self.document["paths"][template][method.to_ascii_lowercase()];
        let id = described["operationId"].as_str().unwrap_or_default().to_owned();
        Operation { method: method.to_owned(), template: template.to_owned(), id }
    }

    /// What the description says of an operation; `null` for one that is not its own.
    pub(crate) fn described(&self, operation: &Operation) -> &Value {
        &self.document["paths"][&operation.template][operation.method.to_ascii_lowercase()]
    }

    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        resolve(&self.document, value)
    }
}

/// Follows `$ref`s within the document. A reference to nothing is left as it is and fails where it is used.
fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    // A chain longer than this is a circle.
    for _ in 0..32 {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

impl Problem {
    pub(crate) fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description").field("paths", &self.templates.len()).finish_non_exhaustive()
    }
}
