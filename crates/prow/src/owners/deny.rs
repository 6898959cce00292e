//! Folders whose OWNERS files do not count.

use regex::Regex;

use crate::goregex;

/// What is never ours: git's own data, build outputs, and what lies two levels down in a vendored module.
const PRECONFIGURED: [&str; 3] = [r"\.git$", "_output$", "vendor/.*/.*"];

/// Regular expressions, unanchored, for folders that are passed over together with all that is below them.
#[derive(Debug, Clone)]
pub struct DenyList(Vec<Regex>);

impl Default for DenyList {
    fn default() -> Self {
        Self::new(&[]).0
    }
}

impl DenyList {
    /// These patterns (Go's syntax) beside the preconfigured ones. The second value says which of them are left out, and
    /// why: a bad pattern denies nothing.
    pub fn new(patterns: &[String]) -> (Self, Vec<String>) {
        let (mut list, problems) = Self::only(patterns);
        for pattern in PRECONFIGURED {
            list.0.push(goregex::compile(pattern).expect("the preconfigured patterns compile"));
        }
        (list, problems)
    }

    /// These patterns alone: `ignore_preconfigured_defaults`.
    pub fn only(patterns: &[String]) -> (Self, Vec<String>) {
        let (mut good, mut problems) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match goregex::compile(pattern) {
                Ok(regex) => good.push(regex),
                Err(why) => problems.push(why),
            }
        }
        (Self(good), problems)
    }

    /// Whether this folder, or one above it, is denied. The root never is.
    pub fn denies(&self, folder: &str) -> bool {
        let above = folder.match_indices('/').map(|(at, _)| &folder[..at]);
        above.chain([folder]).any(|folder| !folder.is_empty() && self.0.iter().any(|regex| regex.is_match(folder)))
    }
}
