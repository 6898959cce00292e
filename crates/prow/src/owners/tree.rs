//! The OWNERS of a whole repository at one commit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use regex::Regex;

use super::{Aliases, DenyList, EVERYTHING, OwnersFile, OwnersOptions, Section};
use crate::goregex;

/// What the files are called; a repository can be configured to use other names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Names {
    /// Usually `OWNERS`; counts in every folder.
    pub owners: String,
    /// Usually `OWNERS_ALIASES`; counts in the root alone.
    pub aliases: String,
    /// Whether a Markdown file may carry owners of its own in a header.
    pub markdown: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self { owners: "OWNERS".to_owned(), aliases: "OWNERS_ALIASES".to_owned(), markdown: false }
    }
}

/// What a file is to the owners of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// An OWNERS file.
    Owners,
    /// The groups.
    Aliases,
    /// A Markdown file, which may have a header.
    Markdown,
}

impl Names {
    /// What the file at this path is; `None` for an ordinary one, and for what lies in a denied folder.
    pub fn source(&self, path: &str, deny: &DenyList) -> Option<Source> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let source = if name == self.owners {
            Source::Owners
        } else if folder.is_empty() && name == self.aliases {
            return Some(Source::Aliases);
        } else if self.markdown && name.ends_with(".md") {
            Source::Markdown
        } else {
            return None;
        };
        (!deny.denies(folder)).then_some(source)
    }
}

/// The owners of a repository at one commit. Never changed once it is made, so that all may share it.
#[derive(Debug, Default)]
pub struct Tree {
    /// By folder without slashes at its ends, the root being empty; by path for a Markdown file.
    places: HashMap<String, Place>,
    /// Those of all filters.
    patterns: Vec<Arc<Pattern>>,
    aliases: Aliases,
    with_markdown: bool,
    /// Bytes of the longest of these paths: nothing is looked for at a longer one, of which a hostile change has thousands.
    longest: usize,
}

/// What one OWNERS file contributes, groups expanded.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) options: OwnersOptions,
    pub(super) sections: Vec<PlaceSection>,
}

#[derive(Debug)]
pub(super) struct PlaceSection {
    pattern: Option<Arc<Pattern>>,
    pub(super) people: Section,
}

/// A pattern that many files share; compiled when it is first asked, since most never are.
#[derive(Debug)]
struct Pattern {
    text: String,
    regex: OnceLock<Result<Regex, String>>,
    is_told: AtomicBool,
}

impl Tree {
    /// Puts the files together. Each comes with its path; a Markdown file with what its header says.
    pub fn new(files: impl IntoIterator<Item = (String, OwnersFile)>, aliases: Aliases, names: &Names) -> Self {
        let mut patterns: HashMap<String, Arc<Pattern>> = HashMap::new();
        let mut places = HashMap::new();
        for (path, file) in files {
            let at = match path.strip_suffix(&names.owners) {
                Some(folder) if folder.is_empty() || folder.ends_with('/') => folder.trim_end_matches('/').to_owned(),
                _ => path,
            };
            let sections = file.sections.into_iter().map(|section| PlaceSection {
                pattern: (section.pattern != EVERYTHING).then(|| {
                    let (text, is_told) = (section.pattern.clone(), AtomicBool::new(false));
                    let new = || Arc::new(Pattern { text, regex: OnceLock::new(), is_told });
                    Arc::clone(patterns.entry(section.pattern.clone()).or_insert_with(new))
                }),
                people: Section {
                    approvers: aliases.expand(&section.approvers),
                    reviewers: aliases.expand(&section.reviewers),
                    required_reviewers: aliases.expand(&section.required_reviewers),
                    ..section
                },
            });
            places.insert(at, Place { options: file.options, sections: sections.collect() });
        }
        let longest = places.keys().map(String::len).max().unwrap_or_default();
        let patterns = patterns.into_values().collect();
        Self { places, patterns, aliases, with_markdown: names.markdown, longest }
    }

    /// The groups.
    pub fn aliases(&self) -> &Aliases {
        &self.aliases
    }

    /// The options of this very folder.
    pub fn options(&self, folder: &str) -> OwnersOptions {
        self.places.get(folder).map(|place| place.options).unwrap_or_default()
    }

    /// Why filters are about no file at all: their expressions, of those that a file was compared with so far, cannot be
    /// read. Each is told once, sorted.
    pub fn faults(&self) -> Vec<&str> {
        let fault = |pattern: &&Arc<Pattern>| pattern.regex.get().is_some_and(Result::is_err);
        let untold = |pattern: &&Arc<Pattern>| !pattern.is_told.swap(true, Ordering::Relaxed);
        let found = self.patterns.iter().filter(fault).filter(untold);
        let mut faults: Vec<&str> =
            found.filter_map(|pattern| pattern.regex.get()?.as_ref().err()).map(String::as_str).collect();
        faults.sort_unstable();
        faults
    }

    /// What all files say, in no order.
    pub(super) fn sections(&self) -> impl Iterator<Item = &Section> {
        self.places.values().flat_map(|place| &place.sections).map(|section| &section.people)
    }

    pub(super) fn place(&self, folder: &str) -> Option<&Place> {
        if folder.len() > self.longest { None } else { self.places.get(folder) }
    }

    /// Where a search for the owners of `path` begins: at itself, for it may be a folder, or Markdown with a header.
    pub(super) fn start<'a>(&self, path: &'a str) -> &'a str {
        match path {
            "." => "",
            _ if self.with_markdown && path.ends_with(".md") => path,
            _ => path.trim_end_matches('/'),
        }
    }
}

impl PlaceSection {
    /// Whether it is about the file at `relative`, a path from the OWNERS file's folder on. A pattern that does not
    /// compile is about none.
    pub(super) fn is_about(&self, relative: &str) -> bool {
        let Some(pattern) = &self.pattern else { return true };
        let regex = pattern.regex.get_or_init(|| goregex::compile(&pattern.text));
        regex.as_ref().is_ok_and(|regex| regex.is_match(relative))
    }
}
