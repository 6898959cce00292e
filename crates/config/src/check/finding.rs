//! One thing that was found.

use std::fmt;

use crate::fault::Fault;

/// What loading refuses.
pub(super) const INVALID: &str = "invalid";
/// What loading tells of and takes.
pub(super) const NOTED: &str = "noted";
/// What is always looked for, and has no name among Prow's warnings.
pub(super) const RERUN_COMMAND: &str = "rerun-command";

/// How much a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It takes no effect.
    Error,
    /// It takes effect, and is most likely not meant.
    Warning,
    /// It is good to know.
    Note,
}

impl Level {
    /// A word for it: also SARIF's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it counts.
    pub level: Level,
    /// The warning, by Prow's name; or `invalid`, `noted` or `rerun-command`, which cannot be left out.
    pub rule: &'static str,
    /// What is wrong, where, and what to do.
    pub fault: Fault,
    /// The line that it is in, as it is written; none where the file could not be read.
    pub line: Option<String>,
}
