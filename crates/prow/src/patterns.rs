//! Expressions of jobs. Hundreds of jobs say the same few, and each costs memory and time to compile.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use crate::goregex;

/// Compiled expressions, each once.
#[derive(Debug, Default)]
pub(crate) struct Patterns(RefCell<HashMap<String, Result<Arc<Regex>, String>>>);

impl Patterns {
    /// Compiles an expression in Go's syntax.
    pub(crate) fn compile(&self, pattern: &str) -> Result<Arc<Regex>, String> {
        if let Some(known) = self.0.borrow().get(pattern) {
            return known.clone();
        }
        let compiled = goregex::compile(pattern).map(Arc::new);
        self.0.borrow_mut().insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}
