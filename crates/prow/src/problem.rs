//! What is wrong in a config file, and where.

use std::fmt;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A mapping's key.
    Key(String),
    /// A sequence's item, from 0.
    Index(usize),
}

/// A place in a document, from its root.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KeyPath(pub Vec<Segment>);

impl KeyPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// This place's value under `key`.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Segment::Key(key.into()))
    }

    /// This place's item `index`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Segment::Index(index))
    }

    fn step(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }
}

/// Writes `presubmits.org/repo[3].trigger`.
impl fmt::Display for KeyPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Key(key) if at == 0 => out.write_str(key)?,
                Segment::Key(key) => write!(out, ".{key}")?,
                Segment::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Something that keeps a file from taking effect; where warnings are spoken of, something that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, by the name that it was given under.
    pub file: String,
    /// Where in the file.
    pub path: KeyPath,
    /// What is wrong and what to do, without the place.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}", self.file, self.path, self.message)
    }
}

/// Where problems are put while a whole file is looked through.
#[derive(Debug, Default)]
pub struct Problems {
    faults: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Problems {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&mut self, file: &str, path: KeyPath, message: impl Into<String>) {
        self.faults.push(Problem { file: file.to_owned(), path, message: message.into() });
    }

    /// Adds one that keeps nothing from taking effect.
    pub fn warn(&mut self, file: &str, path: KeyPath, message: impl Into<String>) {
        self.warnings.push(Problem { file: file.to_owned(), path, message: message.into() });
    }

    /// Whether nothing was found that keeps the file from taking effect.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// All that was found, in the order of finding, but for warnings.
    pub fn into_vec(self) -> Vec<Problem> {
        self.faults
    }

    /// The warnings, in the order of finding; they are not in here any more then.
    pub fn take_warnings(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.warnings)
    }
}
