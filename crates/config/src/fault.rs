//! What keeps config files from taking effect, each with its place.

use std::fmt;

/// A place in a file; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Position {
    /// The first character of a file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong in one file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{}:{}: {message}", at.line, at.column)]
pub struct Fault {
    /// The file, as it was named to us.
    pub file: String,
    /// Where in it; the start, where the file as a whole is at fault.
    pub at: Position,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Everything that is wrong, one a line: `file:line:column: what is wrong; what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let line_break = if at == 0 { "" } else { "\n" };
            write!(out, "{line_break}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
