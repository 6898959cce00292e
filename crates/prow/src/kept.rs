//! JSON that is kept for long and read seldom: a job's pod, and how it is decorated.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;

/// A value as its text, which takes a tenth of the memory of its tree, and is shared by all that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptJson(Arc<str>);

impl KeptJson {
    /// The value itself, made anew.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("it was written from a value")
    }
}

/// Texts of values, each once.
#[derive(Debug, Default)]
pub(crate) struct Texts(RefCell<HashSet<Arc<str>>>);

impl Texts {
    pub(crate) fn keep(&self, value: &Value) -> KeptJson {
        let text = value.to_string();
        let mut known = self.0.borrow_mut();
        if let Some(known) = known.get(text.as_str()) {
            return KeptJson(Arc::clone(known));
        }
        let text: Arc<str> = text.into();
        known.insert(Arc::clone(&text));
        KeptJson(text)
    }
}
